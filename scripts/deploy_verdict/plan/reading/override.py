"""Sets one value of a plan: `pools.redis.attention=60%`. Pure.

A path consists of keys and, in lists, of the members' `name` or index. A key may contain dots, as selectors
do: the longest match counts. The plan's reader then validates the result.
"""

import difflib
from typing import Any

from deploy_verdict.base.errors import UsageError
from deploy_verdict.plan.reading.positioned_yaml import read_nodes

Step = str | int


def changed(document: Any, change: str) -> Any:
    """Return the plan's values with one of them changed; raise UsageError for an unknown path."""
    path, equals, raw = change.partition("=")
    if not equals or not path.strip():
        raise UsageError(f"{change!r} is not PATH=VALUE — write one such as pools.redis.attention=60%")
    return _set(document, path.strip(), _value(change, raw), path.strip())


def _value(change: str, raw: str) -> Any:
    """Parse the value as YAML, as if the plan held it."""
    if not raw.strip():
        return None
    document = read_nodes(raw, lambda text: text)
    if document.problems:
        raise UsageError(f"{change!r}: {document.problems[0].message}")
    return document.value


def _set(here: Any, rest: str, value: Any, path: str) -> Any:
    found = _step(here, rest)
    if found is None:
        if isinstance(here, dict) and "." not in rest:
            # A key left at its default; the reader refuses an unknown one.
            return {**here, rest: value}
        raise UsageError(f"{path!r}: the plan has no {rest!r}{_hint(here, rest)}")
    step, after = found
    new = _set(here[step], after, value, path) if after else value
    if isinstance(here, dict):
        return {**here, step: new}
    return [new if index == step else item for index, item in enumerate(here)]


def _step(here: Any, rest: str) -> tuple[Any, str] | None:
    """Return the member that the path starts with, and the rest of the path."""
    fitting = [(name, step) for name, step in _members(here) if rest == name or rest.startswith(f"{name}.")]
    if not fitting:
        return None
    name, step = max(fitting, key=lambda item: len(item[0]))
    return step, rest[len(name) + 1 :]


def _members(here: Any) -> list[tuple[str, Step]]:
    if isinstance(here, dict):
        return [(key, key) for key in here]
    if not isinstance(here, list):
        return []
    named: list[tuple[str, Step]] = [(str(index), index) for index in range(len(here))]
    for index, item in enumerate(here):
        if isinstance(item, str):
            named.append((item, index))
        elif isinstance(item, dict):
            keys = ("name", "title", "text", "metric", "commit")
            named += [(item[key], index) for key in keys if isinstance(item.get(key), str)]
    return named


def _hint(here: Any, rest: str) -> str:
    names = [name for name, step in _members(here) if isinstance(step, str) or not name.isdigit()]
    close = difflib.get_close_matches(rest.split(".", maxsplit=1)[0], names, n=1)
    if close:
        return f" — did you mean {close[0]!r}?"
    return f" — there are: {', '.join(names[:12])}" if names else " — it has no members"
