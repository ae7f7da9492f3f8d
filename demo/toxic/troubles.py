"""The closed set of troubles in one table: name, description, and how the server behaves."""

from collections.abc import Callable
from dataclasses import dataclass

from demo.toxic import bodies, streams
from demo.toxic.wishes import Wish

METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
FALLBACK = ("x-railway-fallback: true", "Content-Type: application/json")
EDGE = b'{"status":"error","code":%d,"message":"%s","request_id":"r"}'


@dataclass(frozen=True)
class Trouble:
    """One trouble; `behave` is None if no server answers, `certificate` names the one for TLS."""

    words: str
    behave: Callable[[Wish], None] | None
    certificate: str | None = None


TROUBLES: dict[str, Trouble] = {
    "none": Trouble("nothing is wrong", streams.as_it_is),
    "tls": Trouble("nothing is wrong, over TLS", streams.as_it_is, "good"),
    "http-1.0": Trouble("HTTP/1.0 that ends with its connection", streams.http_1_0),
    "refused": Trouble("connections are refused", None),
    "dns": Trouble("the name does not resolve", None),
    "tls-other-name": Trouble("the certificate is for another name", streams.as_it_is, "other-name"),
    "tls-expired": Trouble("the certificate has expired", streams.as_it_is, "expired"),
    "tls-unknown": Trouble("the certificate is nobody's we know", streams.as_it_is, "unknown"),
    "no-answer": Trouble("accepts, and says nothing", streams.no_answer),
    "closed": Trouble("closes without an answer", streams.closed),
    "not-http": Trouble("speaks SSH", streams.not_http),
    "reset": Trouble("resets in mid-body", streams.reset_in_body),
    "slow-headers": Trouble("headers byte by byte, without end", streams.drip_headers),
    "slow-body": Trouble("the body byte by byte", streams.drip_body),
    "no-end": Trouble("the body is there, its end is not", streams.no_end),
    "endless": Trouble("a body without end, at full speed", streams.endless),
    "big": Trouble("a body of 300 MB", streams.big),
    "gzip-bomb": Trouble("100 MB in 100 KB of gzip", bodies.gzip_bomb),
    "bad-gzip": Trouble("says gzip, and is not", bodies.with_body(bodies.html, "Content-Encoding: gzip")),
    "length-too-long": Trouble("Content-Length one too many", streams.length_too_long),
    "length-too-short": Trouble("Content-Length one too few", streams.length_too_short),
    "bad-chunks": Trouble("chunks that are none", streams.bad_chunks),
    "empty": Trouble("an empty body", bodies.with_body(bodies.nothing)),
    "half": Trouble("half of the JSON", bodies.with_body(bodies.cut_in_half)),
    "not-utf-8": Trouble("text that is not UTF-8", bodies.with_body(bodies.not_utf8)),
    "html": Trouble("HTML for JSON, with 200", bodies.with_body(bodies.html, "Content-Type: text/html")),
    "list": Trouble("a list for an object", bodies.with_body(bodies.list_for_object)),
    "deep": Trouble("JSON of 100,000 levels", bodies.with_body(bodies.deep)),
    "keys-twice": Trouble("every key of the JSON twice", bodies.with_body(bodies.every_key_twice)),
    "nan": Trouble("numbers are NaN", bodies.with_body(bodies.numbers("NaN"))),
    "infinite": Trouble("numbers are 1e999", bodies.with_body(bodies.numbers("1e999"))),
    "huge": Trouble("numbers of 400 digits", bodies.with_body(bodies.numbers("9" * 400))),
    "digits": Trouble("numbers of 5,000 digits", bodies.with_body(bodies.numbers("9" * 5000))),
    "redirect-loop": Trouble("302 to itself", streams.redirect_loop),
    "moved-loop": Trouble("301 to another path, again and again", streams.moved_loop),
    "redirect-away": Trouble("301 to another host", streams.redirect_to()),
    "redirect-metadata": Trouble("301 to the metadata address", streams.redirect_to(METADATA)),
    "later": Trouble("202 again and again", streams.accepted),
    "429": Trouble(
        "429 with a Retry-After of three years",
        streams.refused_with("429 Too Many Requests", b"{}", f"Retry-After: {streams.FAR_AHEAD_S}"),
    ),
    "403-limit": Trouble(
        "403 with a Retry-After of three years",
        streams.refused_with("403 Forbidden", b"{}", f"Retry-After: {streams.FAR_AHEAD_S}"),
    ),
    "500": Trouble("500 with HTML", streams.refused_with("500 Internal Server Error", bodies.HTML)),
    "edge-502": Trouble(
        "Railway's edge: 502",
        streams.refused_with("502 Bad Gateway", EDGE % (502, b"Application failed to respond"), *FALLBACK),
    ),
    "edge-404": Trouble(
        "Railway's edge: 404",
        streams.refused_with("404 Not Found", EDGE % (404, b"Application not found"), *FALLBACK),
    ),
}
