"""Reads YAML into values, with the line and column of each. Pure.

Only JSON's values are accepted. What YAML 1.1 reads in surprising ways (`yes`, `1:30`, `010`) is a mistake
with a place. Large documents are refused while they are read: nodes are counted as they come, and aliases as
they are expanded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer

from deploy_verdict.base.errors import Problem

MAX_VALUES = 10_000
MAX_DEPTH = 40
Path = tuple[str | int, ...]

_VARIABLE = re.compile(r"(?<!\$)\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_TRAP_WORDS = {"yes", "no", "on", "off", "y", "n"}
_SEXAGESIMAL = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Position:
    """A line and column in the file, counted from 1."""

    line: int
    column: int


@dataclass
class Document:
    """A YAML text as JSON values, with the place of each value and key, and its mistakes."""

    value: Any = None
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    # Values that take a variable without a default, as secrets must.
    from_variables: set[Path] = field(default_factory=set)

    def place(self, path: Path, *, key: bool = False) -> Position:
        """Return the place of a value (or its key), or of the nearest value around it."""
        table = self.keys if key else self.values
        while path and path not in table:
            path = path[:-1]
            table = self.values
        return table.get(path, Position(1, 1))

    def add(self, place: Position, message: str) -> None:
        """Record a mistake."""
        self.problems.append(Problem(line=place.line, column=place.column, message=message))

    def first_at_each_place(self) -> tuple[Problem, ...]:
        """Return one mistake for each place; one in the YAML takes precedence over one of the model."""
        places: dict[tuple[int, int], Problem] = {}
        for problem in self.problems:
            places.setdefault((problem.line, problem.column), problem)
        return tuple(places.values())


def read_nodes(text: str, fill: Callable[[str], str]) -> Document:
    """Read a YAML text. `fill` replaces ${NAME} in texts and raises ValueError when it cannot."""
    document = Document()
    try:
        node = _composed(text)
    except _TooLargeError as error:
        document.add(Position(1, 1), str(error))
        return document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        document.add(place, f"not YAML: {error.problem or error.context}{_yaml_hint(str(error.problem))}")
        return document
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        document.add(Position(1, 1), f"not YAML: {message}")
        return document
    if node is None:
        document.add(
            Position(1, 1), "the file is empty — start with `version: 1` (plans/zeues.yml is an example)"
        )
        return document
    _Builder(document, fill).build_root(node)
    return document


def _yaml_hint(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return (
            " — quote the whole text when it holds a colon and a space, or indent the line as its neighbours"
        )
    if "cannot start any token" in problem:
        return " — indent with spaces, and quote texts that start with @, ` or %"
    if "expected ',' or" in problem:
        return " — close the bracket, and quote texts that hold , ? [ ] { or }"
    if "expected <block end>" in problem:
        return " — indent this line as its neighbours are"
    if "could not find expected ':'" in problem:
        return " — write KEY: VALUE, with a space after the colon"
    if "undefined alias" in problem:
        return " — quote texts that start with *"
    return ""


class _TooLargeError(Exception):
    """The document has too many values, perhaps only after its aliases are expanded."""


class _Composer(Composer):
    """Stops at more values than any plan has: a megabyte of them takes seconds and hundreds of megabytes."""

    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes += 1
        # A key and its value are two nodes.
        if self.nodes > 2 * MAX_VALUES:
            raise _TooLargeError(f"more than {MAX_VALUES} values — this is not a plan")
        return super().compose_node(parent, index)


class _Loader(_Composer, yaml.SafeLoader):
    """PyYAML's scanner, whose messages teach."""


if yaml.__with_libyaml__:

    class _FastLoader(_Composer, yaml.CSafeLoader):
        """libyaml's scanner alone: its composer recurses in C, where 5,000 brackets end the process."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)


def _composed(text: str) -> yaml.Node | None:
    """Return the root node, scanned by libyaml, which is five times as fast, if PyYAML was built with it.

    What libyaml does not read, PyYAML's own scanner reads once more: its message says what was expected.
    """
    if yaml.__with_libyaml__:
        try:
            return yaml.compose(text, Loader=_FastLoader)
        except yaml.YAMLError:
            pass
    return yaml.compose(text, Loader=_Loader)


class _Builder:
    def __init__(self, document: Document, fill: Callable[[str], str]) -> None:
        self.document = document
        self.fill = fill
        self.count = 0

    def build_root(self, node: yaml.Node) -> None:
        try:
            self.document.value = self._build(node, ())
        except _TooLargeError as error:
            self.document.add(_place(node), str(error))

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise _TooLargeError(
                f"more than {MAX_VALUES} values once aliases are expanded — this is not a plan"
            )
        if len(path) > MAX_DEPTH:
            raise _TooLargeError(f"nested more than {MAX_DEPTH} levels deep — this is not a plan")
        self.document.values[path] = _place(node)
        if node.tag not in _KNOWN_TAGS:
            message = f"the tag {node.tag} is not allowed — write a plain value"
            self.document.add(_place(node), message)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.add(_place(key_node), "a key must be a plain word")
                continue
            key = str(key_node.value)
            if key in result:
                self.document.add(_place(key_node), f"duplicate key '{key}' — keep one")
            self.document.keys[(*path, key)] = _place(key_node)
            result[key] = self._build(value_node, (*path, key))
            if value_node.start_mark.index == value_node.end_mark.index:
                # Nothing is written there: libyaml would point at what follows, perhaps on the next line.
                self.document.values[*path, key] = _place_after(key_node)
        return result

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text = str(node.value)
        if _VARIABLE.search(text):
            self.document.from_variables.add(path)
        # A plain scalar's style is None, or empty from libyaml.
        if getattr(node, "style", None):
            return self._filled(text, node)
        try:
            return self._filled(text, node) if "${" in text else plain_value(text)
        except ValueError as error:
            self.document.add(_place(node), str(error))
            return text

    def _filled(self, text: str, node: yaml.Node) -> str:
        try:
            return self.fill(text)
        except ValueError as error:
            self.document.add(_place(node), str(error))
            return text


_KNOWN_TAGS = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge")
} | {"tag:yaml.org,2002:value"}


def plain_value(text: str) -> Any:
    """Read an unquoted scalar by YAML 1.2; raise ValueError if YAML 1.1 would read something else."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if text.lower() in _TRAP_WORDS:
        raise ValueError(
            f"'{text}' means true or false to some YAML readers — write true, false or \"{text}\""
        )
    if _SEXAGESIMAL.fullmatch(text):
        raise ValueError(
            f"'{text}' is a number in base 60 to some YAML readers — write 90s, 1m30s or \"{text}\""
        )
    if _OCTAL.fullmatch(text):
        raise ValueError(
            f"'{text}' is an octal number to some YAML readers — write \"{text}\" or drop the zero"
        )
    if _INTEGER.fullmatch(text):
        if len(text) > 300:
            raise ValueError("this number is too long")
        return int(text)
    if text.lower() in (".nan", ".inf", "-.inf", "+.inf"):
        raise ValueError(f"'{text}' cannot be compared with anything — write a finite number")
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _place(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def _place_after(key: yaml.Node) -> Position:
    """Return the place after a key's colon."""
    return Position(key.end_mark.line + 1, key.end_mark.column + 2)
