"""The way back: whether a rollback is possible and wise, and to what. Pure."""

from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform_views import looks
from deploy_verdict.follow_up.rollback_policy import Candidate, Readiness, readiness
from deploy_verdict.markup.labels import listed, moment
from deploy_verdict.markup.tables import Table
from deploy_verdict.stages.deployment.state import short

MOST_ROWS = 8


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """The section of the report."""

    advice: str
    table: Table | None
    lost: str
    kept: str
    notes: tuple[str, ...]


def readiness_of(bundle: Bundle, now: datetime) -> Readiness:
    """From the newest look that has seen the earlier deployments."""
    seen = [look.observation for look in looks(bundle) if look.observation.offset_s == 0]
    whole = [observation for observation in seen if observation.recent] or seen
    return readiness(whole[-1] if whole else None, bundle.plan.railway, now)


def way_back(bundle: Bundle, now: datetime) -> WayBack | None:
    """None where the platform is not asked."""
    if "deployment" not in bundle.stages:
        return None
    ready = readiness_of(bundle, now)
    target = ready.recommended
    return WayBack(
        advice=ready.advice,
        table=_table(ready) if ready.candidates else None,
        lost=listed([_named(item.commit, item.commit_message) for item in ready.commits_lost], 10),
        kept=_kept(target) if target else "",
        notes=ready.notes,
    )


def _named(commit: str | None, message: str | None) -> str:
    first = (message or "").splitlines()[:1]
    return f"{short(commit)} ({first[0][:80]})" if first else short(commit)


def _kept(target: Candidate) -> str:
    if target.kept_until is None:
        return "not known"
    shortest, longest = target.kept_until
    if shortest == longest:
        return moment(shortest)
    return f"between {moment(shortest)} and {moment(longest)}, depending on the workspace's tier"


def _table(ready: Readiness) -> Table:
    rows = tuple(
        (
            short(item.deployment.id),
            short(item.deployment.commit),
            moment(item.deployment.created_at) if item.deployment.created_at else "not known",
            item.judged.outcome if item.judged else "never judged",
            item.refused or ("yes" if item.proven else "not proven: nobody judged it"),
        )
        for item in ready.candidates[:MOST_ROWS]
    )
    return Table(headers=("Deployment", "Commit", "Created", "Verdict then", "A target?"), rows=rows)
