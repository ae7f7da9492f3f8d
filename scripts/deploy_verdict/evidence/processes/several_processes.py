"""Do several processes answer behind one address? Judged by what their responses say, and when. Pure.

A service with several workers or instances has a pool in each, and a response shows only one of them. Most
name themselves. For others, the limit or the start goes back and forth, or a number changes only where a new
connection begins, as a connection stays with one process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.evidence.processes.process_marks import START, UPTIME
from deploy_verdict.stats.bounds import least_percent

# A value returned this often: neither a restart nor a changed setting does that.
FEWEST_RETURNS = 2
FEWEST_FALLS = 3
# With fewer turns on each side, workers that were not met by chance look like new ones.
FEWEST_TURNS = 4
# The share of a number's changes that fall on new connections, and the error of that conclusion.
AT_NEW_SHARE, WRONG = 0.8, 0.0001
MOST_NAMED = 4
# A value that differs in more than this share of the readings is a time or an id.
MOST_CHANGED = 0.5


@dataclass(frozen=True)
class Several:
    """What shows that several processes answer, in words, and the first sample that shows it.

    `restarted`: one after the other, not in turn.
    """

    text: str
    sample: PoolSample
    restarted: bool = False


@dataclass(frozen=True)
class _Consecutive:
    """One field in two consecutive readings of one sample.

    `is_mixed`: some readings of the sample kept their connection, so new and kept ones can be compared.
    """

    before: str | float
    after: str | float
    new_connection: bool
    sample: PoolSample
    is_mixed: bool

    @property
    def is_change(self) -> bool:
        return self.before != self.after


def several_processes(samples: Sequence[PoolSample]) -> Several | None:
    """Return what shows that several processes answer, or None."""
    return _named(samples) or _by_values(samples)


def _named(samples: Sequence[PoolSample]) -> Several | None:
    """Look for responses that name their process."""
    seen = [(who, sample) for sample in samples for who in sample.processes]
    known = list(dict.fromkeys(who for who, _ in seen))
    if len(known) < 2:
        return None
    later = _replaced(samples)
    if later is not None:
        who, sample = later
        return Several(
            f"another process answers from {shown_offset(sample.offset_s)} on ({who})", sample, True
        )
    at = next(sample for who, sample in seen if who == known[1])
    shown = ", ".join(known[:MOST_NAMED]) + (", …" if len(known) > MOST_NAMED else "")
    return Several(f"{len(known)} processes answer behind this address ({shown})", at)


def _replaced(samples: Sequence[PoolSample]) -> tuple[str, PoolSample] | None:
    """Return who followed whom, where none of the processes that answered before ever answers again.

    That is a single process, or all workers at once.
    """
    named = [(who, sample) for sample in samples for who in sample.processes]
    turns = [next(run) for _, run in groupby(named, key=lambda item: item[0])]
    names = [who for who, _ in turns]
    if len(names) == 2:
        return " → ".join(names), turns[1][1]
    for place in range(FEWEST_TURNS, len(turns) - FEWEST_TURNS + 1):
        before, after = set(names[:place]), set(names[place:])
        if not before & after and min(len(before), len(after)) > 1:
            return " → ".join(names[place - 1 : place + 1]), turns[place][1]
    return None


def _by_values(samples: Sequence[PoolSample]) -> Several | None:
    """Look for values that only several processes together can have."""
    steps: dict[str, list[_Consecutive]] = {}
    for sample in samples:
        is_mixed = not all(one.new_connection for one in sample.reading_values[1:])
        for before, after in pairwise(sample.reading_values):
            earlier = dict(before.values)
            for field, value in after.values:
                if field in earlier:
                    step = _Consecutive(earlier[field], value, after.new_connection, sample, is_mixed)
                    steps.setdefault(field, []).append(step)
    return next((found for field, of in steps.items() for found in _of_field(field, of)), None)


def _of_field(field: str, steps: Sequence[_Consecutive]) -> Iterator[Several]:
    changes = [step for step in steps if step.is_change]
    if not changes:
        return
    key, values = field.rpartition(".")[2], {step.after for step in changes} | {changes[0].before}
    where = changes[0].sample
    returns = len(changes) + 1 - len(values)
    if (field == "limit" or START.match(key)) and returns >= FEWEST_RETURNS:
        shown = " and ".join(f"{value:g}" if isinstance(value, float) else str(value)
                             for value in sorted(values, key=str)[:MOST_NAMED])  # fmt: skip
        yield Several(f"{field} goes back and forth between {shown}: several processes answer", where)
    falls = [step for step in changes if _falls(step)]
    if UPTIME.match(key) and len(falls) >= FEWEST_FALLS:
        yield Several(f"{field} goes back and forth ({len(falls)} times): several processes answer", where)
    steps = [step for step in steps if step.is_mixed]
    changes = [step for step in steps if step.is_change]
    if not changes:
        return
    at_new = sum(step.new_connection for step in changes)
    usual = 100 * sum(step.new_connection for step in steps) / len(steps)
    is_clear = at_new >= AT_NEW_SHARE * len(changes) and least_percent(at_new, len(changes), WRONG) > usual
    if is_clear and returns >= FEWEST_RETURNS and len(changes) <= MOST_CHANGED * len(steps):
        text = f"{field} changes where a new connection begins ({at_new} of {len(changes)} times)"
        yield Several(f"{text}: several processes answer", where)


def _falls(step: _Consecutive) -> bool:
    both = step.before, step.after
    return all(isinstance(value, int | float) for value in both) and step.after < step.before  # type: ignore[operator]
