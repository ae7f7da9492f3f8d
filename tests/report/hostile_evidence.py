"""A window with every kind of observation, in which any free text may be hostile."""

import json
import random
import types
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, JsonValue

from deploy_verdict import model
from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.model import Evidence, Loaded, Subject, Unreadable, WindowFrame
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import read_plan
from tests.running import ROOT

T0 = datetime.fromisoformat("2026-02-02T14:00:00+00:00")
PLAN = read_plan((ROOT / "plans/zeues.yml").read_bytes(), "zeues.yml", {}, "2026-02-02")
COMMIT = "f0ec7b5" + "a" * 33
# Fields that need a valid value, or the verdict would stop at its first doubt; other texts have no form.
PLAIN = {
    "commit": (COMMIT,),
    "status": ("SUCCESS", "FAILED", "REMOVED"),
    "method": ("GET", "POST"),
    "url": ("http://s.test/api/health", "http://s.test/api/redis-connection-stats"),
    "path": ("/api/health", "/api/occupation/tomar"),
    "kind": ("timeout", "refused"),
    "level": ("ERROR", "WARNING"),
    "name": ("memory_gb", "memory_limit_gb", "http_500", "TOMAR ARM"),
    "statuses": ("200", "500"),
    "answers": ("200", "500"),
    "fields": ("operacion",),
    "body": (
        '{"status": "healthy", "operational": true, "max_connections": 20, "active_connections": 4}',
        '{"status": "ill", "max_connections": 20, "active_connections": 20, "utilization_percent": 100}',
    ),
}
CHECKS = {
    "health": ("system-health", "pool-stats", "tomar", "completar", "f0ec7b5"),
    "e2e": ("suite", "ARM Flow", "Race Condition"),
    "pools": ("redis", "tomar", "completar"),
    "exercise": ("redis",),
    "floor": ("redis",),
    "top_up": ("TOMAR", "COMPLETAR"),
    "logs": ("log", "baseline"),
    "traffic": ("traffic",),
    "metrics": ("metrics",),
    "deployment": ("deployment",),
}
KINDS = {
    "deployment": (model.DeploymentObservation,),
    "health": (
        model.HttpObservation,
        model.FingerprintObservation,
        model.AwaitedObservation,
        model.LedgerObservation,
    ),
    "e2e": (model.TestObservation, model.SuiteObservation, model.CaseObservation, model.LedgerObservation),
    "pools": (model.BurstObservation, model.HttpObservation),
    "exercise": (model.ExerciseObservation,),
    "floor": (model.FloorObservation,),
    "top_up": (model.TopUpObservation,),
    "logs": (model.LogObservation,),
    "traffic": (model.TrafficObservation,),
    "metrics": (model.MetricsObservation,),
}  # fmt: skip
LOOKS = {"e2e": (0.0, 7200.0), "pools": (0.0, 900.0, 7200.0), "deployment": (0.0, 7200.0)}
AT_THE_END = ("exercise", "floor", "top_up", "logs", "traffic", "metrics")


class Maker:
    """Makes a value for any field of any record by walking its type, so that a new field is covered too."""

    def __init__(self, texts: Sequence[str], chance: random.Random) -> None:
        self._texts, self._chance = texts, chance

    def text(self, name: str) -> str:
        plain, text = PLAIN.get(name, ("plain",)), self._chance.choice(self._texts)
        if name == "body" and self._chance.random() < 0.3:
            return json.dumps({"status": text, "max_connections": text, text: [text]})
        return text if self._chance.random() < 0.6 else self._chance.choice(plain)

    def record(self, of: type[BaseModel], /, **given: Any) -> Any:
        fields = {
            name: self._value(field.annotation, name)
            for name, field in of.model_fields.items()
            if name not in given
            # A fault leaves no answer, so most observations get no fault.
            and not (name in ("fault", "refused", "stopped") and self._chance.random() < 0.6)
        }
        return of(**fields, **given)

    def _value(self, kind: Any, name: str) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if kind is JsonValue or name == "captured":
            return {self.text(name): self.text(name)} if name == "captured" else self.text(name)
        if origin is Literal:
            return self._chance.choice(inner)
        if origin in (Union, types.UnionType):
            return self._value(next(item for item in inner if item is not type(None)), name)
        if origin is Annotated:
            return self._value(inner[0], name)
        if origin is tuple:
            return tuple(self._value(inner[0], name) for _ in range(2))
        if origin is dict:
            return {self.text(name): self._value(inner[1], name) for _ in range(2)}
        return self._plain(kind, name)

    def _plain(self, kind: Any, name: str) -> Any:
        if issubclass(kind, model.Whose):
            return self._chance.choice(list(model.Whose))
        if issubclass(kind, BaseModel):
            return self.record(kind)
        if issubclass(kind, bool):
            return self._chance.random() < 0.3
        if issubclass(kind, int):
            return (
                self._chance.choice((200, 404, 500)) if name == "status" else self._chance.choice((0, 1, 7))
            )
        if issubclass(kind, float):
            return self._chance.choice((0.0, 8.5, 900.0))
        if issubclass(kind, AwareDatetime):
            return T0 + timedelta(seconds=self._chance.choice((0, 60, 7000)))
        assert kind is str, (kind, name)
        return self.text(name)


def hostile_bundle(texts: Sequence[str], seed: int):
    """A bundle whose free texts are drawn from these; the same seed gives the same window for any texts."""
    make = Maker(texts, random.Random(seed))
    window = WindowFrame(
        id="20260202T140000Z-555555", t0=T0, length_s=PLAN.window.length, offsets_s=PLAN.window.offsets_s
    )
    subject = Subject(
        target=make.text("target"),
        service=make.text("service"),
        environment=make.text("environment"),
        commit=make.text("commit"),
        deployment=make.text("deployment"),
    )
    files: list[Loaded | Unreadable] = [Unreadable(name=f"{texts[0]}.json", reason=texts[0])]
    for stage, kinds in KINDS.items():
        for offset_s in LOOKS.get(stage, (7200.0,) if stage in AT_THE_END else (0.0,)):
            files.append(_file(make, stage, kinds, offset_s, subject, window))
    found = bundled(PLAN, window, subject, files, ended=make.text("ended"))
    assert len(found.unreadable) == 1, found.unreadable
    return found


def _file(make, stage, kinds, offset_s, subject, window):
    seen = []
    for kind in kinds:
        for check in CHECKS[stage]:
            given: dict[str, Any] = {"check": check, "offset_s": offset_s, "kind": None}
            given["kind"] = kind.model_fields["kind"].default
            if "rounds" in kind.model_fields:
                given["at_once"] = 6
            if "offset_s" not in kind.model_fields:
                del given["offset_s"]
            if "start" in kind.model_fields:
                given |= {"start": T0, "end": T0 + timedelta(seconds=7200)}
            if kind is model.LogObservation:
                # The service's own log.
                given["log"] = ""
            if kind is model.MetricsObservation:
                given["every_s"] = 60.0
            seen.append(make.record(kind, **given))
    evidence = Evidence(
        stage=stage, subject=subject, window=window, plan_name=PLAN.name, plan_sha256=PLAN.sha256,
        tool_version="0.1.0", run_url=make.text("run_url"), offset_s=offset_s,
        planned_at=T0, started_at=T0, finished_at=T0, observations=tuple(seen),
    )  # fmt: skip
    return Loaded(name=evidence_name(stage, offset_s, 1), evidence=evidence)
