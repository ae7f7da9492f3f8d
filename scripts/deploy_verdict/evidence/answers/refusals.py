"""Users who are turned away or get a server error: 4xx and 5xx to others, compared with before. Pure.

Some are usual: an expired session, a scanner's 404. What counts is a share that is significantly higher than
before the deployment on a path that others really use, or a part of the window that is much worse than the
rest. Bounds are at 99.99 %, and at 95 % for what was usual. If nothing is known of before, a high share is
inconclusive, never fine.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import shown_percent
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.model import Outcome, PathAnswers, PathTraffic, Severity
from deploy_verdict.stats.bounds import RARE, least_percent, possible_percent

REFUSALS = {
    "401": "users are not logged in any more",
    "403": "users are forbidden what they do",
    "404": "users no longer find what they ask for",
    "408": "users' requests time out",
    "429": "users are held back: too many requests",
    "499": "users give up waiting",
}
# In percentage points above what was usual, or this fraction of it. A part of the window is short, so chance
# has more effect there.
MORE_POINTS, PART_POINTS, MORE_TIMES = 5.0, 20.0, 0.5
# Half of the requests of a path: users are locked out.
LOCKED_OUT_PERCENT = 50.0
# The share, in percent, that is never usual if nothing is known of before.
NEVER_USUAL_PERCENT = 20.0
FEW = 20
SERVER_ERROR, BROKEN = "5xx", "others get server errors"
# The lower bound of a path's share of server errors (percent): by how much it must exceed what was usual, and
# from where on the path is broken for many.
ERROR_POINTS, ERRORS_CRITICAL_PERCENT = 1.0, 10.0
ERRORS_TEXT = "others get no more server errors than before the deployment"
Counted = PathAnswers | PathTraffic
Key = tuple[str, str]
Own = Mapping[tuple[str, str, str], int]
_ALL: Key = ("", "")
TEXT = "others are not refused more often than before the deployment"


@dataclass(frozen=True, kw_only=True)
class _Share:
    """How many of others' requests got one status."""

    bad: int
    of: int

    @property
    def surely(self) -> float:
        """The lower bound of the share, in percent (99.99 %)."""
        return least_percent(self.bad, self.of, RARE) if self.bad else 0.0

    @property
    def percent(self) -> float:
        return 100 * self.bad / self.of if self.of else 100.0

    @property
    def at_most(self) -> float:
        return possible_percent(self.bad, self.of) if self.of else 100.0

    @property
    def text(self) -> str:
        return f"{self.bad:,} of {self.of:,} ({shown_percent(self.percent)} %)"


def judge_refusals(
    now: Sequence[Counted],
    before: Sequence[Counted] | None,
    own: Own,
    *,
    may_rise: Sequence[int] = (),
    few: int = FEW,
) -> Ruling:
    """Judge the worst of all paths and statuses.

    `own` counts the (method, path, status) of our own requests. `may_rise` are statuses that the plan lets
    rise. With fewer than `few` requests, a share says nothing.
    """
    wanted = {status: because for status, because in REFUSALS.items() if int(status) not in may_rise}
    others, usual = _others(now, own), None if before is None else _others(before, {})
    rulings = [*_rulings(wanted, others, usual, few), *_by_part(wanted, now, own, few)]
    counts = others[_ALL]
    counted = ", ".join(f"{counts[status]} × {status}" for status in REFUSALS if counts[status])
    return _worst(rulings) or passed(
        f"of {counts.total():,} requests of others {counted or 'none was refused'}"
    )


def judge_server_errors(
    now: Sequence[Counted], before: Sequence[Counted] | None, own: Own, *, few: int = FEW
) -> Ruling:
    """Judge the 5xx to others, by path and by part: some may be usual, significantly more are not."""
    now, ours = [_folded(path) for path in now], _own_folded(own)
    others = _others(now, ours)
    usual = None if before is None else _others([_folded(path) for path in before], {})
    rulings = [*_failing(others, usual, few), *_by_part({SERVER_ERROR: BROKEN}, now, ours, few)]
    counts = others[_ALL]
    return _worst(rulings) or passed(
        f"of {counts.total():,} requests of others {counts[SERVER_ERROR] or 'none'} got a server error"
    )


def _failing(
    now: dict[Key, Counter[str]], before: dict[Key, Counter[str]] | None, few: int
) -> Iterator[Ruling]:
    known = before if before is not None and before.get(_ALL, Counter()).total() >= few else None
    for key, counts in now.items():
        share = _Share(bad=counts[SERVER_ERROR], of=counts.total())
        if share.of < few or share.surely <= ERROR_POINTS:
            continue
        route = f" to {' '.join(key)}" if key != _ALL else ""
        what = f"{share.text} of the requests of others{route} got a server error"
        severity = Severity.P1 if share.surely >= ERRORS_CRITICAL_PERCENT else Severity.P2
        if known is None:
            # Such lines may belong to calls to other systems, some refused as before; but not half of them.
            is_bad = share.surely >= LOCKED_OUT_PERCENT
            doubt = unknown(f"{what}; whether that is usual is not known: nothing is known of before")
            yield failed(what, Severity.P1, BROKEN) if is_bad else doubt
            continue
        # A path that nobody used before is compared with all paths together.
        earlier = known.get(key, Counter())
        earlier = earlier if earlier.total() >= few else known[_ALL]
        usual = _Share(bad=earlier[SERVER_ERROR], of=earlier.total())
        if share.surely > (1 + MORE_TIMES) * usual.at_most + ERROR_POINTS:
            yield failed(f"{what}; before the deployment {usual.text}", severity, BROKEN)


