"""Merged but not live: compares the deployed branch's newest commit with what Railway runs, by the clock.

A deployment that is skipped or never begins sends no event that opens a window. Without this check nobody
would notice that a fix merged on Friday is not live on Monday.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.base.units import shown_duration
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.github.caller import Tell
from deploy_verdict.github.client import BranchHead
from deploy_verdict.markup.markdown import inline
from deploy_verdict.model import Deployment
from deploy_verdict.plan import Plan
from deploy_verdict.publish.bad_news import handles
from deploy_verdict.publish.service_marks import service_of
from deploy_verdict.railway import RailwayError, active_deployments, deployments, skipped
from deploy_verdict.railway.connection import connect_to_service
from deploy_verdict.railway.deployments import triggers
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.deployment.state import GONE, LIVE, same_commit, short

MOST_RECENT = 100
# Railway's reasons for skipping a commit that changed nothing of this service; such a skip is correct.
_UNCHANGED = re.compile(r"watch|no changes", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class LiveGap:
    """A commit that should be live and is not, since when, and the newest deployment that should be live."""

    head: BranchHead
    live: Deployment | None
    newest: Deployment | None
    since: datetime


def gap_of(head: BranchHead, live: Deployment | None, recent: Sequence[Deployment]) -> LiveGap | None:
    """Return why the branch's newest commit is not live; None if it is, or need not be. Pure.

    `recent` is newest first. Commits that changed nothing of the service are correctly skipped; the newest
    deployment that was not skipped then counts.
    """
    if live is not None and same_commit(live.commit, head.sha):
        return None
    due = [item for item in recent if _is_due(item, live)]
    of_head = [item for item in recent if same_commit(item.commit, head.sha)]
    if not due and of_head and _is_rightly_skipped(of_head[0]):
        return None
    if due:
        # Where nothing is live, the age of the oldest deployments says nothing.
        dated = [item.created_at for item in (due if live else due[:1]) if item.created_at is not None]
        return LiveGap(head=head, live=live, newest=due[0], since=min(dated, default=head.at))
    # The deployment of a commit that was rolled back is older than the live one.
    since = max((live, of_head[0]), key=_created).created_at if of_head and live else None
    return LiveGap(head=head, live=live, newest=next(iter(of_head), None), since=since or head.at)


def _is_due(item: Deployment, live: Deployment | None) -> bool:
    """Whether a deployment should have replaced the live one; one that was removed was live before."""
    if _is_rightly_skipped(item) or item.status in GONE:
        return False
    if live is None:
        return True
    return _created(item) > _created(live) and not same_commit(item.commit, live.commit)


def _is_rightly_skipped(item: Deployment) -> bool:
    return item.status == "SKIPPED" and _UNCHANGED.search(item.skipped_reason or "") is not None


def _created(item: Deployment) -> float:
    return item.created_at.timestamp() if item.created_at else 0.0


def check_live(plan: Plan, environment: Mapping[str, str], tell: Tell) -> str:
    """Compare, and open, update or close the tracking issue; return in one line what was found.

    Raise ProviderError if GitHub or Railway refuses.
    """
    clock, service = WallClock(), service_of(plan.service.name, plan.name)
    if plan.railway is None:
        return f"{service}: the plan has no railway section, so nothing tells what is live"
    github = GitHub(connection_from(environment), tell=tell)
    redactor = Redactor.from_environment(environment)
    railway = connect_to_service(plan, environment, clock=clock, redactor=redactor)
    if railway.client is None or railway.place is None:
        raise ProviderError(f"Railway: {railway.fault.detail if railway.fault else 'no connection'}")
    try:
        branches = {item.branch for item in triggers(railway.client, railway.place) if item.branch}
        active = active_deployments(railway.client, railway.place)
        listed, _ = deployments(railway.client, railway.place, most=MOST_RECENT)
        left_out = skipped(railway.client, railway.place, most=MOST_RECENT, is_enough=lambda found: False)
    except RailwayError as error:
        raise ProviderError(str(error)) from error
    live = max((item for item in active if item.status in LIVE), key=_created, default=None)
    if live is not None and live.commit is None:
        return f"{service}: deployment {short(live.id)} has no commit (railway up, or an image): not compared"
    head = github.head_of(next(iter(branches)) if len(branches) == 1 else None)
    recent = sorted((*listed, *left_out), key=_created, reverse=True)
    gap = gap_of(head, live, recent)
    if gap is None:
        return _live_again(github, service, head, live)
    return _report_gap(github, plan, service, gap, clock.now())


def _keys(service: str, live: Deployment | None) -> tuple[str, str]:
    """Return the key of the issue, and that of its comment: one for each period with the same code live."""
    key = f"not-live-{service}"
    return key, f"{key}-{short(live.commit) if live else 'nothing'}"


def _live_again(github: GitHub, service: str, head: BranchHead, live: Deployment | None) -> str:
    key, of_live = _keys(service, live)
    known = github.known_tracking_issue(key)
    if known is None or not known[1] or live is None:
        return f"{service}: the newest commit of {head.branch} that concerns it is live"
    place = known[0]
    github.put_comment(
        place, of_live, f"✅ `{short(live.commit)}` is live: {inline(head.branch)} has no newer one."
    )
    github.set_open(place, is_open=False)
    return f"{service}: the newest commit of {head.branch} is live again; #{place.number} is closed"


def _report_gap(github: GitHub, plan: Plan, service: str, gap: LiveGap, now: datetime) -> str:
    commit = f"{gap.head.branch} ({short(gap.head.sha)})"
    if now - gap.since <= timedelta(seconds=plan.github.live_within):
        allowed = shown_duration(plan.github.live_within)
        since = f"since {gap.since:%Y-%m-%d %H:%M} UTC"
        return f"{service}: {commit} is not live yet, {since}; github.live_within allows {allowed}"
    key, of_live = _keys(service, gap.live)
    place = github.tracking_issue(key, f"{service}: merged but not live")
    github.set_open(place, is_open=True)
    # GitHub mails new comments, not edited ones.
    github.put_comment(place, of_live, _comment(plan, service, gap))
    return f"{service}: {commit} is merged but not live: #{place.number}"


def _comment(plan: Plan, service: str, gap: LiveGap) -> str:
    live = "nothing is live"
    if gap.live is not None:
        live = f"deployment `{short(gap.live.id)}` of `{short(gap.live.commit)}` is live"
    mentioned = " ".join(f"@{handle}" for handle in handles(plan.github.notify))
    return (
        f"## ⚠️ Merged but not live: {inline(service)}\n\n"
        f"`{short(gap.head.sha)}` is the newest commit of {inline(gap.head.branch)}, and **is not live: "
        f"{live}**, although something newer should be since {gap.since:%Y-%m-%d %H:%M} UTC.\n\n"
        f"{_why(gap)}\n" + (f"\ncc {mentioned}\n" if mentioned else "")
    )


def _why(gap: LiveGap) -> str:
    newest = gap.newest
    if newest is None:
        return (
            "Railway has no deployment of it: autodeploy may have stopped, or the service deploys another "
            "branch. Deploy it by hand (Cmd+K, *Deploy Latest Commit*), and see its Source settings."
        )
    name = f"The newest deployment, `{short(newest.id)}` of `{short(newest.commit)}`, is "
    name += inline(newest.status[:40])
    skipped = inline(newest.skipped_reason or "no reason is given")
    reasons = {
        "SKIPPED": f": {skipped}. Mend the checks, or deploy by hand.",
        "FAILED": ". Its build and deploy log say why.",
        "CRASHED": ". It was live and ended; its deploy log says why.",
        "NEEDS_APPROVAL": ": a person must approve it on Railway.",
        "WAITING": ": it waits for the commit's checks (Wait for CI), two hours at most.",
        "REMOVED": ": it was live, and something older was put in its place, as a rollback does.",
    }
    return name + reasons.get(newest.status, ". Look at it on Railway.")
