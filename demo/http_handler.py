"""The request handler of every http.server-based server of the demo and the tests."""

from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    """Prints nothing to stderr, and sends each write at once."""

    # Otherwise the second write of an answer waits up to 40 ms for the client's delayed ACK of the first.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the library's name
        """Log nothing: the server's owner records its requests."""