def _folded(path: Counted) -> Counted:
    """Return the counts with all server errors as one status."""
    update = {"statuses": _fold(path.statuses), "parts": tuple(_fold(part) for part in path.parts)}
    return path.model_copy(update=update)


def _fold(statuses: Mapping[str, int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for status, count in statuses.items():
        found[SERVER_ERROR if status.startswith("5") else status] += count
    return dict(found)


def _own_folded(own: Own) -> Own:
    found: Counter[tuple[str, str, str]] = Counter()
    for (method, path, status), count in own.items():
        found[method, path, SERVER_ERROR if status.startswith("5") else status] += count
    return found


def _worst(rulings: Sequence[Ruling]) -> Ruling | None:
    """Return the worst ruling, with the number of others like it; None if there is none."""
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        found = [ruling for ruling in rulings if ruling.outcome is outcome]
        if found:
            worst = min(found, key=lambda ruling: ruling.severity or Severity.P2)
            alike = (
                "1 other path or status" if len(found) == 2 else f"{len(found) - 1} other paths or statuses"
            )
            more = f"; the same holds for {alike}" if len(found) > 1 else ""
            return Ruling(outcome, worst.actual + more, worst.severity, worst.because)
    return None


def _others(paths: Sequence[Counted], own: Own) -> dict[Key, Counter[str]]:
    """Return the statuses by path without our own requests; under `_ALL` those of all paths together."""
    found: dict[Key, Counter[str]] = {}
    total: Counter[str] = Counter()
    for path in paths:
        ours = {status: own.get((path.method, path.path, status), 0) for status in path.statuses}
        counts = Counter({s: max(0, count - ours[s]) for s, count in path.statuses.items()})
        found[path.method, path.path] = counts
        total += counts
    return {**found, _ALL: total}


def _rulings(
    wanted: Mapping[str, str],
    now: dict[Key, Counter[str]],
    before: dict[Key, Counter[str]] | None,
    few: int,
) -> Iterator[Ruling]:
    for key, counts in now.items():
        for status, because in wanted.items():
            share = _Share(bad=counts[status], of=counts.total())
            # The lower bound never exceeds the observed share.
            if share.of < few or share.percent <= MORE_POINTS:
                continue
            route = f" to {' '.join(key)}" if key != _ALL else ""
            what = f"{share.text} of the requests of others{route} got {status}"
            if before is None or before.get(_ALL, Counter()).total() < few:
                if share.surely > NEVER_USUAL_PERCENT and _is_used(status, key, counts):
                    yield unknown(f"{what}; whether that is usual is not known: nothing is known of before")
                continue
            earlier = before.get(key, Counter())
            usual = _Share(bad=earlier[status], of=earlier.total())
            if usual.of < few:
                # Too little is known of this path before: the row of all paths together decides.
                continue
            more = max(MORE_POINTS, min(MORE_TIMES * usual.at_most, PART_POINTS))
            if share.surely > usual.at_most + more:
                severity = Severity.P1 if share.surely >= LOCKED_OUT_PERCENT else Severity.P2
                yield failed(f"{what}; before the deployment {usual.text}", severity, because)


def _is_used(status: str, key: Key, counts: Counter[str]) -> bool:
    """Return whether a path is in use.

    One that only answers 404 is a scanner's; all paths together are in use.
    """
    return status != "404" or key == _ALL or any(other.startswith(("2", "3")) for other in counts)


def _by_part(wanted: Mapping[str, str], paths: Sequence[Counted], own: Own, few: int) -> Iterator[Ruling]:
    """Yield the parts of the window that are significantly and much worse than the others.

    The counts of a part include our own requests, so all of ours are subtracted from it.
    """
    if any(len(path.parts) != len(paths[0].parts) for path in paths):
        return
    for number in range(len(paths[0].parts) if paths else 0):
        for status, because in wanted.items():
            ours = sum(count for (_, _, given), count in own.items() if given == status)
            inside = _of_parts(paths, status, [number], ours)
            if inside.of < few or inside.percent <= PART_POINTS:
                continue
            rest = [index for index in range(len(paths[0].parts)) if index != number]
            # Compare with the better half of the other parts: a lasting failure is in most of them.
            best = sorted(rest, key=lambda index: _of_parts(paths, status, [index], 0).percent)
            outside = _of_parts(paths, status, best[: len(rest) // 2], 0)
            if outside.of < few or inside.surely <= outside.at_most + PART_POINTS:
                continue
            text = f"{status} to {inside.text} of the requests in part {number + 1} of {len(rest) + 1}"
            severity = Severity.P1 if inside.surely >= LOCKED_OUT_PERCENT else Severity.P2
            yield failed(f"{text}; to {outside.text} in the best of the others", severity, because)


def _of_parts(paths: Sequence[Counted], status: str, numbers: Sequence[int], ours: int) -> _Share:
    parts = [path.parts[number] for path in paths for number in numbers]
    bad = sum(part.get(status, 0) for part in parts)
    return _Share(bad=max(0, bad - ours), of=sum(sum(part.values()) for part in parts))
