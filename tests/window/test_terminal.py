"""What the terminal tells: each sample as it comes, the next one, a service that is down, and the end."""

import io
import json
import re
from itertools import count

import pytest

from deploy_verdict.base.clock import Pace, WallClock
from deploy_verdict.model import Fault, Outcome, Whose
from deploy_verdict.redaction.output_guard import Guarded
from deploy_verdict.verdict.alarm import unanswered
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.sampling.progress_display import ProgressDisplay
from tests.bundles import OUR_DNS, REFUSED, T0, bundle_of, http, loaded
from tests.databases import free_port
from tests.plans import plan_of
from tests.running import script
from tests.servers import json_service

PLAN = """\
window: {length: 10m, sample_every: 5m}
heartbeat: null
health:
  - {name: api, get: /health, expect: {$.status: ok}}
  - {name: list, get: /list, expect: {status: 200}}
"""
EDGE = Fault(kind="edge", whose=Whose.EDGE, detail="the edge answered 502 in place of the service")
UNREACHED = Fault(kind="connect-timeout", whose=Whose.TARGET, detail="no connection within the time limit")
HELD = Fault(kind="held", whose=Whose.US, detail="our own writes stopped")


def at(offset_s, *faults):
    """One sample: the checks in turn, each with its fault, or None where it was answered."""
    return offset_s, faults


@pytest.mark.parametrize(
    ("samples", "is_down"),
    [
        ([at(0, REFUSED, REFUSED)], True),
        ([at(0, EDGE, REFUSED)], True),
        ([at(0, REFUSED, HELD)], True),
        ([at(0, REFUSED, None)], False),
        ([at(0, REFUSED, OUR_DNS)], False),
        ([at(0, OUR_DNS, OUR_DNS)], False),
        ([at(0, HELD, HELD)], False),
        ([at(0, None, None), at(300, REFUSED, REFUSED)], False),
        # From one place, at one moment, it may have been the way there.
        ([at(0, UNREACHED, UNREACHED)], False),
        ([at(0, UNREACHED, UNREACHED), at(300, UNREACHED, UNREACHED)], True),
    ],
)
def test_down_is_what_answered_nothing_since_the_start(samples, is_down):
    plan = plan_of(PLAN)
    files = [
        loaded(plan, "health", [
            http(name, {"status": "ok"}, offset_s=offset_s, **({"fault": fault} if fault else {}))
            for name, fault in zip(("api", "list"), faults, strict=True)
        ], offset_s)
        for offset_s, faults in samples
    ]  # fmt: skip
    bundle = bundle_of(plan, *files)
    verdict = judge(bundle, judged_at=T0, tool_version="0.1.0")
    found = unanswered(bundle, verdict)
    assert (found is not None) is is_down
    if found:
        assert found.startswith("the service answered none of its ")


def watched(tmp_path, url, *more):
    plan, out = tmp_path / "plan.yml", tmp_path / "out"
    plan.write_text(f'version: 1\nname: told\nservice: {{base_url: "{url}"}}\n{PLAN}')
    done = script("watch_deployment", "--plan", plan, "--out", out, "--speed", 200, *more)
    return done, json.loads((out / "verdict.json").read_text())


@pytest.mark.waits
@pytest.mark.parametrize(("more", "samples"), [((), 1), (("--keep-watching",), 3)])
def test_a_service_that_is_down_ends_the_window_unless_asked_otherwise(tmp_path, more, samples):
    done, verdict = watched(tmp_path, f"http://127.0.0.1:{free_port()}", *more)
    assert done.returncode == 11, done.stderr
    assert len(list((tmp_path / "out" / "evidence").glob("health.*"))) == samples
    assert "✗ health " in done.stderr
    assert "no answer: the connection was refused (P1)" in done.stderr
    assert ("add --keep-watching" in done.stderr) is (samples == 1)
    assert ("none of its 2 health checks" in (verdict["ended"] or "")) is (samples == 1)
    assert re.search(
        r"CRITICAL ISSUES: The service does not answer since T\+0min \(\d\d:\d\d UTC\): "
        r"the connection was refused. All \d+ requests failed; P0: nobody is served",
        done.stderr,
    )
    assert "\n             next: " in done.stderr


@pytest.mark.waits
def test_each_sample_says_what_it_found_and_when_the_next_one_is(tmp_path):
    asked = count()

    def respond(method, path, body):
        # The second sample finds it degraded.
        return 200, {"status": "degraded" if path == "/health" and next(asked) == 1 else "ok"}

    with json_service(respond) as service:
        done, _ = watched(tmp_path, service.url)
    assert done.returncode == 11, done.stderr
    lines = [line.strip() for line in done.stderr.splitlines()]
    told = [line for line in lines if re.match(r"T\+\d+min  [✓✗·] health", line)]
    assert re.fullmatch(r"T\+0min  ✓ health: 2 of 2 checks answered, the slowest in \d+ ms \(\w+\)", told[0])
    assert told[1] == 'T+5min  ✗ health api: $.status is "degraded", expected = "ok" (P1)'
    assert re.match(r"T\+10min  ✓ health: 2 of 2", told[3])
    assert any(re.search(r"next: T\+5min at \d\d:\d\d:\d\d UTC.*: health$", line) for line in lines)
    assert any(
        line.startswith('cause: health/api/$.status at T+5min: "degraded"; expected: ') for line in lines
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_the_live_lines_leave_nothing_behind():
    screen, clock = Terminal(), WallClock()
    progress = ProgressDisplay(Guarded(screen))
    with progress.of(Pace.starting(clock, clock.now(), 1), 7200, 9):
        progress.due(900, ["health", "pools"])
        progress.result(0, Outcome.FAIL, "health api: \x1b[31m$.status is\n::error::x")
        progress.runs("the E2E suite at T+0min")
        progress.detail("e2e T+0min: Race Condition done in 59 ms")
    progress.closing("the end")
    text = screen.getvalue()
    assert "now   the E2E suite at T+0min: Race Condition done in 59 ms" in text
    assert "health api: $.status is ::error::x" in re.sub(r"\x1b\[[0-9;]*m", "", text)
    # Both live lines are erased before the next line comes.
    assert text.endswith("\x1b[1A\x1b[2K\x1b[1A\x1b[2K             the end\n")
