"""Real servers on real sockets that misbehave on purpose."""

import socket
import threading
from contextlib import contextmanager


@contextmanager
def raw_server(converse):
    """A server that hands each connection, after its request's head, to `converse(socket)`."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection):
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = connection.recv(4096)
                    if not data:
                        return
                    head += data
                converse(connection, head, stop)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        # A blocked accept only returns when somebody connects.
        with socket.create_connection(listening.getsockname()):
            pass
        thread.join()
        listening.close()


def answers(status="200 OK", body=b"{}", headers=()):
    """A conversation that gives one whole answer."""

    def converse(connection, head, stop):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return converse
