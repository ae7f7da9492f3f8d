"""Reads the JUnit XML that a plugged-in suite wrote. The file is not trusted.

A DOCTYPE is refused where it begins, before any entity can be defined.
"""

import contextlib
import glob
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from xml.parsers import expat

from junitparser import JUnitXml, JUnitXmlError, TestCase

MAX_JUNIT_BYTES = 20_000_000
MAX_CASES = 5000
MAX_FILES = 1000
MAX_DEPTH = 50
MAX_NAME_CHARACTERS = 300
MAX_MESSAGE_CHARACTERS = 500


# The clock of a suite may differ a little, for example in a container.
SLACK = timedelta(minutes=2)
# Surefire's elements for a repeated case: flaky if it passed in the end, rerun if it did not.
_FLAKY = ("flakyFailure", "flakyError", "rerunFailure", "rerunError")
# Values that some reporters write in an attribute of the case instead of an element in it.
_FAILED = re.compile(r"(?i)fail(ed|ure)?|broken|error(ed)?|timed?[ _-]?out|crashed|aborted|unsuccessful")
_NOT_RUN = re.compile(r"(?i)not_?run|skip(ped)?|disabled|pending|ignored|suppressed|inconclusive|todo")
_TAGS = ("testsuite", "testcase", "failure", "error", "skipped")
_CONTROLS = bytes({*range(32), 127} - {9, 10, 13})
_NO_CHARACTER = re.compile(rb"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,8});")
_NO_XML = re.compile("[\ufffe\uffff\ud800-\udfff]")
_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)")

Result = Literal["passed", "failed", "error", "skipped", "flaky"]


class NotJUnitError(Exception):
    """The file proves nothing; the text says why."""


@dataclass(frozen=True)
class Case:
    """One case in the words of its suite. `elapsed_ms` is None if the file gives no time.

    The result `flaky`: it failed first and passed when the suite repeated it.
    """

    name: str
    result: Result
    elapsed_ms: float | None
    message: str


Identity = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Ran:
    """When a command ran and how it ended; its files must fit that."""

    started: datetime
    ended: datetime
    exit_code: int | None


def identities(pattern: str) -> dict[Path, Identity]:
    """Return the files of a name or pattern, each with what changes when it is rewritten."""
    found: dict[Path, Identity] = {}
    named = Path(pattern)
    # Path.glob refuses an absolute pattern.
    paths = [named] if named.exists() else map(Path, sorted(glob.glob(pattern, recursive=True)))  # noqa: PTH207
    for path in paths:
        # A file may vanish in between.
        with contextlib.suppress(OSError):
            status = path.stat()
            found[path] = (
                status.st_dev,
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
            )
    return found


def read_cases(pattern: str, before: Mapping[Path, Identity], ran: Ran) -> tuple[Case, ...]:
    """Return the cases in all files of this name.

    Raises NotJUnitError, also if the run did not write a file.
    """
    now = identities(pattern)
    if not now:
        raise NotJUnitError(f"it wrote no {pattern}: let its reporter write JUnit XML there")
    if len(now) > MAX_FILES:
        raise NotJUnitError(f"{pattern} names more than {MAX_FILES} files")
    since_ns = (ran.started - SLACK).timestamp() * 1e9
    older = [path for path, found in now.items() if before.get(path) == found or found[3] < since_ns]
    if older and len(now) == 1:
        raise NotJUnitError(f"it wrote no {pattern}: the file there is an older one")
    if older:
        wrote = f"it wrote {len(now) - len(older)} of {len(now)} files of {pattern}"
        raise NotJUnitError(f"{wrote}, {older[0]} is an older one — remove it before the run")
    cases: list[Case] = []
    for path in now:
        cases += parsed_cases(_content(path), ran)
        if len(cases) > MAX_CASES:
            raise NotJUnitError(f"its JUnit files hold more than {MAX_CASES} test cases")
    return tuple(cases)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NotJUnitError(f"{path} is not a file")
        with path.open("rb") as file:
            return file.read(MAX_JUNIT_BYTES + 1)
    except OSError as error:
        raise NotJUnitError(f"{path} cannot be read ({error.strerror})") from error


