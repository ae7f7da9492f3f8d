"""docs/guide/load-tests.md: what Locust wrote when it ran that plan, and what its two scripts write."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

from deploy_verdict.model import Outcome
from deploy_verdict.stages.e2e.collect import run_suite
from deploy_verdict.stages.e2e.judge import judge_suites
from tests.bundles import bundle_of, loaded
from tests.databases import needed
from tests.pages import PAGES, blocks
from tests.stages.suites import context_of

PAGE = PAGES["docs/guide/load-tests.md"]
PLAN = yaml.safe_load(blocks(PAGE, "yaml")[0])
RECORDED = Path(__file__).parent / "load"


def outcomes(junit, folder):
    """The findings of the page's plan, whose command leaves this JUnit file."""
    copying = [sys.executable, "-c", f"open({str(folder / 'load.xml')!r}, 'w').write({junit!r})"]
    suite = {**PLAN["e2e"], "command": copying, "junit": str(folder / "load.xml")}
    context = context_of(json.dumps({"e2e": suite})[1:-1] + "\n", "http://service.test")
    observations = run_suite(context, 0.0)
    bundle = bundle_of(context.plan, loaded(context.plan, "e2e", observations))
    return {item.check: item.outcome for item in judge_suites(bundle) if item.rule == "passes"}


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("locust-healthy.xml", set()),
        ("locust-sick.xml", {"load.fewer than 1 % fail", "load.p95 below 500 ms"}),
    ],
)
def test_what_locust_wrote_is_judged(name, failed, tmp_path):
    found = outcomes((RECORDED / name).read_text(), tmp_path)
    assert len(found) == PLAN["e2e"]["expected_cases"]
    assert {check for check, outcome in found.items() if outcome is not Outcome.PASS} == failed


@pytest.mark.parametrize(
    ("requests", "fail_ratio", "p95_ms", "recorded"),
    [(400, 0.0, 60, "locust-healthy.xml"), (370, 1.0, 510, "locust-sick.xml"), (0, 0.0, None, None)],
)
def test_the_locustfile_of_the_page_writes_what_locust_left(
    requests, fail_ratio, p95_ms, recorded, tmp_path, monkeypatch
):
    """Its listener, called as Locust calls it; nothing requested passes no threshold."""
    listeners = []
    locust = ModuleType("locust")
    locust.HttpUser, locust.task = object, lambda function: function
    locust.between = lambda low, high: (low, high)
    locust.events = SimpleNamespace(quitting=SimpleNamespace(add_listener=listeners.append))
    monkeypatch.setitem(sys.modules, "locust", locust)
    monkeypatch.setenv("TARGET_URL", "http://service.test")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(PAGE, "python")[0], "load.py", "exec"), {})
    total = SimpleNamespace(
        num_requests=requests, fail_ratio=fail_ratio, get_response_time_percentile=lambda share: p95_ms
    )
    listeners[0](environment=SimpleNamespace(stats=SimpleNamespace(total=total)))
    text = (tmp_path / "load.xml").read_text()
    assert text.count("<failure") == 3 if recorded is None else text == (RECORDED / recorded).read_text()


@pytest.mark.parametrize(("is_ok", "outcome"), [(True, Outcome.PASS), (False, Outcome.FAIL)])
def test_the_k6_script_of_the_page_makes_cases_of_its_thresholds(is_ok, outcome, tmp_path):
    """Its handleSummary on a summary of k6's shape, run by node; k6 itself is not here."""
    script = "\n".join(line for line in blocks(PAGE, "javascript")[0].splitlines() if "import " not in line)
    limits = {"http_reqs": "count>=200", "http_req_failed": "rate<0.01", "http_req_duration": "p(95)<500"}
    metrics = {
        name: {"type": "trend", "values": {"p(95)": 510}, "thresholds": {limit: {"ok": is_ok}}}
        for name, limit in limits.items()
    }
    data = {"metrics": {**metrics, "vus": {"type": "gauge", "values": {"value": 10}}}}
    module = tmp_path / "load.mjs"
    module.write_text(f'{script}\nconsole.log(handleSummary({json.dumps(data)})["load.xml"]);\n')
    made = subprocess.run([needed("node"), module], check=True, capture_output=True, text=True)
    found = outcomes(made.stdout, tmp_path)
    assert found == {f"load.{name} {limit}": outcome for name, limit in limits.items()}
