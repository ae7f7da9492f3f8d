"""Reads an OpenAPI document (2.0, 3.0, 3.1): which addresses only read, and what they must answer. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy_verdict.expect import Lacking, read_json
from deploy_verdict.model import Exchange

# A GET may change things although it should not; these words in its address or operation's name suggest it.
_ACTING_WORD = re.compile(
    r"log_?(out|in)|sign_?(out|in|up)|delete|remove|reset|restart|shutdown|trigger|run|start|stop|send|export"
    r"|download|stream|subscribe|unsubscribe|events?|ws|sse|confirm|verify|callback|oauth2?|authorize|token"
    r"|backup|sync|refresh|flush|clear|purge|reload|kill|debug|crash|error|sleep|delay|slow|drip|redirect"
    r"|random|bytes|create|update|add|set|enqueue|publish|import|install|uninstall|enable|disable|webhooks?"
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
MOST_FIELDS = 3
_TYPES = ("object", "array", "string", "number", "integer", "boolean")


def document_of(answer: Exchange) -> dict[str, Any] | None:
    """Return the OpenAPI document in an answer; None if there is none."""
    if answer.status != 200 or not answer.body or answer.fault is not None:
        return None
    found = read_json(answer.body)
    tree = None if isinstance(found, Lacking) else found.value
    if not isinstance(tree, dict) or not isinstance(tree.get("paths"), dict):
        return None
    return tree if isinstance(tree.get("openapi", tree.get("swagger")), str) else None


def safe_reads(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield the addresses that need no parameters or login and sound like reads, shortest first."""
    base = _base_path(tree)
    for path in sorted(tree["paths"], key=lambda path: (path.count("/"), len(path))):
        item = tree["paths"][path]
        operation = item.get("get") if isinstance(item, dict) else None
        if not isinstance(operation, dict) or "{" in path or not path.startswith("/"):
            continue
        parameters = [*_listed(item.get("parameters")), *_listed(operation.get("parameters"))]
        needs = any(_resolved(tree, each).get("required") for each in parameters)
        needs_login = bool(operation.get("security", tree.get("security")))
        if needs or needs_login or operation.get("deprecated") or _may_act(path, operation):
            continue
        yield base + path


def promised_fields(tree: Mapping[str, Any], path: str) -> tuple[tuple[str, str], ...]:
    """Return selectors and types that the document promises for this address's 200."""
    path = path.removeprefix(_base_path(tree))
    operation = tree["paths"].get(path, {}).get("get", {})
    responses = operation.get("responses") if isinstance(operation, dict) else None
    answer = (
        _resolved(tree, responses.get("200") or responses.get("default"))
        if isinstance(responses, dict)
        else {}
    )
    content = answer.get("content")
    media = content.get("application/json") if isinstance(content, dict) else answer
    schema = _resolved(tree, media.get("schema")) if isinstance(media, dict) else {}
    if _type(schema) == "array":
        return (("$", "array"),)
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ()
    required = [name for name in _listed(schema.get("required")) if name in properties]
    names = required or list(properties)
    typed = ((name, _type(_resolved(tree, properties[name]))) for name in names)
    return tuple((f"$.{name}", kind) for name, kind in typed if kind)[:MOST_FIELDS]


def _may_act(path: str, operation: Mapping[str, Any]) -> bool:
    texts = (path, str(operation.get("operationId", "")), str(operation.get("summary", "")))
    words = {word.lower() for text in texts for word in _WORD.findall(text)}
    return any(_ACTING_WORD.fullmatch(word) for word in words)


def _base_path(tree: Mapping[str, Any]) -> str:
    """Return the prefix of all addresses: basePath in 2.0, the path of the first server in 3.x."""
    base = tree.get("basePath")
    servers = _listed(tree.get("servers"))
    if base is None and servers and isinstance(servers[0], dict):
        base = re.sub(r"^[a-z]+://[^/]+", "", str(servers[0].get("url", "")))
    text = str(base or "").rstrip("/")
    return text if text.startswith("/") and "{" not in text else ""


def _resolved(tree: Mapping[str, Any], node: Any, depth: int = 0) -> Mapping[str, Any]:
    if not isinstance(node, dict) or depth > 8:
        return {}
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    place: Any = tree
    for step in reference.removeprefix("#/").split("/"):
        place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
    return _resolved(tree, place, depth + 1)


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema's single type; "" if it may be several, or null."""
    kind = schema.get("type")
    if schema.get("nullable") or not isinstance(kind, str):
        return ""
    return kind if kind in _TYPES else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
