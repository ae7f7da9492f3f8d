"""What a service's OpenAPI document says of one schema: a fingerprint of the code that answers. Pure."""

import re
from typing import Any
from urllib.parse import urlsplit

from deploy_verdict.expect.selectors import Lacking, read_json, type_name

_HAS = re.compile(r"[\w.\-]+\.[\w\-]+")


def check_has(value: Any) -> str:
    """Return `Schema.field` unchanged; raise ValueError, with what to write instead."""
    if not isinstance(value, str) or not _HAS.fullmatch(value):
        raise ValueError(f"{value!r} names no field — write Schema.field, such as CompletarRequest.operacion")
    return value


def routes_of(body: str | None) -> tuple[str, ...] | Lacking:
    """Return the paths of a document as templates, with each prefix that its servers have."""
    document = read_json(body) if body else Lacking("the answer has no body")
    if isinstance(document, Lacking):
        return document
    root = document.value
    paths = root.get("paths") if isinstance(root, dict) else None
    if not isinstance(paths, dict):
        return Lacking("the answer is no OpenAPI document with paths")
    servers = root.get("servers") if isinstance(root.get("servers"), list) else []
    addresses = [server.get("url") for server in servers if isinstance(server, dict)] + [root.get("basePath")]
    prefixes = {urlsplit(address).path.rstrip("/") for address in addresses if isinstance(address, str)}
    return tuple(f"{prefix}{path}" for prefix in sorted({"", *prefixes}) for path in paths)


def schema_fields(body: str | None, schema: str) -> tuple[str, ...] | Lacking:
    """Return the fields of a schema. `absent`: it is an OpenAPI document, but the schema is not in it."""
    document = read_json(body) if body else Lacking("the answer has no body")
    if isinstance(document, Lacking):
        return document
    root = document.value
    if not isinstance(root, dict):
        return Lacking(f"the answer is {type_name(root)}, not an OpenAPI document")
    components = root.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    if not isinstance(root.get("openapi"), str) or not isinstance(schemas, dict):
        return Lacking("the answer is no OpenAPI document with schemas")
    if schema not in schemas:
        return Lacking(f"it has no schema {schema}", absent=True)
    found = schemas[schema]
    properties = found.get("properties") if isinstance(found, dict) else None
    if not isinstance(properties, dict):
        return Lacking(f"its schema {schema} names no properties")
    return tuple(properties)
