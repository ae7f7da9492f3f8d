"""Complete runs for the report's tests: evidence written by hand, with a verdict written by hand.

The verdict is not computed: the report must be right for any verdict, and these must not change with it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import jinja2

from deploy_verdict.evidence.bundle import Bundle, bundled
from deploy_verdict.evidence.measures import measure
from deploy_verdict.expect import worst
from deploy_verdict.model import (
    BurstObservation,
    Coverage,
    CriterionResult,
    Evidence,
    Exchange,
    Finding,
    HttpObservation,
    Loaded,
    LogLine,
    LogObservation,
    PatternCount,
    Reading,
    Silence,
    Slot,
    StepRecord,
    Subject,
    SuiteObservation,
    TestObservation,
    Unreadable,
    Verdict,
    WindowFrame,
)
from deploy_verdict.plan import Plan, WindowSection, read_plan
from deploy_verdict.plan.checks.references import finding_names, refers
from deploy_verdict.report import render_comment, render_report, template_environment

HERE = Path(__file__).parent
TEMPLATES = HERE.parent.parent / "report_templates"
T0 = datetime(2026, 2, 2, 14, 0, tzinfo=UTC)
GENERATED = datetime(2026, 2, 2, 16, 1, 7, tzinfo=UTC)
BUG = "Internal server error: 'CompletarRequest' object has no attribute 'operacion'"
TARGET = "http://zeues.example"
ENVIRONMENT = template_environment(jinja2.FileSystemLoader(TEMPLATES))


def the_plan(**changes: object) -> Plan:
    plan = read_plan((HERE / "plan.yml").read_bytes(), "plan.yml", {}, "2026-02-02")
    return plan.model_copy(update={"sha256": "5" * 64, **changes})


@dataclass
class Story:
    """One run; everything that its fields do not change went well."""

    plan: Plan = field(default_factory=the_plan)
    speed: float = 1.0
    completar: tuple[int, str] = (403, '{"detail": "Worker 93 no es el ocupante actual de TEST-02"}')
    health_body: str = '{"status": "healthy", "operational": true, "details": {"redis_error": null}}'
    used: Mapping[float, tuple[int, ...]] = field(default_factory=dict)
    without_samples: tuple[float, ...] = ()
    log: LogObservation | None = None
    before: LogObservation | None = None
    without: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    slots: tuple[Slot, ...] = ()
    outcome: str = "stable"
    interrupted: bool = False
    findings: Mapping[str, dict[str, object]] = field(default_factory=dict)
    more_findings: tuple[Finding, ...] = ()
    limits: tuple[str, ...] = ("Errors in fewer than 5 % of requests may have been missed.",)

    def bundle(self) -> Bundle:
        files: list[Loaded | Unreadable] = [*self._files(), *self.unreadable]
        return bundled(self.plan, self._window(), SUBJECT, files, left_out=self.left_out)

    def verdict(self) -> Verdict:
        bundle, findings = self.bundle(), self._findings()
        return Verdict(
            subject=SUBJECT,
            window=self._window(),
            plan_name=self.plan.name,
            plan_sha256=self.plan.sha256,
            tool_version="0.1.0",
            judged_at=GENERATED,
            outcome=self.outcome,
            findings=findings,
            criteria=[
                CriterionResult(
                    name=row.name,
                    target=row.target,
                    actual=measure(bundle, findings, row.actual),
                    outcome=worst(mine),
                    findings=len(mine),
                )
                for row in self.plan.criteria
                for mine in [_outcomes(findings, row.findings)]
            ],
            coverage=Coverage(planned=13, taken=13 - len(self.slots), slots=self.slots),
            left_out=self.left_out,
            interrupted=self.interrupted,
            limits=self.limits,
        )

    def report(self) -> str:
        return render_report(
            self.bundle(), self.verdict(), ENVIRONMENT, generated_at=GENERATED, tool_version="0.1.0"
        )

    def comment(self) -> str:
        return render_comment(
            self.bundle(), self.verdict(), ENVIRONMENT, generated_at=GENERATED, tool_version="0.1.0"
        )

    def _window(self) -> WindowFrame:
        return _window(self.plan.window, self.speed)

    def _findings(self) -> tuple[Finding, ...]:
        """Every finding of the plan passes, except as `findings` says: "stage/check/rule" → fields."""
        found = []
        for stage, check, rule in finding_names(self.plan):
            if stage in self.left_out:
                continue
            fields: dict[str, object] = {
                "expectation": f"{rule} as planned",
                "expected": "as planned",
                "outcome": "pass",
                "actual": "as planned",
            }
            if (check, rule) == ("completar", "accept"):
                fields["actual"] = "status 403 (worker 93 does not hold TEST-02)"
            fields |= self.findings.get(f"{stage}/{check}/{rule}", {})
            offsets = self.plan.window.offsets_s if (stage, rule) == ("pools", "band") else (None,)
            at = fields.pop("at", offsets)
            for offset_s in offsets:
                own = fields if offset_s in at else {**fields, "outcome": "pass", "severity": None}
                found.append(Finding(stage=stage, check=check, rule=rule, offset_s=offset_s, **own))
        return (*found, *self.more_findings)

    def _files(self) -> Iterable[Loaded]:
        if "health" not in self.without:
            yield self._file("health", 0.0, self._health())
        for offset_s in self.plan.e2e.at if self.plan.e2e else ():
            yield self._file("e2e", offset_s, self._e2e(offset_s))
        for offset_s in self.plan.window.offsets_s:
            if offset_s not in self.without_samples:
                yield self._file("pools", offset_s, self._sample(offset_s))
        yield self._file(
            "logs", self.plan.window.length, (self.log or the_log(), *filter(None, (self.before,)))
        )

    def _file(self, stage: str, offset_s: float, observations: Iterable[object]) -> Loaded:
        at = T0 + timedelta(seconds=offset_s / self.speed)
        return Loaded(
            name=f"{stage}.T+{offset_s / 60:03.0f}.a1.json",
            evidence=Evidence(
                stage=stage,
                subject=SUBJECT,
                window=self._window(),
                plan_name=self.plan.name,
                plan_sha256=self.plan.sha256,
                tool_version="0.1.0",
                offset_s=offset_s,
                planned_at=at,
                started_at=at,
                finished_at=at,
                observations=tuple(observations),
            ),
        )

    def _health(self) -> Iterable[HttpObservation]:
        yield _http("system-health", 0.0, exchange("GET", "/api/health", 200, self.health_body))
        yield _http("pool-stats", 0.0, exchange("GET", "/api/redis-connection-stats", 200, _stats(3)))
        yield self._completar(0.0)

    def _completar(self, offset_s: float) -> HttpObservation:
        return _http("completar", offset_s, exchange("POST", "/api/occupation/completar", *self.completar))

    def _e2e(self, offset_s: float) -> Iterable[object]:
        yield SuiteObservation(check="suite", offset_s=offset_s, at=T0, elapsed_ms=21_400)
        step = StepRecord(
            part="steps",
            index=0,
            name="COMPLETAR",
            exchange=exchange("POST", "/api/occupation/completar", *self.completar),
        )
        yield TestObservation(check="ARM Flow", offset_s=offset_s, at=T0, elapsed_ms=40, steps=(step,))

    def _sample(self, offset_s: float) -> Iterable[object]:
        used = self.used.get(offset_s, (2, 4))
        yield BurstObservation(
            check="redis",
            offset_s=offset_s,
            actual_offset_s=offset_s,
            at=T0,
            url=f"{TARGET}/api/redis-connection-stats",
            readings=[
                Reading(offset_s=offset_s + number, elapsed_ms=8, status=200, body=_stats(value))
                for number, value in enumerate(used)
            ],
        )
        yield self._completar(offset_s)


@cache
def _window(window: WindowSection, speed: float) -> WindowFrame:
    return WindowFrame(
        id="20260202T140000Z-555555",
        t0=T0,
        length_s=window.length,
        offsets_s=window.offsets_s,
        speed=speed,
    )


SUBJECT = Subject(target=TARGET, service="zeues-backend", environment="production")


def _outcomes(findings: Iterable[Finding], references: Iterable[str]) -> list[str]:
    return [
        finding.outcome
        for finding in findings
        if any(refers(item, (finding.stage, finding.check, finding.rule)) for item in references)
    ]


def _http(check: str, offset_s: float, answer: Exchange) -> HttpObservation:
    return HttpObservation(check=check, offset_s=offset_s, **dict(answer))


def exchange(method: str, path: str, status: int, body: str) -> Exchange:
    return Exchange(
        at=T0, method=method, url=TARGET + path, request_id="r1", status=status, body=body, elapsed_ms=12.4
    )


def _stats(used: int) -> str:
    return json.dumps({"max_connections": 20, "active_connections": used, "alert": None})


def the_log(**changes: object) -> LogObservation:
    """A complete log without errors."""
    fields: dict[str, object] = {
        "source": "backend.log",
        "start": T0,
        "end": T0 + timedelta(hours=2),
        "lines_read": 1300,
        "lines_in_window": 1234,
        "longest_silence": Silence(start=T0, end=T0 + timedelta(minutes=4), length_s=240),
        "levels": {"INFO": 1234},
        "patterns": [
            PatternCount(pattern="Redis pool initialized with max_connections=20", count=1, first_at=T0),
            PatternCount(pattern="Too many connections", count=0),
            PatternCount(pattern="'CompletarRequest' object has no attribute 'operacion'", count=0),
        ],
    }
    return LogObservation(**fields | changes)


def stable() -> Story:
    return Story()


def critical(text: str = BUG) -> Story:
    """The model fix is missing: it shows in health, in each sample, in E2E, in never and in the log."""
    because = "the model fix (f0ec7b5) is not deployed"
    body = json.dumps({"detail": text}, ensure_ascii=False)
    failed = {"outcome": "fail", "severity": "P0", "because": because}
    line = LogLine(at=T0 + timedelta(minutes=1), level="ERROR", text=f"POST /completar failed: {text}")
    count = PatternCount(
        pattern="'CompletarRequest' object has no attribute 'operacion'",
        count=12,
        first_at=line.at,
        examples=(line,),
    )
    pointer = "health.T+000.a1.json#/observations/2"
    answer = {"expectation": "status < 500", "actual": "500", "evidence": pointer}
    return Story(
        completar=(500, body),
        outcome="critical",
        log=the_log(
            levels={"INFO": 1222, "ERROR": 12}, errors=(line,), patterns=(*the_log().patterns[:2], count)
        ),
        findings={
            "health/completar/status": failed | answer,
            "health/completar/accept": failed | answer | {"severity": "P1", "because": None},
            "pools/completar/status": failed | answer | {"evidence": "pools.T+000.a1.json#/observations/1"},
            "never/missing model fix/count": failed
            | {"actual": f"12 of 50 answers: {text}", "evidence": pointer},
            "never/server errors/count": failed
            | {"severity": "P1", "because": "500 errors were the crisis", "actual": "12 of 50 answers"},
            "e2e/ARM Flow/passes": failed
            | {
                "severity": "P1",
                "because": None,
                "actual": f"2 of 2 runs fail: status is 500: {text}",
                "evidence": "e2e.T+000.a1.json#/observations/1",
            },
            "logs/'CompletarRequest' object has no attribute 'operacion'/must_not_appear": failed
            | {"actual": f"12 lines: {text}", "evidence": "logs.T+120.a1.json#/observations/0"},
        },
    )


def inconclusive() -> Story:
    """A sample is missing and the log could not be read; nothing failed."""
    open_ = {"outcome": "inconclusive"}
    refused = "the log could not be read (refused): Railway answered 401"
    missing = {**open_, "actual": "T+45min: the sample was missed"}
    return Story(
        outcome="inconclusive",
        without_samples=(2700.0,),
        slots=(Slot(stage="pools", offset_s=2700.0, state="missing", note="no evidence"),),
        unreadable=(
            Unreadable(name="pools.T+045.a1.json", reason="it is not JSON: it ends after 212 bytes"),
        ),
        log=the_log(
            lines_read=0,
            lines_in_window=0,
            levels={},
            patterns=(),
            longest_silence=None,
            fault={"kind": "refused", "whose": "provider", "detail": "Railway answered 401"},
        ),
        findings={
            "pools/redis/samples": missing,
            "pools/redis/band": {**missing, "at": (2700.0,)},
            "pools/pools/coverage": {**open_, "actual": "8 of 9 taken: T+45min missing"},
            "logs/log/readable": {**open_, "actual": refused},
            "logs/Too many connections/must_not_appear": {**open_, "actual": refused},
        },
        more_findings=(
            Finding(
                stage="evidence",
                check="pools.T+045.a1.json",
                rule="readable",
                expectation="every evidence file can be read",
                outcome="inconclusive",
                expected="evidence of this run",
                actual="it is not JSON: it ends after 212 bytes",
            ),
        ),
    )


STORIES = {"stable": stable, "critical": critical, "inconclusive": inconclusive}
