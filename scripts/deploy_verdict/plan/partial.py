"""What is left of a plan when its broken parts are taken out, so that the rest can still be checked. Pure.

All mistakes are to be told in one go, also those that only show between parts which are well-formed.
"""

from collections.abc import Iterable
from typing import Any

Path = tuple[str | int, ...]

# A stand-in for each part without which there is no plan at all.
_STAND_INS: dict[str, Any] = {"version": 1, "name": "plan", "service": {"base_url": "http://localhost"}}


class Remains:
    """A document without its broken parts, and the way back from its places to the original's."""

    def __init__(self, document: dict[str, Any], broken: Iterable[Path]) -> None:
        self._kept: dict[Path, list[int]] = {}
        self.lost_names: set[str] = set()
        cuts = {_cut(path) for path in broken if path}
        value = self._without(document, (), (), cuts)
        for name, stand_in in _STAND_INS.items():
            value.setdefault(name, stand_in)
        self.value: dict[str, Any] = value

    def original(self, path: Path) -> Path:
        """The place in the original document of a place in this one."""
        walked: Path = ()
        result: Path = ()
        for step in path:
            kept = self._kept.get(walked)
            known = isinstance(step, int) and kept is not None and step < len(kept)
            result = (*result, kept[step] if known and kept is not None and isinstance(step, int) else step)
            walked = (*walked, step)
        return result

    def _without(self, value: Any, path: Path, new_path: Path, cuts: set[Path]) -> Any:
        if isinstance(value, dict):
            result = {}
            for key, item in value.items():
                if (*path, key) in cuts:
                    self.lost_names.update(_names(item))
                else:
                    result[key] = self._without(item, (*path, key), (*new_path, key), cuts)
            return result
        if isinstance(value, list):
            kept = [index for index in range(len(value)) if (*path, index) not in cuts]
            self._kept[new_path] = kept
            for index in set(range(len(value))) - set(kept):
                self.lost_names.update(_names(value[index]))
            return [
                self._without(value[index], (*path, index), (*new_path, number), cuts)
                for number, index in enumerate(kept)
            ]
        return value


def _cut(path: Path) -> Path:
    """Cut out the outermost list item around a mistake, or its section."""
    index = next((number for number, step in enumerate(path) if isinstance(step, int)), None)
    return path[: index + 1] if index is not None else path[:2] if len(path) > 2 else path[:1]


def _names(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        name = value.get("name") or value.get("text") or value.get("regex")
        if isinstance(name, str):
            yield name
        for item in value.values():
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
