"""Where scenes are judged: each of them once, by the judge itself. Pure."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.expect import worst
from deploy_verdict.model import Exchange, Finding, Outcome, Verdict
from deploy_verdict.plan import Plan, Request
from deploy_verdict.prove.e2e_replay import Played, played
from deploy_verdict.prove.scenes import T0, Scene, bundle_of, exchange_of, shortened
from deploy_verdict.verdict.judge import judge


class Court:
    """A plan, shortened, and what becomes of scenes under it, the healthy one above all."""

    def __init__(self, plan: Plan, healthy: Scene) -> None:
        self.plan, self.healthy = shortened(plan, healthy.answers), healthy
        self._verdicts: WeakKeyDictionary[Scene, Verdict] = WeakKeyDictionary()
        self._played: WeakKeyDictionary[Scene, tuple[Played, ...]] = WeakKeyDictionary()

    def verdict(self, scene: Scene) -> Verdict:
        """What the judge says of the scene."""
        if scene not in self._verdicts:
            bundle: Bundle = bundle_of(self.plan, scene)
            self._verdicts[scene] = judge(bundle, judged_at=T0, tool_version="proof")
        return self._verdicts[scene]

    def finding(self, scene: Scene, stage: str, check: str, *rules: str) -> Outcome:
        """The worst of some findings."""
        return worst(finding.outcome for finding in self._findings(scene, stage, check, rules))

    def _findings(self, scene: Scene, stage: str, check: str, rules: Sequence[str]) -> list[Finding]:
        return [
            item
            for item in self.verdict(scene).findings
            if (item.stage, item.check) == (stage, check) and item.rule in rules
        ]

    def criterion(self, scene: Scene, name: str) -> Outcome:
        """A row of the success table."""
        return next(item.outcome for item in self.verdict(scene).criteria if item.name == name)

    def exchanges(self, scene: Scene, name: str, request: Request) -> list[Exchange]:
        """The recorded answers of one name."""
        base_url = self.plan.service.base_url
        return [exchange_of(answer, request, base_url) for answer in scene.answers.get(name, ())]

    def played(self, scene: Scene) -> tuple[Played, ...]:
        """The suite with the scene's answers."""
        if scene not in self._played:
            self._played[scene] = tuple(played(self.plan, scene.answers, exchange_of))
        return self._played[scene]
