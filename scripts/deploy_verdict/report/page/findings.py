"""Shows every finding with its evidence: rows to search and filter, and the excerpts they point at. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.model import Finding, Outcome, Verdict

# Room for every failure of a real window; of the rest, nobody reads the ten-thousandth row.
MOST_ROWS = {Outcome.FAIL: 2000, Outcome.INCONCLUSIVE: 500, Outcome.PASS: 500}
MOST_LINKS = 12
MOST_EXCERPTS, MOST_OF_ONE, MOST_OF_ALL = 1000, 3000, 1_000_000
WORDS = {Outcome.FAIL: "failed", Outcome.INCONCLUSIVE: "inconclusive", Outcome.PASS: "passed"}


@dataclass(frozen=True, kw_only=True)
class EvidenceLink:
    """Where a finding's evidence is: its anchor in the page if that has an excerpt, and its pointer."""

    text: str
    pointer: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One check's and rule's findings from several samples as a row; `links_hidden` counts the rest."""

    line: Line
    outcome: str
    stage: str
    links: tuple[EvidenceLink, ...]
    links_hidden: int


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What a pointer points at, as JSON, cut; `file` is the evidence file beside the page."""

    anchor: str
    pointer: str
    file: str
    text: str
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class ShownFindings:
    """All rows, worst first, and the excerpts."""

    rows: tuple[FindingRow, ...]
    hidden: int
    stages: tuple[str, ...]
    counts: Mapping[str, int]
    excerpts: tuple[Excerpt, ...]


def shown_findings(bundle: Bundle, verdict: Verdict) -> ShownFindings:
    """Return rows of the failures, then of the inconclusive findings, then of those that passed."""
    by_outcome = {
        outcome: [item for item in verdict.findings if item.outcome is outcome] for outcome in MOST_ROWS
    }
    ordered = [item for found in by_outcome.values() for item in found]
    excerpts = {item.pointer: item for item in _excerpts(bundle, ordered)}
    rows, hidden = [], 0
    for outcome, found in by_outcome.items():
        groups = _groups(found)
        rows += [_row(group, outcome, excerpts) for group in groups[: MOST_ROWS[outcome]]]
        hidden += max(0, len(groups) - MOST_ROWS[outcome])
    return ShownFindings(
        rows=tuple(rows),
        hidden=hidden,
        stages=tuple(dict.fromkeys(row.stage for row in rows)),
        counts={WORDS[outcome]: len(found) for outcome, found in by_outcome.items()},
        excerpts=tuple(excerpts.values()),
    )


def _groups(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for item in findings:
        groups.setdefault((item.stage, item.check, item.rule), []).append(item)
    return list(groups.values())


def _row(group: list[Finding], outcome: Outcome, excerpts: Mapping[str, Excerpt]) -> FindingRow:
    pointed = {item.evidence: item for item in group if item.evidence}
    # Among several links, offsets are easier to tell apart than names of files.
    offsets = [shown_offset(item.offset_s) for item in pointed.values() if item.offset_s is not None]
    by_offset = 1 < len(pointed) == len(set(offsets))
    links = tuple(
        EvidenceLink(
            text=shown_offset(item.offset_s or 0.0) if by_offset else pointer,
            pointer=pointer,
            anchor=excerpts[pointer].anchor if pointer in excerpts else "",
        )
        for pointer, item in list(pointed.items())[:MOST_LINKS]
    )
    return FindingRow(
        line=lines(group)[0],
        outcome=WORDS[outcome],
        stage=group[0].stage,
        links=links,
        links_hidden=max(0, len(pointed) - MOST_LINKS),
    )


def _excerpts(bundle: Bundle, findings: Iterable[Finding]) -> Iterator[Excerpt]:
    """Yield an excerpt for each place that findings point at, as far as the page's size allows."""
    files = {item.name: item for item in bundle.loaded}
    documents: dict[tuple[str, int], Any] = {}
    budget = MOST_OF_ALL
    for number, pointer in enumerate(dict.fromkeys(item.evidence for item in findings if item.evidence), 1):
        name, _, place = pointer.partition("#")
        steps = place.strip("/").split("/")
        if name not in files or number > MOST_EXCERPTS or budget <= 0:
            continue
        value = _pointed(files[name].evidence.observations, steps, name, documents)
        if value is None:
            continue
        text = json.dumps(value, ensure_ascii=False, indent=1)
        budget -= len(text[:MOST_OF_ONE])
        yield Excerpt(
            anchor=f"evidence-{number}",
            pointer=pointer,
            file=name,
            text=text[:MOST_OF_ONE],
            is_cut=len(text) > MOST_OF_ONE,
        )


def _pointed(
    observations: tuple[Any, ...], steps: list[str], name: str, documents: dict[tuple[str, int], Any]
) -> Any:
    """Return the value at "observations/2/readings/7"; None if there is nothing."""
    if len(steps) < 2 or steps[0] != "observations" or not steps[1].isdecimal():
        return None
    index = int(steps[1])
    if index >= len(observations):
        return None
    if (name, index) not in documents:
        documents[name, index] = observations[index].model_dump(mode="json", exclude_defaults=True)
    value = documents[name, index]
    for step in steps[2:]:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
