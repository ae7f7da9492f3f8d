"""Which of our own requests a log holds, whoever else writes into it, and how wrong its clock is."""

import random
import re
from datetime import timedelta

import pytest

from deploy_verdict.evidence.answers.exchanges import OwnRequest
from deploy_verdict.plan import LogRules
from deploy_verdict.stages.logs.counting.canary import CanaryLines
from deploy_verdict.stages.logs.counting.review import review
from deploy_verdict.stages.logs.judge import judge_logs
from deploy_verdict.stages.logs.lines.source_lines import SourceLine
from tests.bundles import T0

END = T0 + timedelta(hours=2)
RULES = LogRules.model_validate({"canary": {"regex": r"GET /\S* \d\d\d"}, "max_errors": 0})


def own(path="/health", *, seed=1, every_s=900, burst=10):
    """A window's requests: nine samples, each a burst of one request every three seconds or so."""
    clock = random.Random(seed)
    found = []
    for number in range(9 * burst):
        at = T0 + timedelta(seconds=number // burst * every_s + number % burst * 3 + clock.uniform(0, 0.4))
        found.append(OwnRequest(path, at, at + timedelta(seconds=clock.uniform(0.01, 0.2)), f"{number:032x}"))
    return found


def lines(requests, *, text="GET {path} 200", ahead_s=0.0, whole=False, agent=""):
    for item in requests:
        at = item.ended_at + timedelta(seconds=ahead_s)
        said = text.format(path=item.path, id=item.request_id) + agent
        yield SourceLine(said, at.replace(microsecond=0) if whole else at)


def others(path, every_s, *, end_s=7200.0):
    at_s = 0.0
    while at_s < end_s:
        yield SourceLine(f"GET {path} 200", T0 + timedelta(seconds=at_s))
        at_s += every_s


def read(requests, *parts):
    logged = sorted((line for part in parts for line in part), key=lambda line: line.at)
    canary = CanaryLines(requests, re.compile(RULES.canary.regex).search, window_id="w1", start=T0, end=END)
    for line in logged:
        canary.add(line)
    return canary.reading()


OURS = own()
HALF = [item for number, item in enumerate(OURS) if number % 2]
TWO_PATHS = OURS + own("/orders", seed=2)
AGENT = " deploy-verdict/1.0 (window w1)"


@pytest.mark.parametrize(
    ("requests", "parts", "by", "found", "of"),
    [
        (OURS, [lines(OURS)], "path and time", 90, 90),
        (OURS, [lines(OURS, whole=True)], "path and time", 90, 90),
        (OURS, [lines(HALF), others("/orders", 0.5)], "path and time", 45, 90),
        # A probe of the platform each ten seconds fills some of ours by chance, which is taken off.
        (OURS, [lines(HALF), others("/health", 10)], "path and time", 45, 90),
        (OURS, [lines(OURS), others("/health", 10)], "path and time", 90, 90),
        (OURS, [lines(OURS, text="GET /mounted 200")], "time", 90, 90),
        # Two shippers.
        (OURS, [lines(OURS), lines(OURS)], "path and time", 90, 90),
        # Two instances write elsewhere.
        (OURS, [lines(OURS[::3])], "path and time", 30, 90),
        (OURS, [lines(HALF, text="GET {path} 200 {id}"), others("/health", 0.2)], "request id", 45, 90),
        (OURS, [lines(OURS, agent=AGENT), others("/health", 0.2)], "user-agent", 90, 90),
        (OURS, [lines(HALF, agent=AGENT), others("/health", 0.2)], "user-agent", 45, 90),
        (OURS, [lines(OURS, agent=AGENT.replace("w1", "w2"))], "path and time", 90, 90),
        (OURS, [], "time", 0, 90),
    ],
)
def test_only_our_own_lines_count(requests, parts, by, found, of):
    reading = read(requests, *parts)
    assert (reading.by, reading.requests) == (by, of)
    assert abs(reading.found - found) <= 6


def test_a_path_that_the_log_never_names_is_no_gap_and_a_hole_is():
    """Many services leave their health checks out of the log."""
    quiet = [item for item in own("/openapi.json", seed=3) if item.sent_at < T0 + timedelta(seconds=60)]
    assert read([*quiet, *OURS], lines(OURS)).unseen is None
    hole = [item for item in OURS if item.sent_at > T0 + timedelta(seconds=60)]
    assert read([*quiet, *OURS], lines(hole)).unseen.count == 10


def test_a_path_where_some_line_stands_at_any_moment_proves_nothing():
    orders = [item for item in TWO_PATHS if item.path == "/orders"]
    reading = read(TWO_PATHS, lines(OURS), lines(orders[:3]), others("/orders", 0.2))
    assert (reading.requests, reading.found, reading.crowded) == (90, 90, ("/orders",))
    alone = read(orders, lines(orders[:3]), others("/orders", 0.2))
    assert (alone.requests, alone.crowded) == (0, ("/orders",))
    assert "so the canary proves nothing" in doubt(alone)


@pytest.mark.parametrize("ahead_s", [0, 0.4, 5, -90, 1800, -1800, 3600, -7200, 34200])
@pytest.mark.parametrize("kept", [OURS, OURS[10:], HALF], ids=["all", "but the first sample", "half"])
def test_the_clock_is_read_off_our_requests_whatever_is_missing(ahead_s, kept):
    # Zones differ by what samples differ by: quarters of an hour.
    reading = read(OURS, lines(kept, ahead_s=ahead_s))
    assert reading.clock_ahead_s == pytest.approx(ahead_s, abs=0.3)
    assert reading.found == pytest.approx(len(kept), abs=2)


@pytest.mark.parametrize("ahead_s", [0, -90, 3600, -7200])
def test_the_clock_of_a_log_that_dates_by_the_second(ahead_s):
    assert read(OURS, lines(OURS, ahead_s=ahead_s, whole=True)).clock_ahead_s == pytest.approx(
        ahead_s, abs=0.7
    )


@pytest.mark.parametrize("requests", [OURS[:4], OURS])
def test_a_clock_that_nothing_shows_is_not_known(requests):
    some = requests if len(requests) < 5 else requests[::3]
    assert read(requests, lines(some)).clock_ahead_s is None


def doubt(reading):
    """Why the log is not readable, by this reading alone."""
    seen = [SourceLine("GET /health 200", T0 + timedelta(seconds=at_s)) for at_s in range(0, 7201, 600)]
    source = type(
        "Source", (), {"name": "x", "fault": None, "incomplete": (), "lines": lambda self: iter(seen)}
    )()
    observation = review(RULES, source, start=T0, end=END, redact=str).model_copy(update={"canary": reading})
    return next(
        item for item in judge_logs(RULES, observation, evidence="e") if item.rule == "readable"
    ).actual


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (OURS, "13 lines"),
        (OURS[:20] + OURS[24:], "13 lines"),
        (
            OURS[:20] + OURS[25:],
            "none of our 5 requests between 2026-02-02T12:30:00Z and 2026-02-02T12:30",
        ),
        (OURS[::3], "30 lines for 90 answered requests of ours, by path and time (/health: 30 of 90)"),
        ([item for number, item in enumerate(OURS) if number % 9], "80 lines for 90 answered requests"),
    ],
)
def test_what_is_missing_is_said(kept, said):
    assert said in doubt(read(OURS, lines(kept)))
