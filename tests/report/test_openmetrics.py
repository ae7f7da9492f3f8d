"""A window's measures in OpenMetrics, as Prometheus's own parser and a real Prometheus read them."""

import json
import re
import shutil
import urllib.parse
import urllib.request
from datetime import timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from deploy_verdict.cli.command import main
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Exchange,
    LogObservation,
    MetricsObservation,
    PathTraffic,
    StepRecord,
    Subject,
    TestObservation,
    TrafficObservation,
)
from deploy_verdict.model.logs import PatternCount
from deploy_verdict.model.platform import Point, Series
from deploy_verdict.redaction.output_guard import guard
from deploy_verdict.report.openmetrics import FAMILIES, PREFIX, openmetrics
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, burst, http, loaded
from tests.plans import plan_of
from tests.running import ROOT
from tests.test_stories import CASES
from tests.trackers import prometheus

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "deploy-verdict.json").read_text())
EXPRESSIONS = [
    (panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]
]
END = T0 + timedelta(minutes=30)
ODD = 'a "quoted" \\ back\nslash — {é}'
PLAN = """
window: {length: 30m, sample_every: 15m}
railway: {}
health: [{name: api, get: /api, expect: {status: 200}}]
pools: [{name: db, get: /pool, used: $.used, limit: $.limit, burst: {for: 2s, every: 1s}}]
e2e: {tests: [{name: order, steps: [{name: look, get: /order, expect: {status: 200}}]}]}
logs: {must_not_appear: ["Too many connections"]}
traffic: {}
metrics: {}
"""


def complete():
    """A window with something of everything: a 503, a missed sample, an odd path."""
    plan = plan_of(PLAN)
    answer = Exchange(at=T0, method="GET", url="http://service.test/order", request_id="r", status=200)
    step = StepRecord(part="steps", index=0, name="look", exchange=answer)
    offsets = (0.0, 900.0, 1800.0)
    points = tuple(Point(offset_s=offset_s, value=0.5) for offset_s in offsets)
    names = ("memory_gb", "memory_limit_gb", "cpu_vcpu", "cpu_limit_vcpu", "http_p50_ms", "http_p95_ms")
    path = {"method": "GET", "path": ODD, "requests": 9, "p95_ms": 250.0, "p50_ms": 20.0}
    whole = {"source": "x", "start": T0, "end": END}
    counts = {"lines_read": 9, "lines_in_window": 9, "levels": {"ERROR": 2, "INFO": 7}}
    pattern = PatternCount(pattern="Too many connections", count=0)
    return bundle_of(
        plan,
        loaded(plan, "health", [http("api", {}, at=T0)]),
        loaded(plan, "health", [http("api", {}, 503, 900.0, at=T0 + timedelta(minutes=15))], 900.0),
        *(loaded(plan, "pools", [burst("db", [3, 4], offset_s)], offset_s) for offset_s in offsets),
        loaded(plan, "e2e", [TestObservation(check="order", offset_s=0, at=T0, elapsed_ms=5, steps=(step,))]),
        loaded(plan, "logs", [LogObservation(patterns=(pattern,), **counts, **whole)], 1800.0),
        loaded(
            plan,
            "traffic",
            [
                TrafficObservation(
                    requests=9, paths=(PathTraffic(statuses={"200": 8, "503": 1}, **path),), **whole
                )
            ],
            1800.0,
        ),
        loaded(
            plan,
            "metrics",
            [
                MetricsObservation(
                    start=T0, end=END, every_s=900, series=tuple(Series(name=n, points=points) for n in names)
                )
            ],
            1800.0,
        ),
    )


def written(bundle):
    verdict = judge(bundle, judged_at=END, tool_version="0.1.0")
    subject = Subject(target="http://service.test", service="shop", commit="f0ec7b5", deployment="d-1")
    return openmetrics(bundle, verdict.model_copy(update={"subject": subject}))


def test_the_platform_names_the_commit_where_nobody_gave_it():
    plan = plan_of(PLAN)
    live = Deployment(id="d-1", status="SUCCESS", commit="c0ffee1")
    bundle = bundle_of(
        plan, loaded(plan, "deployment", [DeploymentObservation(offset_s=0, at=T0, deployment=live)])
    )
    verdict = judge(bundle, judged_at=END, tool_version="0.1.0")
    assert 'commit="c0ffee1"' in openmetrics(bundle, verdict)


def read(text):
    """Each sample by its name, with its labels."""
    assert text.endswith("# EOF\n")
    samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert not family.unit or family.name.endswith(f"_{family.unit}")
        for sample in family.samples:
            assert sample.timestamp is not None
            samples.setdefault(sample.name, []).append(sample)
    return samples


