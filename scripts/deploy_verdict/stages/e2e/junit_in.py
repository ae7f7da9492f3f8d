"""Reading the JUnit XML that a plugged-in suite wrote. The file is not trusted.

A document type is refused where it begins, before any entity of it can be defined.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.parsers import expat

from junitparser import JUnitXml, JUnitXmlError, TestCase

MAX_JUNIT_BYTES = 20_000_000
MAX_CASES = 5000
MAX_DEPTH = 50
MAX_NAME_CHARACTERS = 300
MAX_MESSAGE_CHARACTERS = 500


class NotJUnitError(Exception):
    """The file proves nothing; the text says why."""


@dataclass(frozen=True)
class Case:
    """One case in the words of its suite; `elapsed_ms` is None where the file names no time."""

    name: str
    result: Literal["passed", "failed", "error", "skipped"]
    elapsed_ms: float | None
    message: str


Identity = tuple[int, int, int, int, int]


def identity(path: Path) -> Identity | None:
    """What changes when a file is written again; None when there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read_cases(path: Path, before: Identity | None) -> tuple[Case, ...]:
    """The cases of a file that was written since `before`; raises NotJUnitError."""
    now = identity(path)
    if now is None:
        raise NotJUnitError(f"it wrote no {path}")
    if now == before:
        raise NotJUnitError(f"it wrote no {path}: the file there is an older one")
    try:
        if not path.is_file():
            raise NotJUnitError(f"{path} is not a file")
        with path.open("rb") as file:
            data = file.read(MAX_JUNIT_BYTES + 1)
    except OSError as error:
        raise NotJUnitError(f"{path} cannot be read ({error.strerror})") from error
    return parsed_cases(data)


def parsed_cases(data: bytes) -> tuple[Case, ...]:
    """The cases of a JUnit document, at any depth; raises NotJUnitError, also when there is none."""
    if len(data) > MAX_JUNIT_BYTES:
        raise NotJUnitError(f"its JUnit file is larger than {MAX_JUNIT_BYTES} bytes")
    if not data.strip():
        raise NotJUnitError("its JUnit file is empty")
    _refuse_hostile(data)
    try:
        root = JUnitXml.fromstring(data)
    except (SyntaxError, ValueError, JUnitXmlError) as error:
        raise NotJUnitError(f"its file is not JUnit XML: {_line(str(error))}") from error
    elements = list(root._elem.iter("testcase"))
    if not elements:
        raise NotJUnitError("its JUnit file holds no test case")
    if len(elements) > MAX_CASES:
        raise NotJUnitError(f"its JUnit file holds more than {MAX_CASES} test cases")
    # junitparser leaves this one untyped.
    cases = tuple(_case(TestCase.fromelem(element)) for element in elements)  # type: ignore[no-untyped-call]
    _refuse_contradiction(root, cases)
    return cases


def _refuse_hostile(data: bytes) -> None:
    parser = expat.ParserCreate()
    depth = 0

    def refuse_type(*_: object) -> None:
        raise NotJUnitError("its JUnit file has a DOCTYPE, which is refused unread")

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise NotJUnitError(f"its JUnit file is nested more than {MAX_DEPTH} deep")

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse_type
    parser.StartElementHandler, parser.EndElementHandler = enter, leave
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise NotJUnitError(f"its JUnit file is not well-formed XML: {_line(str(error))}") from error


def _refuse_contradiction(root: JUnitXml, cases: tuple[Case, ...]) -> None:
    """A suite whose own counts report more failures than its cases show is not believed."""
    if any(case.result in ("failed", "error") for case in cases):
        return
    for element in (root._elem, *root._elem.iter("testsuite")):
        for name in ("failures", "errors"):
            if (element.get(name) or "0").strip() != "0":
                count = element.get(name)[:20]
                raise NotJUnitError(f"its JUnit file counts {count} {name}, and holds no such case")
        declared = (element.get("tests") or "").strip()
        held = sum(1 for _ in element.iter("testcase"))
        if declared.isdecimal() and len(declared) < 10 and int(declared) > held:
            raise NotJUnitError(f"its JUnit file counts {declared} tests, and holds {held}")


def _case(case: TestCase) -> Case:
    name = ".".join(part for part in (case.classname, case.name) if part) or "(no name)"
    result: Literal["passed", "failed", "error", "skipped"] = "passed"
    if case.is_error:
        result = "error"
    elif case.is_failure:
        result = "failed"
    elif case.is_skipped or case._elem.get("status") in ("notrun", "skipped", "disabled"):
        # GoogleTest writes status="notrun" for a disabled test, and no <skipped> element.
        result = "skipped"
    text = next((f"{part.message or ''} {part.text or ''}" for part in case.result), "")
    message = " ".join(text.split())[:MAX_MESSAGE_CHARACTERS]
    return Case(name[:MAX_NAME_CHARACTERS], result, _elapsed_ms(case), message)


def _elapsed_ms(case: TestCase) -> float | None:
    try:
        seconds = case.time
    except ValueError:
        return None
    return round(seconds * 1000, 3) if seconds is not None and math.isfinite(seconds) else None


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
