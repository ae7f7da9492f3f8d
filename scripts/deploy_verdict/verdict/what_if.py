"""What another plan would have said of the same evidence: the differences between two verdicts. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from deploy_verdict.model import Finding, Outcome, Verdict

NOTHING = "(no finding)"
Key = tuple[str, str, str, float | None]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference: what it is about, what it was, what it would be, and by what observation."""

    name: str
    was: str
    would_be: str
    actual: str = ""


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """All differences; without any, only the verdict."""

    changes: tuple[str, ...]
    outcome: Difference
    criteria: tuple[Difference, ...]
    findings: tuple[Difference, ...]

    def as_json(self) -> dict[str, object]:
        """Return the differences for --json."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Yield the differences as lines for people."""
        yield f"with {'; '.join(self.changes)} (nothing is written):"
        yield _line(self.outcome)
        for title, items in (("criteria", self.criteria), ("findings", self.findings)):
            yield f"{title}: {len(items)} would change" if items else f"{title}: none would change"
            yield from (f"  {_line(item)}" for item in items)


def what_if(was: Verdict, would_be: Verdict, changes: tuple[str, ...]) -> WhatIf:
    """Compare two verdicts on the same evidence."""
    before, after = _by_key(was), _by_key(would_be)
    findings = tuple(
        Difference(
            name=_name(key),
            was=before.get(key, (NOTHING, ""))[0],
            would_be=after.get(key, (NOTHING, ""))[0],
            actual=after.get(key, before.get(key, (NOTHING, "")))[1],
        )
        for key in dict.fromkeys((*before, *after))
        if before.get(key, (NOTHING, ""))[0] != after.get(key, (NOTHING, ""))[0]
    )
    outcome = Difference(name="verdict", was=was.outcome.shown, would_be=would_be.outcome.shown)
    return WhatIf(
        changes=changes, outcome=outcome, criteria=tuple(_criteria(was, would_be)), findings=findings
    )


def _by_key(verdict: Verdict) -> Mapping[Key, tuple[str, str]]:
    return {
        (item.stage, item.check, item.rule, item.offset_s): (_outcome(item), item.actual)
        for item in verdict.findings
    }


def _outcome(finding: Finding) -> str:
    severity = finding.severity.value if finding.severity else "P1"
    return f"fail {severity}" if finding.outcome is Outcome.FAIL else finding.outcome.value


def _criteria(was: Verdict, would_be: Verdict) -> Iterator[Difference]:
    before = {item.name: item for item in was.criteria}
    after = {item.name: item for item in would_be.criteria}
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        then, now = (item.outcome.value if item else NOTHING for item in (one, other))
        if then != now:
            actual = (other or one or would_be.criteria[0]).actual
            yield Difference(name=name, was=then, would_be=now, actual=actual)


def _name(key: Key) -> str:
    stage, check, rule, offset_s = key
    at = "" if offset_s is None else f" at T+{offset_s / 60:g}min"
    return f"{stage}/{check}/{rule}{at}"


def _line(item: Difference) -> str:
    change = f"{item.was}, as before" if item.was == item.would_be else f"{item.was} -> {item.would_be}"
    return f"{item.name}: {change}" + (f" ({item.actual})" if item.actual else "")
