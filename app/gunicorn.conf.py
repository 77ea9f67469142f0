"""How gunicorn serves the app: small, quick to start at a tenth of a CPU, losing no request."""

import gc
import os
import signal
import sys

bind = f"0.0.0.0:{os.environ.get('PORT', '80')}"

# More load is more replicas: one process each, its threads waiting for Redis in parallel.
workers = 1
worker_class = "gthread"
threads = 4

# The app is imported once, before the fork: worker and master share its memory, and an app that
# cannot be imported ends the task, with the traceback in its log.
preload_app = True

# Every answer ends its connection. A kept connection can be closed, by a stopping replica or for
# being idle, just when its client makes the next request, which is then lost; and it would stay
# with one replica, while new connections spread over all of them.
keepalive = 0

# Swarm withholds new connections 2 s before SIGTERM, but a busy node learns of it later, and a
# socket that closes resets those that wait in its queue. So go on serving for a while first.
DRAIN_SECONDS = max(float(os.environ.get("DRAIN_SECONDS", "5")), 0.01)

# Then running requests may finish for this long. The stack's stop_grace_period (30 s) must cover both.
graceful_timeout = 22

# The root file system is read-only: the heartbeat's file lives in memory, no control socket.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True

# Swarm tells a stopped task from a crashed one by itself. An exit code of 0 at SIGTERM would make
# `restart: on-failure` forget the replica when its host's engine is restarted.
STOPPED = 128 + signal.SIGTERM

# Nothing made during the import is garbage, so don't search it ...
gc.disable()

# ... and as process 1 of its container, Python ignores SIGTERM until gunicorn handles it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))


def when_ready(server):
    """Leave the memory shared with the worker alone, collect garbage from here on, and stop in two steps."""
    gc.freeze()
    gc.enable()
    stop = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGALRM, lambda _number, frame: stop(signal.SIGTERM, frame))

    def drain(_number, _frame):
        server.log.info("Serving late visitors for %s s", DRAIN_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, DRAIN_SECONDS)

    signal.signal(signal.SIGTERM, drain)


def worker_exit(server, worker):
    """End a stopped worker at once.

    Python's tidying up would write to all memory shared with the master, so copy it: 20 MB more
    for a moment, which the task's memory limit does not have.
    """
    if not worker.alive:
        os._exit(0)


def on_exit(server):
    """Tell a restarted engine that this replica did not finish of its own accord."""
    sys.exit(STOPPED)
