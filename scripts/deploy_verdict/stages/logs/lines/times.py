"""The ways in which logs write a time, as data, and how they are read. Pure.

A time without a year or date is completed from the moment at which the log was read. A zone abbreviation that
means several offsets makes the time unknown, never UTC.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Hours east of UTC: those in use today (tz database), and those that older systems still print.
ZONES = {
    **dict.fromkeys(("UTC", "GMT", "UCT", "WET", "Z"), 0.0),
    **dict.fromkeys(("CET", "WEST", "BST", "MET", "WAT"), 1.0),
    **dict.fromkeys(("CEST", "EET", "MEST", "CAT", "SAST"), 2.0),
    **dict.fromkeys(("EEST", "IDT", "EAT", "MSK", "TRT"), 3.0),
    **{"MSD": 4.0, "PKT": 5.0, "ICT": 7.0, "WIB": 7.0, "NPT": 5.75},
    **dict.fromkeys(("AWST", "HKT", "MYT", "PHT", "SGT", "WITA"), 8.0),
    **{"JST": 9.0, "KST": 9.0, "WIT": 9.0, "ACST": 9.5, "ACDT": 10.5, "AEST": 10.0, "AEDT": 11.0},
    **{"NZST": 12.0, "NZDT": 13.0, "NDT": -2.5, "NST": -3.5, "BRST": -2.0},
    **dict.fromkeys(("ADT", "ART", "BRT", "CLST", "UYT", "PYST"), -3.0),
    **dict.fromkeys(("AST", "EDT", "BOT", "CLT", "PYT", "VET"), -4.0),
    **dict.fromkeys(("CDT", "EST", "COT", "PET"), -5.0),
    **{
        "MDT": -6.0,
        "MST": -7.0,
        "PDT": -7.0,
        "PST": -8.0,
        "AKDT": -8.0,
        "AKST": -9.0,
        "HDT": -9.0,
        "HST": -10.0,
    },
}
AMBIGUOUS_ZONES = frozenset({"CST", "IST", "SST", "AMT", "GST", "ECT", "WST", "ACT"})
_ABBREVIATIONS = "|".join(sorted((*ZONES, *AMBIGUOUS_ZONES), key=len, reverse=True))
_OFFSET = r"[+-][0-9]{2}(?::?[0-9]{2})?"
_ZONE = (
    rf"(?:(?:Z|{_OFFSET}| [+-][0-9]{{4}}| [+-][0-9]{{2}}(?::[0-9]{{2}})?"
    rf"| ?(?:UTC|GMT)[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?"
    rf"| ?(?:{_ABBREVIATIONS})"
    rf"| [A-Z][a-z]+/[A-Z][A-Za-z_]+)(?:\[[A-Z][\w/+-]*\])?)"
)
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
_END = r"(?![0-9A-Za-z]|:[0-9])"
_MONTH, _DAY = r"[A-Z][a-z]{2}", r"[A-Z][a-z]{2}"
# java.util.logging writes months and AM/PM in the system's language.
_HALF = r"(?:[APEF]M|[AP]\. M\.|午[前後]|[上下]午|오[전후])"

# Each way once: what it looks like. Digits stand for any digits, so that lines of one shape are read alike.
TIMES = {
    "iso": (
        r"[0-9]{4}[-/.][0-9]{2}[-/.][0-9]{2}(?:T| - | |_|\]\[)[0-9]{2}:[0-9]{2}"
        rf"(?::[0-9]{{2}}(?:[.,][0-9]{{1,9}})?)?{_ZONE}?{_END}"
    ),
    "compact": rf"[0-9]{{8}}[T -](?:[0-9]{{6}}|{_CLOCK}){_ZONE}?{_END}",
    "access": rf"[0-9]{{2}}/{_MONTH}/[0-9]{{4}}[: ]{_CLOCK}(?: {_OFFSET})?{_END}",
    "dashed": rf"[0-9]{{1,2}}-{_MONTH}-[0-9]{{4}}(?: |::){_CLOCK}{_ZONE}?{_END}",
    "spaced": rf"(?:{_DAY}, )?[0-9]{{1,2}} {_MONTH} [0-9]{{4}} {_CLOCK}{_ZONE}?{_END}",
    "worded": (
        rf"(?:[^\s\d.,:\[(\"]{{3,9}}\.?|[0-9]{{1,2}}[月월]) [0-9]{{1,2}}, [0-9]{{4}},?"
        rf" [0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}(?:,[0-9]{{3}})? {_HALF}(?: (?:{_ABBREVIATIONS}))?{_END}"
    ),
    "ctime": rf"{_DAY} {_MONTH} [ 0-9]?[0-9] {_CLOCK}(?: [A-Z]{{3,5}})? [0-9]{{4}}{_END}",
    "JavaScript": rf"{_DAY} {_MONTH} [0-9]{{2}} [0-9]{{4}} {_CLOCK} GMT[+-][0-9]{{4}}(?: \([\w ]{{1,60}}\))?",
    "month-first": rf"{_MONTH} [ 0-9]?[0-9],? [0-9]{{4}} {_CLOCK}{_ZONE}?{_END}",
    "no-year": rf"(?:{_MONTH} [ 0-9]?[0-9]|[0-9]{{1,2}} {_MONTH}) {_CLOCK}(?: [AP]M)?{_END}",
    "slashed": (
        r"[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}(?:,? |\] \[)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
        rf"(?: ?[AP]M)?{_END}"
    ),
    "dotted": rf"[0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{4}},? {_CLOCK}{_ZONE}?{_END}",
    "short-year": rf"[0-9]{{2}}[-/.][0-9]{{2}}[-/.][0-9]{{2}} {_CLOCK}{_END}",
    "epoch": (
        rf"(?:[0-9]{{10}}(?:\.[0-9]{{1,9}})?|[0-9]{{13}}|[0-9]{{16}}|[0-9]{{19}}"
        rf"|[0-9]\.[0-9]{{1,18}}e\+[0-9]{{2}}){_END}"
    ),
    "clock": rf"(?:[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,9}})?)? ?[AP]M|{_CLOCK}Z?){_END}",
    "tai": r"@[0-9a-f]{24}",
    "tiny": r"[0-9]{6} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?",
    "good": r"[0-9]{6}/[0-9]{6}\.[0-9]{3}",
    "tabbed": r"[0-9]{4}-[0-9]{2}-[0-9]{2}\t[0-9]{2}:[0-9]{2}:[0-9]{2}",
    "short": r"[0-9]{2}-[0-9]{2}[| T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?",
    "WebSphere": (
        r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2},? [0-9]{1,2}:[0-9]{2}:[0-9]{2}:[0-9]{3} "
        rf"(?:{_ABBREVIATIONS})"
    ),
    "month-day": r"(?:[0-9]{4})?[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}",
}
# Outside of their own format, such digits may be anything.
_OF_ONE_FORMAT = ("month-day", "tiny", "short", "WebSphere", "good", "tabbed")
ANY_TIME = "|".join(f"(?:{regex})" for name, regex in TIMES.items() if name not in _OF_ONE_FORMAT)

# In English, German, French, Spanish, Portuguese, Italian and Swedish.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv ene gen", "feb févr fev", "mar märz mars", "apr avr abr", "may mai maj mag",
            "jun juni juin giu",
            "jul juli juil lug", "aug août ago", "sep sept set", "oct okt out ott", "nov", "dec dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_HMS = r"(?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
_HMS += r"(?: ?(?P<half>[APEF]M|[AP]\. M\.|午[前後]|[上下]午|오[전후]))?"
_READ = {
    name: re.compile(regex, re.ASCII)
    for name, regex in {
        "iso": rf"(?P<y>\d{{4}})[-/.](?P<mo>\d\d)[-/.](?P<d>\d\d)(?:T| - | |_|\]\[){_HMS}(?P<z>.*)",
        "compact": rf"(?P<y>\d{{4}})(?P<mo>\d\d)(?P<d>\d\d)[T -](?:{_HMS}|(?P<hms>\d{{6}}))(?P<z>.*)",
        "access": rf"(?P<d>\d\d)/(?P<mon>[A-Za-z]\w+)/(?P<y>\d{{4}})[: ]{_HMS}(?P<z>.*)",
        "dashed": rf"(?P<d>\d+)-(?P<mon>[A-Z]\w+)-(?P<y>\d{{4}})(?: |::){_HMS}(?P<z>.*)",
        "spaced": rf"(?:\w+, )?(?P<d>\d+) (?P<mon>\w+) (?P<y>\d{{4}}) {_HMS}(?P<z>.*)",
        "worded": (
            r"(?:(?P<mon>[^\s\d.]+)\.?|(?P<mo>\d+)[月월]) +(?P<d>\d+),? (?P<y>\d{4}),? "
            rf"{_HMS}(?P<z>.*)"
        ),
        "JavaScript": rf"\w+ (?P<mon>\w+) (?P<d>\d+) (?P<y>\d{{4}}) {_HMS} GMT(?P<z>.{{5}}).*",
        "ctime": rf"\w+ (?P<mon>\w+) +(?P<d>\d+) {_HMS}(?P<z>(?: \w+)?) (?P<y>\d{{4}})",
        "no-year": rf"(?P<mon>\w+) +(?P<d>\d+) {_HMS}",
        "no-year, day first": rf"(?P<d>\d+) (?P<mon>\w+) {_HMS}",
        "short": rf"(?P<mo>\d\d)-(?P<d>\d\d)[| T]{_HMS}",
        "WebSphere": (
            r"(?P<mo>\d+)/(?P<d>\d+)/(?P<yy>\d\d),? (?P<h>\d+):(?P<mi>\d\d):(?P<s>\d\d):(?P<f>\d{3})"
            r"(?P<z>.*)"
        ),
        "slashed": rf"(?P<mo>\d+)[/-](?P<d>\d+)[/-](?P<y>\d{{4}})(?:,? |\] \[){_HMS}",
        "dotted": rf"(?P<d>\d\d)\.(?P<mo>\d\d)\.(?P<y>\d{{4}}),? {_HMS}(?P<z>.*)",
        "short-year": rf"(?P<yy>\d\d)[-/.](?P<mo>\d\d)[-/.](?P<d>\d\d) {_HMS}",
        "good": r"(?P<yy>\d\d)(?P<mo>\d\d)(?P<d>\d\d)/(?P<hms>\d{6})\.(?P<f>\d{3})",
        "tabbed": rf"(?P<y>\d{{4}})-(?P<mo>\d\d)-(?P<d>\d\d)\t{_HMS}",
        "tiny": rf"(?P<yy>\d\d)(?P<mo>\d\d)(?P<d>\d\d) {_HMS}",
        "month-day": rf"(?P<y>\d{{4}})?(?P<mo>\d\d)(?P<d>\d\d) {_HMS}",
        "clock": rf"{_HMS}Z?",
    }.items()
}
_EPOCH_UNITS = ((1e9, 1e10, 1.0), (1e12, 1e13, 1e3), (1e15, 1e16, 1e6), (1e18, 1e19, 1e9))
_ISO_HEAD = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_TAI_EPOCH = (1 << 62) + 10
_AHEAD = timedelta(days=1)
_LATER = timedelta(minutes=10)


class Stamp(NamedTuple):
    """A time in UTC, or None. `zoned` is False if it has no zone; `problem` is why it is unknown.

    `filled`: what was not written and was completed, "year" or "date".
    """

    at: datetime | None = None
    zoned: bool = True
    problem: str | None = None
    filled: str | None = None


def read_time(written: str, reference: datetime | None = None, *, day_first: bool | None = None) -> Stamp:
    """Read a time written in one of the ways of TIMES; `reference`, when the log ends, completes it.

    `day_first` says how 02/03/2026 is meant; with None the reading nearest to the reference counts.
    """
    if _ISO_HEAD.match(written):
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            pass
        else:
            zoned = moment.tzinfo is not None
            return Stamp(moment.astimezone(UTC) if zoned else moment.replace(tzinfo=UTC), zoned)
    if 10 <= len(written) <= 30 and written.isascii() and written.replace(".", "", 1).isdigit():
        return epoch_time(float(written)) if "." in written else epoch_time(int(written))
    if written[-4:-2] == "e+":
        return epoch_time(float(written))
    if written[:1] == "@":  # TAI64N, as s6 and daemontools write it
        return epoch_time(int(written[1:17], 16) - _TAI_EPOCH)
    for name, regex in _READ.items():
        match = regex.fullmatch(written)
        if match is not None:
            return _stamp(name, match.groupdict(), reference, day_first=day_first)
    return Stamp()


def epoch_time(value: float) -> Stamp:
    """Read seconds, milliseconds, microseconds or nanoseconds since 1970."""
    for low, high, per_second in _EPOCH_UNITS:
        if low <= value < high:
            return Stamp(datetime.fromtimestamp(value / per_second, UTC))
    return Stamp()


def _stamp(name: str, got: dict[str, str], reference: datetime | None, *, day_first: bool | None) -> Stamp:
    zone = _zone((got.get("z") or "").strip())
    if isinstance(zone, str):
        return Stamp(problem=zone)
    try:
        clock = _clock(got)
        if name == "clock":
            return _with_date(clock, reference)
        month, day = _month(got), int(got["d"])
        if name == "slashed":
            return _slashed(int(got["y"]), month, day, clock, reference, day_first=day_first)
        if name == "short-year":
            return _short_year(int(got["yy"]), month, day, clock, reference)
        if got.get("y") is None and got.get("yy") is None:
            return _with_year(month, day, clock, reference)
        year = int(got["y"]) if got.get("y") else 2000 + int(got["yy"])
        if not 1990 <= year < 2100:
            return Stamp()
        moment = datetime(year, month, day, tzinfo=zone or UTC) + clock
    except (KeyError, ValueError):
        return Stamp()
    return Stamp(moment.astimezone(UTC), zone is not None)


def _clock(got: dict[str, str]) -> timedelta:
    if got.get("hms"):
        hms = got["hms"]
        hour, minute, second = int(hms[:2]), int(hms[2:4]), int(hms[4:])
    else:
        hour, minute, second = int(got["h"]), int(got["mi"]), int(got.get("s") or 0)
    half = got.get("half")
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (0 if half[0] in "AF上" or half[1] in "前전" else 12)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError(hour)
    micros = int(((got.get("f") or "") + "000000")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _month(got: dict[str, str]) -> int:
    if got.get("mo"):
        return int(got["mo"])
    word = got["mon"].lower()
    return _MONTHS.get(word) or _MONTHS[word[:3]]


def _zone(written: str) -> timezone | ZoneInfo | str | None:
    """Return the zone, None if none is written, or why it is unknown."""
    if not written:
        return None
    if written[:3] in ("UTC", "GMT") and len(written) > 3:
        written = written[3:] if len(written) > 5 else f"{written[3]}{written[4:]:0>2}"
    if written[0] in "+-Z" or written[-1] == "]":
        written = written.partition("[")[0] or written
    if written in ZONES:
        return timezone(timedelta(hours=ZONES[written]))
    if written in AMBIGUOUS_ZONES:
        return f"the zone {written} means several offsets"
    if "/" in written:
        try:
            return ZoneInfo(written)
        except (ZoneInfoNotFoundError, ValueError):
            return f"the zone {written} is not known"
    digits = written[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    if offset >= timedelta(hours=24):
        return f"the offset {written} is impossible"
    return timezone(-offset if written[0] == "-" else offset)


def _with_year(month: int, day: int, clock: timedelta, reference: datetime | None) -> Stamp:
    """Complete the year: the last one in which the time is not after the reference."""
    if reference is None:
        return Stamp(problem="its time has no year")
    for year in (reference.year + 1, reference.year, reference.year - 1):
        try:
            moment = datetime(year, month, day, tzinfo=UTC) + clock
        except ValueError:
            continue
        if moment <= reference + _AHEAD:
            return Stamp(moment, False, None, "year")
    return Stamp()


def _with_date(clock: timedelta, reference: datetime | None) -> Stamp:
    """Complete the date: the last day on which the time is not after the reference."""
    if reference is None:
        return Stamp(problem="its time has no date")
    moment = datetime(reference.year, reference.month, reference.day, tzinfo=UTC) + clock
    if moment > reference + _LATER:
        moment -= timedelta(days=1)
    elif moment <= reference + _LATER - timedelta(days=1):
        moment += timedelta(days=1)
    return Stamp(moment, False, None, "date")


def _slashed(
    year: int,
    first: int,
    second: int,
    clock: timedelta,
    reference: datetime | None,
    *,
    day_first: bool | None,
) -> Stamp:
    """Read 02/03/2026: March 2nd or February 3rd.

    Without a known order, the nearest to the reference counts.
    """
    found = []
    for is_day_first in (False, True) if day_first is None else (day_first,):
        month, day = (second, first) if is_day_first else (first, second)
        try:
            found.append(datetime(year, month, day, tzinfo=UTC) + clock)
        except ValueError:
            continue
    if not found:
        return Stamp()
    return Stamp(min(found, key=lambda at: abs(at - reference)) if reference else found[0], False)


def _short_year(first: int, second: int, third: int, clock: timedelta, reference: datetime | None) -> Stamp:
    """Read 26/02/03 (Hadoop) or 02/03/26 (Rich).

    Of the orders in use, the nearest to the reference counts.
    """
    found = []
    for year, month, day in ((first, second, third), (third, first, second), (third, second, first)):
        try:
            found.append(datetime(2000 + year, month, day, tzinfo=UTC) + clock)
        except ValueError:
            continue
    if not found:
        return Stamp()
    return Stamp(min(found, key=lambda at: abs(at - reference)) if reference else found[0], False)