def one(samples, name, **labels):
    (found,) = {
        item.value: item
        for item in samples[f"{PREFIX}_{name}"]
        if labels.items() <= item.labels.items() and float(item.timestamp) == END.timestamp()
    }.values()
    return found.value


def test_every_measure_is_written_with_its_time_and_unit():
    samples = read(written(complete()))
    families = {name.removeprefix(f"{PREFIX}_") for name in samples}
    assert {re.sub(r"_(total|info|count|sum)$", "", name) for name in families} == FAMILIES.keys()
    for item in (item for found in samples.values() for item in found):
        common = {"service": "shop", "commit": "f0ec7b5", "deployment": "d-1"}
        assert common.items() <= item.labels.items()
    assert one(samples, "verdict", deploy_verdict_verdict="critical") == 1
    assert one(samples, "verdict", deploy_verdict_verdict="stable") == 0
    assert one(samples, "samples", stage="health", state="missing") == 1
    assert one(samples, "pool_used_peak", pool="db") == 4
    assert one(samples, "memory_bytes") == 5e8
    assert one(samples, "traffic_requests_total", status="503", path=ODD) == 1
    assert one(samples, "log_lines_total", level="ERROR") == 2
    assert one(samples, "e2e_success_ratio") == 1
    assert one(samples, "response_time_seconds_count", check="api") == 2
    grown = [item.value for item in samples[f"{PREFIX}_requests_total"] if item.labels["status"] == "503"]
    assert grown == [0, 1]


@pytest.mark.parametrize(
    ("story", "absent"),
    [
        ("healthy", "memory_bytes"),
        ("hostile_text", "memory_bytes"),
        ("target_down", "response_seconds"),
        ("no_evidence", "pool_used_peak"),
        ("no_test_ran", "e2e_success_ratio"),
        ("gauge_is_null", "pool_limit"),
        ("logs_with_errors", "cpu_cores"),
    ],
)
def test_what_was_not_measured_is_not_written(story, absent, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(CASES / story, out)
    shutil.copy(CASES / "plan.yml", out)
    assert main(["export", "--openmetrics", str(out), "-o", str(tmp_path / "x.om")]) == 0
    samples = read((tmp_path / "x.om").read_text())
    assert not any(name.startswith(f"{PREFIX}_{absent}") for name in samples)
    (said,) = [item for item in samples[f"{PREFIX}_verdict"] if item.value == 1]
    verdict = json.loads((out / "verdict.json").read_text())
    assert said.labels[f"{PREFIX}_verdict"] == verdict["outcome"]
    assert capsys.readouterr().out == f"{tmp_path / 'x.om'}\n"


def test_a_secret_of_the_environment_is_not_written(tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(CASES / "healthy", out)
    shutil.copy(CASES / "plan.yml", out)
    verdict = (out / "verdict.json").read_text()
    (out / "verdict.json").write_text(verdict.replace("zeues-backend", "s3cret-of-the-environment"))
    guard({"SOME_TOKEN": "s3cret-of-the-environment"})
    assert main(["export", "--openmetrics", str(out)]) == 0
    text = capsys.readouterr().out
    assert "s3cret-of-the-environment" not in text
    assert read(text)


def test_the_dashboard_asks_for_what_is_written():
    samples = read(written(complete()))
    labels = {name: {key for item in found for key in item.labels} for name, found in samples.items()}
    queries = [variable["query"]["query"] for variable in DASHBOARD["templating"]["list"][1:]]
    for expression in (*(expression for _, expression in EXPRESSIONS), *queries):
        for name, selected in re.findall(rf"({PREFIX}_\w+)\{{([^}}]*)\}}", expression):
            asked = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", selected))
            grouped = re.findall(r"by \(([^)]*)\)", expression)
            asked |= {label.strip() for group in grouped for label in group.split(",")}
            assert asked <= labels[name], expression
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in DASHBOARD["panels"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_panel_shows_something_in_a_real_prometheus(tmp_path):
    """One server for all panels: it takes a second to start."""
    grafana = {"service": "shop", "commit": ".*", "__range": "3h"}
    span = {"start": T0.timestamp() - 60, "end": END.timestamp() + 60, "step": 60}
    with prometheus(tmp_path, written(complete())) as url:
        for title, expression in EXPRESSIONS:
            query = re.sub(r"\$(\w+)", lambda name: grafana[name[1]], expression)
            asked = urllib.parse.urlencode({"query": query, **span})
            with urllib.request.urlopen(f"{url}/api/v1/query_range?{asked}") as answer:
                assert json.load(answer)["data"]["result"], f"{title}: {query}"