def parsed_cases(data: bytes, ran: Ran | None = None) -> tuple[Case, ...]:
    """Return the cases of a JUnit document at any depth; raise NotJUnitError, also if there is none.

    An error of a suite becomes a case of its own. With `ran`, the file must be of this run.
    """
    if len(data) > MAX_JUNIT_BYTES:
        raise NotJUnitError(f"its JUnit file is larger than {MAX_JUNIT_BYTES} bytes")
    if not data.strip():
        raise NotJUnitError("its JUnit file is empty")
    data = _readable(data)
    _refuse_hostile(data)
    try:
        root = JUnitXml.fromstring(data)
    except (SyntaxError, ValueError, JUnitXmlError) as error:
        raise NotJUnitError(f"its file is not JUnit XML: {_line(str(error))}") from error
    _plain_tags(root)
    elements = list(root._elem.iter("testcase"))
    if len(elements) > MAX_CASES:
        raise NotJUnitError(f"its JUnit file holds more than {MAX_CASES} test cases")
    # junitparser has no types for this function.
    cases = [_case(TestCase.fromelem(element)) for element in elements]  # type: ignore[no-untyped-call]
    cases += _suite_errors(root)
    contradiction = _contradiction(root, cases)
    if contradiction and ran is not None and ran.exit_code not in (0, None):
        # A test file did not load: its suite counts an error, and the command says that it failed.
        name, reason = contradiction
        cases.append(Case(name, "error", None, f"{reason} (exit code {ran.exit_code})"))
    elif contradiction and elements:
        raise NotJUnitError(f"its JUnit file {contradiction[1]}")
    if not cases:
        raise NotJUnitError("its JUnit file holds no test case")
    if ran is not None:
        _refuse_older(root, cases, ran)
    return tuple(cases)


def _plain_tags(root: JUnitXml) -> None:
    """Give the elements that count their plain names: some have a namespace or capitals."""
    for element in root._elem.iter():
        plain = element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
        if plain in _TAGS:
            element.tag = plain


