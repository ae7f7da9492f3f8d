"""Other services of the project: do they keep running, with memory left, and without a fatal line? Pure."""

import re
from collections.abc import Iterator, Sequence

from deploy_verdict.base.start_lines import SERVICE_STARTS
from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of, remedy_of
from deploy_verdict.expect import fault_text
from deploy_verdict.model import Finding, LogLine, NeighbourService, ServicesObservation, Severity

STAGE = "services"
_ENDED = ("CRASHED", "FAILED", "REMOVED", "REMOVING")
_DOWN = ("CRASHED", "EXITED", "STOPPED", "REMOVED", "RESTARTING")
ATTENTION_SHARE, CRITICAL_SHARE = 0.8, 0.95
_FATAL = re.compile(
    r"(?i)out of memory|\boom\b|cannot allocate memory|max(imum)? number of clients"
    r"|too many (clients|connections)|remaining connection slots|\bpanic\b|segmentation fault"
    r"|terminated by signal|no space left|misconf"
)
# PostgreSQL logs these as FATAL, but anybody on the internet can cause them.
_STRANGERS = re.compile(r"(?i)authentication failed|no pg_hba|does not exist|unsupported frontend protocol")
_Sample = tuple[str, ServicesObservation, NeighbourService]


def judge_services(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Return the findings on run state, restarts, memory and log of each service that the plan names."""
    railway = bundle.plan.railway
    names = railway.services if railway is not None else ()
    return [
        ruling.as_finding(STAGE, name, rule, text)
        for name in names
        for rule, text, ruling in _rulings(bundle, name)
    ]


def _rulings(bundle: Bundle, name: str) -> Iterator[tuple[str, str, Ruling]]:
    readings = readings_of(bundle, STAGE, ServicesObservation)
    samples = [
        (pointer, reading, one)
        for pointer, reading in readings
        for one in reading.services
        if name.casefold() in (str(one.name).casefold(), one.id.casefold())
    ]
    yield "runs", "it runs at every sample", _runs(name, readings, samples)
    yield "restarts", "the same instances run on", _restarts(samples)
    yield "memory", f"memory < {100 * ATTENTION_SHARE:g} % of its limit", _memory(samples)
    yield "log", "no fatal line in its log", _log(samples)


def _runs(
    name: str, readings: Sequence[tuple[str, ServicesObservation]], samples: Sequence[_Sample]
) -> Ruling:
    for pointer, reading, one in samples:
        down = [item.status for item in (one.latest and one.latest.instances) or () if item.status in _DOWN]
        status = one.latest.status if one.latest else None
        if status in _ENDED or down or (one.latest is not None and one.latest.stopped):
            what = f"its instance is {down[0]}" if down else f"it is {status}"
            text = f"{what} at {shown_offset(reading.offset_s)}"
            return failed(text, Severity.P1, f"{name} is down").at(pointer, reading.offset_s)
    for pointer, reading in readings:
        if reading.fault is not None:
            ruling = unknown(fault_text(reading.fault), remedy_of(reading.fault))
            return ruling.at(pointer, reading.offset_s)
        if not any(pointer == known for known, _, _ in samples):
            text = f"the environment has no service {name} (it has: {', '.join(reading.known) or 'none'})"
            return unknown(f"{text} — correct railway.services").at(pointer, reading.offset_s)
    blind = next((item for item in samples if item[2].latest is None), None)
    if not samples or blind is not None:
        return unknown("the platform knows no deployment of it" if blind else "the evidence holds no sample")
    return passed(
        f"{samples[-1][2].latest.status if samples[-1][2].latest else ''} in {len(samples)} samples"
    )


def _restarts(samples: Sequence[_Sample]) -> Ruling:
    known: list[tuple[str, ...]] = []
    for pointer, reading, one in samples:
        if one.latest is None:
            continue
        now = (one.latest.id, *sorted(item.id for item in one.latest.instances or ()))
        if known and now != known[-1]:
            what = "deployed anew" if now[0] != known[-1][0] else "restarted"
            text = f"it was {what} before {shown_offset(reading.offset_s)}"
            because = "a service that others depend on was started anew within the window"
            return failed(text, Severity.P1, because).at(pointer, reading.offset_s)
        known.append(now)
    for pointer, reading, one in samples:
        started = next((line for line in one.lines if SERVICE_STARTS.search(line.text)), None)
        if started is not None:
            text = f'its log says "{started.text[:120]}", so it started within the window'
            because = "a service that others depend on was started anew within the window"
            return failed(text, Severity.P1, because).at(pointer, reading.offset_s)
    if len(known) < 2:
        return unknown("fewer than two samples show its instances")
    if not any(one.latest and one.latest.instances for _, _, one in samples):
        return unknown("the platform lists none of its instances")
    return passed(f"the same in {len(known)} samples")


def _memory(samples: Sequence[_Sample]) -> Ruling:
    shares = [
        (max(used) / min(limits), f"{max(used):.2f} of {min(limits):.2f} GB at most", pointer, reading)
        for pointer, reading, one in samples
        if (used := _values(one, "memory_gb")) and (limits := _values(one, "memory_limit_gb"))
    ]
    if not shares:
        notes = [note for _, _, one in samples for note in one.notes if "memory" in note]
        return unknown(notes[-1] if notes else "the platform measured no memory and limit of it")
    share, most, pointer, reading = max(shares, key=lambda item: item[0])
    if share >= ATTENTION_SHARE:
        severity = Severity.P1 if share >= CRITICAL_SHARE else Severity.P2
        return failed(most, severity, "it is running out of memory").at(pointer, reading.offset_s)
    pointer, reading, last = samples[-1]
    if not _values(last, "memory_gb"):
        why = "; ".join(last.notes) or "none of it was measured then"
        return unknown(f"{most}, but not known at the end: {why}").at(pointer, reading.offset_s)
    return passed(most).at(pointer, reading.offset_s)


def _values(service: NeighbourService, name: str) -> list[float]:
    return [
        point.value for item in service.memory if item.name == name for point in item.points if point.value
    ]


def _is_fatal(line: LogLine) -> bool:
    if _FATAL.search(line.text):
        return True
    return line.level == "CRITICAL" and not _STRANGERS.search(line.text)


def _log(samples: Sequence[_Sample]) -> Ruling:
    for pointer, reading, one in samples:
        fatal = [line for line in one.lines if _is_fatal(line)]
        if fatal:
            text = f'{len(fatal)} fatal lines, first: "{fatal[0].text[:160]}"'
            return failed(text, Severity.P1, "its log tells of a failure").at(pointer, reading.offset_s)
    for pointer, reading, one in samples:
        at = shown_offset(reading.offset_s)
        if one.lines_read is None:
            notes = [note for note in one.notes if "log" in note]
            text = notes[-1] if notes else "its log was not read"
            return unknown(f"{text} ({at})").at(pointer, reading.offset_s)
        if one.lines_cut:
            text = f"only the newest {one.lines_read:,} lines of its log could be read at {at}"
            return unknown(text).at(pointer, reading.offset_s)
    if not samples:
        return unknown("its log was not read")
    return passed(f"{sum(one.lines_read or 0 for _, _, one in samples):,} lines read")
