"""Draws the window from T0 to its end: samples, failures, deployments and restarts. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_readings
from deploy_verdict.evidence.platform.platform_views import deployment_samples
from deploy_verdict.evidence.processes.process_marks import restarts
from deploy_verdict.markup.labels import counted, listed, name_of
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Deployment, Finding, Outcome, RootCause, Slot, Verdict
from deploy_verdict.report.coverage import ended_s
from deploy_verdict.report.page.plots import LEFT, RIGHT, Axis
from deploy_verdict.stages.deployment.state import short

LANE, WIDTH = 22.0, 860.0
MOST_MARKS = 300
_OF_STATE = {"missing": "missed", "unreadable": "missed", "partial": "late", "late": "late"}

_BAD = ((Outcome.INCONCLUSIVE, "unknown", "not known"), (Outcome.FAIL, "failed", "failed"))


@dataclass(frozen=True, kw_only=True)
class TimelineMark:
    """One sample or event: its x, its look, and its text."""

    x: float
    look: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A row of marks; `y` is its middle."""

    title: str
    y: float
    marks: tuple[TimelineMark, ...]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Lanes in a box of `width` and `height`; `causes` are where each was first seen, by its number."""

    width: float
    height: float
    left: float
    right: float
    lanes: tuple[Lane, ...]
    causes: tuple[tuple[float, int], ...]
    ticks: tuple[tuple[float, str], ...]


def timeline(bundle: Bundle, verdict: Verdict, causes: Sequence[RootCause]) -> Timeline:
    """Return a lane for each stage with samples, below one for what happened to the service."""
    rows = [("events", tuple(_events(bundle))), ("log errors", tuple(_log_errors(bundle)))]
    rows += _stage_rows(bundle, verdict)
    lanes = tuple(
        Lane(title=title, y=LANE * (index + 1.5), marks=marks[:MOST_MARKS])
        for index, (title, marks) in enumerate((title, marks) for title, marks in rows if marks)
    )
    return Timeline(
        width=WIDTH,
        height=LANE * (len(lanes) + 2),
        left=LEFT,
        right=WIDTH - RIGHT,
        lanes=lanes,
        causes=_axis(bundle).marked(causes),
        ticks=_axis(bundle).ticks(),
    )


def _axis(bundle: Bundle) -> Axis:
    return Axis(length_s=bundle.window.length_s, width=WIDTH)


def _stage_rows(bundle: Bundle, verdict: Verdict) -> Iterator[tuple[str, tuple[TimelineMark, ...]]]:
    """Yield a lane for each stage with samples, and for any other one in which something did not pass."""
    slots: dict[str, list[Slot]] = defaultdict(list)
    for slot in verdict.coverage.slots:
        slots[slot.stage].append(slot)
    found: dict[str, dict[float, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for item in verdict.findings:
        mine = slots.get(item.stage)
        # What is judged on the complete window is known at the stage's last sample.
        end_s = mine[-1].offset_s if mine else bundle.window.length_s
        found[item.stage][end_s if item.offset_s is None else item.offset_s].append(item)
    last_s = ended_s(verdict)
    for stage, mine in slots.items():
        at = found.pop(stage, {})
        sampled = [_sampled(bundle, slot, at.pop(slot.offset_s, ()), last_s) for slot in mine]
        yield stage, (*sampled, *_judged(bundle, stage, at))
    for stage, at in found.items():
        marks = tuple(_judged(bundle, stage, at))
        if any(mark.look != "passed" for mark in marks):
            yield stage, marks


def _judged(bundle: Bundle, stage: str, found: Mapping[float, Sequence[Finding]]) -> Iterator[TimelineMark]:
    for offset_s, findings in sorted(found.items()):
        look, words = _outcome(findings)
        text = f"{stage} {shown_offset(offset_s)}{words or ': passed'}"
        yield TimelineMark(x=_axis(bundle).x(offset_s), look=look, text=one_line(text, 300))


def _sampled(bundle: Bundle, slot: Slot, findings: Sequence[Finding], last_s: float | None) -> TimelineMark:
    look, words = _outcome(findings)
    state = f"{slot.state}, {slot.note}" if slot.note else slot.state
    if look != "failed" and slot.state == "missing" and last_s is not None and slot.offset_s > last_s:
        look, state, words = "undue", "no longer due, as the window ended before", ""
    elif look != "failed":
        look = _OF_STATE.get(slot.state, look)
    text = f"{slot.stage} {shown_offset(slot.offset_s)}: {state}{words}"
    return TimelineMark(x=_axis(bundle).x(slot.offset_s), look=look, text=one_line(text, 300))


def _outcome(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return the look of the worst outcome, and in words what did not pass."""
    words, look = "", "passed"
    for outcome, name, word in _BAD:
        items = [item for item in findings if item.outcome is outcome]
        if items:
            names = listed(dict.fromkeys(map(name_of, items)), 3)
            look, words = name, f"{words}; {counted(len(items), 'check')} {word}: {names}"
    return look, words


def _offset_s(bundle: Bundle, at: datetime) -> float:
    return (at - bundle.window.t0).total_seconds() * bundle.window.speed


def _events(bundle: Bundle) -> Iterator[TimelineMark]:
    """Yield the deployment's states as the samples saw them, others that went live, and restarts."""
    axis = _axis(bundle)
    former: tuple[str, tuple[str, ...]] | None = None
    for sample in deployment_samples(bundle):
        seen = sample.observation
        subject, live = seen.deployment, seen.active or ()
        now = (subject.status if subject else "unknown", tuple(sorted(item.id for item in live)))
        if now != former and seen.fault is None:
            text = f"{shown_offset(seen.offset_s)}: {_live_words(subject, live)}"
            others = subject is not None and any(item.id != subject.id for item in live)
            look = "deployed" if former is None and not others else "event"
            yield TimelineMark(x=axis.x(seen.offset_s), look=look, text=one_line(text, 300))
        former = now
    for item in restarts(bundle):
        text = f"restart between {shown_offset(item.from_s)} and {shown_offset(item.to_s)}: {item.text}"
        yield TimelineMark(x=axis.x(item.to_s), look="event", text=one_line(text, 300))


def _live_words(subject: Deployment | None, live: Sequence[Deployment]) -> str:
    told = [f"deployment {short(subject.id)} is {subject.status}"] if subject else ["no deployment found"]
    told += [f"{short(item.id)} of commit {short(item.commit)} is live" for item in live]
    return "; ".join(told)


def _log_errors(bundle: Bundle) -> Iterator[TimelineMark]:
    """Yield when each kind of error was logged first and last."""
    readings, axis = log_readings(bundle), _axis(bundle)
    for item in (readings[-1][1].templates or ()) if readings else ():
        if item.kind != "error":
            continue
        for at in dict.fromkeys(filter(None, (item.first_at, item.last_at))):
            offset_s = _offset_s(bundle, at)
            if 0 <= offset_s <= bundle.window.length_s:
                text = f"{shown_offset(round(offset_s))}: {counted(item.count, 'error')} like {item.example}"
                x = axis.x(offset_s)
                yield TimelineMark(x=x, look="failed", text=one_line(text, 300))