def _readable(data: bytes) -> bytes:
    """Return the data without characters that XML forbids, such as terminal colours in messages."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")):
        return data
    data = _NO_CHARACTER.sub(_permitted, data.translate(None, _CONTROLS))
    declared = _ENCODING.match(data)
    if declared is None or declared.group(1).lower() in (b"utf-8", b"utf8"):
        data = _NO_XML.sub("\ufffd", data.decode("utf-8", "replace")).encode()
    return data


def _permitted(reference: re.Match[bytes]) -> bytes:
    digits = reference.group(1)
    code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    is_character = (
        code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 65536 <= code < 0x110000
    )
    return reference.group() if is_character else b"&#xFFFD;"


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


def _suites(root: JUnitXml) -> list[Any]:
    """Return the suites at any depth, the innermost first; the root counts as one."""
    return list(dict.fromkeys([*reversed(list(root._elem.iter("testsuite"))), root._elem]))


def _suite_errors(root: JUnitXml) -> Iterator[Case]:
    """Yield the errors and failures of a suite that are in none of its cases, such as those of its set-up."""
    for suite in _suites(root):
        for element in suite:
            kind = element.tag.rpartition("}")[2]
            if kind in ("error", "failure"):
                text = " ".join(f"{element.get('message') or ''} {element.text or ''}".split())
                name = (suite.get("name") or "(no name)")[:MAX_NAME_CHARACTERS]
                result: Literal["failed", "error"] = "failed" if kind == "failure" else "error"
                yield Case(name, result, None, text[:MAX_MESSAGE_CHARACTERS])


def _contradiction(root: JUnitXml, cases: Sequence[Case]) -> tuple[str, str] | None:
    """Return a suite whose counts exceed the failures or cases it holds, and what it counts; else None."""
    if any(case.result in ("failed", "error") for case in cases):
        return None
    for element in _suites(root):
        name = (element.get("name") or "(no name)")[:MAX_NAME_CHARACTERS]
        # Surefire counts each failed attempt of a case that passed when repeated.
        repeated = sum(1 for part in element.iter() if part.tag in _FLAKY)
        for kind in ("failures", "errors", "failed"):
            count = _count(element, kind)
            if count is None or count > repeated:
                return name, f"counts {element.get(kind)[:20]} {kind}, and holds no such case"
        held = sum(1 for _ in element.iter("testcase"))
        declared = _count(element, "tests")
        if declared is not None and declared > held + repeated:
            return name, f"counts {declared} tests, and holds {held}"
    return None


def _count(element: Any, name: str) -> int | None:
    """Return a count of a suite; 0 if it has none, None if it is not a number."""
    text = (element.get(name) or "0").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _refuse_older(root: JUnitXml, cases: Sequence[Case], ran: Ran) -> None:
    """Raise NotJUnitError if the file is a copy from another run, whenever it was copied."""
    for element in [*_suites(root), *root._elem.iter("testcase")]:
        text = (element.get("timestamp") or "").strip()
        written = _times(text)
        if written and not any(ran.started - SLACK <= at <= ran.ended + SLACK for at in written):
            raise NotJUnitError(
                f"its JUnit file is of another run: it says {text[:40]}, and the command ran from "
                f"{ran.started:%Y-%m-%dT%H:%M:%SZ} to {ran.ended:%H:%M:%SZ} — have it written anew, in UTC"
            )
    took_s = (ran.ended - ran.started).total_seconds()
    longest = max(cases, key=lambda case: case.elapsed_ms or 0)
    if (longest.elapsed_ms or 0) / 1000 > took_s + SLACK.total_seconds():
        seconds = f"{(longest.elapsed_ms or 0) / 1000:.0f} s"
        raise NotJUnitError(
            f"its JUnit file is of another run: {longest.name} took {seconds}, the command {took_s:.0f} s"
        )


def _times(text: str) -> list[datetime]:
    """Return the moments that a timestamp may mean: without a zone, UTC or local time.

    Empty if it is none.
    """
    at = _time(text)
    if at is None:
        return []
    try:
        return [at] if at.tzinfo is not None else [at.replace(tzinfo=UTC), at.astimezone(UTC)]
    except (OverflowError, OSError):
        return [at.replace(tzinfo=UTC)]


def _time(text: str) -> datetime | None:
    """Return a time in ISO 8601, in mail format, or in seconds or milliseconds since 1970; else None."""
    if re.fullmatch(r"\d{10}(\d{3})?(\.\d+)?", text):
        return datetime.fromtimestamp(float(text[:10]), UTC)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with contextlib.suppress(ValueError, TypeError, IndexError):
            return read(text.replace("/", "-"))
    return None


def _case(case: TestCase) -> Case:
    name = ".".join(part for part in (case.classname, case.name) if part) or "(no name)"
    result: Result = "passed"
    texts = [f"{part.message or ''} {part.text or ''}" for part in case.result]
    flaky = [part for part in case._elem if part.tag in _FLAKY]
    said = [case._elem.get(name) or "" for name in ("status", "result", "outcome")]
    is_unlike = case._elem.get("success", "").lower() == "false"
    if case.is_error:
        result = "error"
    elif case.is_failure or any(part.tag.startswith("rerun") for part in flaky):
        result = "failed"
    elif case.is_skipped:
        result = "skipped"
    elif is_unlike or any(map(_FAILED.fullmatch, said)):
        result = "failed"
    elif any(map(_NOT_RUN.fullmatch, said)) or case._elem.get("executed", "").lower() == "false":
        # GoogleTest writes status="notrun" for a disabled test, and no <skipped> element.
        result = "skipped"
    elif flaky:
        result = "flaky"
    texts += [f"{part.get('message') or ''} {part.text or ''}" for part in flaky]
    message = " ".join(next(iter(texts), "").split())[:MAX_MESSAGE_CHARACTERS]
    return Case(name[:MAX_NAME_CHARACTERS], result, _elapsed_ms(case), message)


def _elapsed_ms(case: TestCase) -> float | None:
    try:
        seconds = case.time
    except ValueError:
        return None
    return round(seconds * 1000, 3) if seconds is not None and math.isfinite(seconds) else None


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
