"""Run the app in one process: quick to start at a tenth of a CPU, and ended without losing a request."""

import gc
import logging
import os
import signal
import sys

# Swarm tells a stopped task from a crashed one by itself. An exit code of 0 at SIGTERM would make
# `restart: on-failure` forget the replica when its host's engine is restarted.
STOPPED = 128 + signal.SIGTERM

# Swarm withholds new connections 2 s before SIGTERM, but a busy node learns of it later, and a
# socket that closes resets those that wait in its queue. So go on serving for a while first.
DRAIN_SECONDS = max(float(os.environ.get("DRAIN_SECONDS", "5")), 0.01)

# Then running requests may finish for this long. The stack's stop_grace_period (30 s) must cover both.
FINISH_SECONDS = 22

log = logging.getLogger("serve")


def main() -> int:
    """Serve until SIGTERM.

    :return: the exit code
    """
    # Nothing made during the import is garbage, so don't search it ...
    gc.disable()
    # ... and as process 1 of its container, Python ignores SIGTERM until there is a handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))
    # Process 1 also inherits what others in the container leave. Unless told so, the kernel keeps each as a zombie, and
    # that counts against the limit of processes.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    # The import takes most of the start: see above.
    import server
    from hello import create_app

    # From when it listens, visitors may wait in its queue: a SIGTERM waits until it is one that answers them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    serving = server.Serving(
        create_app(), port=int(os.environ.get("PORT", "80")), probe_port=int(os.environ.get("PROBE_PORT", "8009"))
    )
    gc.freeze()
    gc.enable()

    def drain(*_):
        log.info("Serving late visitors for %s s", DRAIN_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, DRAIN_SECONDS)

    signal.signal(signal.SIGALRM, lambda *_: serving.stop())
    signal.signal(signal.SIGTERM, drain)
    log.info("Serving")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    serving.run(FINISH_SECONDS)
    return STOPPED


if __name__ == "__main__":
    sys.exit(main())
