import asyncio
import contextlib
import socket

from fleet import forward


async def echo(reader, writer):
    writer.write(b"echo " + await reader.read())
    writer.close()


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def exchange(targets_file, targets, message):
    """Pass a message through a forwarder and return what comes back."""
    targets_file.write_text("\n".join(targets))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    forwarder = asyncio.create_task(forward.serve(listener, targets_file))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(message)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    forwarder.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await forwarder
    return answer


def test_both_directions_and_their_end_are_passed_on(tmp_path):
    async def run():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return await exchange(tmp_path / "targets", [f"127.0.0.1:{port}"], b"x" * 200_000)

    assert asyncio.run(run()) == b"echo " + b"x" * 200_000


def test_a_target_that_does_not_answer_is_passed_over(tmp_path):
    async def run():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        targets = [f"127.0.0.1:{closed_port()}", f"127.0.0.1:{port}"]
        return await exchange(tmp_path / "targets", targets, b"hello")

    assert asyncio.run(run()) == b"echo hello"


def test_the_connection_is_closed_if_no_target_answers(tmp_path):
    target = f"127.0.0.1:{closed_port()}"
    assert asyncio.run(exchange(tmp_path / "targets", [target], b"")) == b""
