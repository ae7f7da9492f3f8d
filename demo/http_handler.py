"""What every server of the demo and of the tests answers with that is built on http.server."""

from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    """Says nothing on stderr, and sends each write at once."""

    # Otherwise the second write of an answer waits up to 40 ms for the client's delayed ACK of the first.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the library's name
        """Nothing: what a server was asked, its owner records."""
