"""Rolls back: chooses from the window's evidence, checks the platform again, requests once, and verifies.

rollback.json in the window's directory is written before the request, so that no second run requests it
again, whatever became of the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from deploy_verdict.base.clock import Clock, Stop
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.model import Deployment, DeploymentObservation, RollbackFile
from deploy_verdict.plan import Railway as Section
from deploy_verdict.railway import (
    RailwayClient,
    RailwayError,
    ServiceIds,
    active_deployments,
    deployments,
    roll_back,
)
from deploy_verdict.railway.connection import RailwayConnection
from deploy_verdict.stages.deployment.rollback_policy import newest_verdict, readiness, refusal
from deploy_verdict.stages.deployment.state import IN_FLIGHT, LIVE, is_same_release, same_commit, short
from deploy_verdict.window.directory.evidence_store import write_json
from deploy_verdict.window.judge_directory import ROLLBACK_FILE

POLL_S, FOUND_WITHIN_S = 2.0, 120.0
# How long to leave another person's deployment before a rollback may touch it.
OTHERS_WITHIN_MIN = 15
OTHERS_WITHIN = timedelta(minutes=OTHERS_WITHIN_MIN)
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to roll back to, and everything that a person should know before."""

    deployment: Deployment
    subject: Deployment
    lost: tuple[Deployment, ...]
    kept_until: str
    notes: tuple[str, ...]


def chosen(
    observation: DeploymentObservation | None, section: Section | None, clock: Clock, named: str | None
) -> Target:
    """Return the recommended target, or the named one; raise UsageError if it is missing or refused."""
    ready = readiness(observation, section, clock.now())
    if ready.unknown or observation is None or observation.deployment is None:
        raise UsageError(f"no rollback: {ready.advice}")
    if named is None and ready.recommended is None:
        reasons = "; ".join(
            f"{short(item.deployment.id)}: {item.refused or 'never judged'}" for item in ready.candidates
        )
        raise UsageError(f"{ready.advice}" + (f" ({reasons})" if reasons else ""))
    if named is None and ready.recommended is not None:
        candidate = ready.recommended
    else:
        matching = [item for item in ready.candidates if item.deployment.id == named]
        if not matching:
            known = ", ".join(item.deployment.id for item in ready.candidates) or "none"
            raise UsageError(
                f"--to {named}: no earlier deployment of the service has this id — it has: {known}"
            )
        candidate = matching[0]
        if candidate.refused:
            raise UsageError(f"--to {named}: {candidate.refused}")
    kept = candidate.kept_until
    return Target(
        deployment=candidate.deployment,
        subject=observation.deployment,
        lost=ready.commits_lost,
        kept_until=f"{kept[0]:%Y-%m-%d %H:%M} to {kept[1]:%Y-%m-%d %H:%M} UTC" if kept else "not known",
        notes=ready.notes,
    )


def read_rollback(out: Path) -> RollbackFile | None:
    """Read what an earlier run requested; raise EvidenceError if that is unreadable."""
    path = out / ROLLBACK_FILE
    try:
        return RollbackFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise EvidenceError(
            f"{path}: cannot be read ({type(error).__name__}); a rollback may have been requested — "
            "check the platform before you remove this file"
        ) from error


class Rollback:
    """One rollback at the platform, with its state kept on disk."""

    def __init__(
        self,
        connection: RailwayConnection,
        out: Path,
        section: Section | None,
        *,
        clock: Clock,
        stop: Stop,
        tell: Tell,
    ) -> None:
        if connection.client is None or connection.place is None:
            raise UsageError(
                f"no rollback: {connection.fault.detail if connection.fault else 'cannot use Railway'}"
            )
        self._railway: RailwayClient = connection.client
        self._place: ServiceIds = connection.place
        self._out, self._section, self._clock, self._stop, self._tell = out, section, clock, stop, tell

    def perform(self, target: Target, observation: DeploymentObservation) -> RollbackFile:
        """Request the rollback once and return the platform's answer; it is never requested again."""
        listed = self._listed(target.deployment.id)
        self._check_again(target, observation, listed)
        request = RollbackFile(
            target=target.deployment.id,
            target_commit=target.deployment.commit,
            subject=target.subject.id,
            asked_at=self._clock.now(),
            known_before=tuple(item.id for item in listed),
            state="asked",
        )
        self._keep(request)
        self._tell(f"requesting a rollback to {short(request.target)} at Railway")
        try:
            roll_back(self._railway, request.target)
        except RailwayError as error:
            state: Literal["unclear", "refused"] = "unclear" if error.uncertain else "refused"
            return self._keep(request.model_copy(update={"state": state, "detail": error.fault.detail}))
        return self._keep(request.model_copy(update={"state": "answered"}))

    def _check_again(
        self, target: Target, observation: DeploymentObservation, listed: tuple[Deployment, ...]
    ) -> None:
        """Check what is active now and whether the target still exists, as the window may be hours old."""
        now = next((item for item in listed if item.id == target.deployment.id), None)
        if now is None:
            raise UsageError(f"no rollback: Railway no longer lists deployment {target.deployment.id}")
        reason = refusal(now, self._section, newest_verdict(now, observation.judged))
        if reason:
            raise UsageError(f"no rollback to {short(now.id)}: {reason}")
        active = active_deployments(self._railway, self._place)
        others = [item for item in active if not is_same_release(item, target.subject)]
        # An older deployment may still be serving, as a failed build leaves it active.
        newer = [
            item
            for item in others
            if item.created_at and target.subject.created_at and item.created_at > target.subject.created_at
        ]
        if newer:
            active_now = f"deployment {short(newer[0].id)} of commit {short(newer[0].commit)}"
            raise UsageError(
                f"no rollback: {active_now} is active now and newer than the judged one — judge that one"
            )
        if any(item.id == target.deployment.id for item in active):
            raise UsageError(f"no rollback: deployment {short(target.deployment.id)} is already active")
        self._check_alone(target, listed)

    def _check_alone(self, target: Target, listed: tuple[Deployment, ...]) -> None:
        """Refuse while someone else is deploying: one deployment would undo the other."""
        now = self._clock.now()
        for item in listed:
            is_new = item.id not in (target.subject.id, target.deployment.id) and not _is_older(
                item, target.subject
            )
            age = now - item.created_at if item.created_at else None
            is_recent = age is not None and age <= OTHERS_WITHIN and not is_same_release(item, target.subject)
            if not is_new or not (is_recent or item.status in IN_FLIGHT):
                continue
            when = (
                f"{item.created_at:%H:%M} UTC" if item.created_at else "a moment that Railway does not name"
            )
            raise UsageError(
                f"no rollback: {item.creator or 'somebody'} made deployment {short(item.id)} of commit "
                f"{short(item.commit)} at {when} ({item.status}), and one would undo the other — see what "
                f"becomes of it; {OTHERS_WITHIN_MIN} minutes after it, run this again"
            )

    def follow(self, request: RollbackFile, wait_s: float) -> RollbackFile:
        """Find the new deployment in the list, and wait at most wait_s until it is live or has failed."""
        began_s, shown = self._clock.monotonic_s(), ""
        while True:
            found = self._new_deployment(request)
            waited_s = self._clock.monotonic_s() - began_s
            if found is not None and found.status not in IN_FLIGHT:
                live = found.status in ("SUCCESS", "SLEEPING") and self._is_active(found)
                if live or found.status not in ("SUCCESS", "SLEEPING") or waited_s >= wait_s:
                    return self._keep(_ended(request, found, live=live))
            words = (
                f"deployment {short(found.id)} is {found.status}"
                if found
                else "no new deployment is listed yet"
            )
            limit_s = wait_s if found is not None else min(wait_s, FOUND_WITHIN_S)
            if waited_s >= limit_s or self._stop.requested:
                return self._keep(request.model_copy(update={"state": "not seen", "detail": words}))
            if words != shown:
                self._tell(words)
                shown = words
            self._clock.sleep(POLL_S)

    def _new_deployment(self, request: RollbackFile) -> Deployment | None:
        """Return the deployment that the request made, of the target's commit if it has one.

        Railway does not document a rollback's record: it may lack the commit, or be the target's own.
        """
        listed = self._listed(request.target)
        fresh = [item for item in listed if item.id not in request.known_before]
        fitting = [
            item
            for item in fresh
            if not request.target_commit or same_commit(item.commit, request.target_commit)
        ]
        if fitting:
            return fitting[0]
        if len(fresh) == 1 and fresh[0].commit is None:
            return fresh[0]
        again = [item for item in listed if item.id == request.target and item.status in (*IN_FLIGHT, *LIVE)]
        return next((item for item in again if item.status in IN_FLIGHT or self._is_active(item)), None)

    def _listed(self, target: str) -> tuple[Deployment, ...]:
        """Return the deployments, newest first, back to the target."""
        listed, _ = deployments(
            self._railway, self._place, is_enough=lambda found: any(item.id == target for item in found)
        )
        return listed

    def _is_active(self, found: Deployment) -> bool:
        return any(item.id == found.id for item in active_deployments(self._railway, self._place))

    def _keep(self, file: RollbackFile) -> RollbackFile:
        write_json(self._out / ROLLBACK_FILE, file)
        return file


def _is_older(item: Deployment, other: Deployment) -> bool:
    return bool(item.created_at and other.created_at and item.created_at < other.created_at)


def _ended(request: RollbackFile, found: Deployment, *, live: bool) -> RollbackFile:
    result = "is live" if live else f"ended as {found.status}"
    return request.model_copy(
        update={
            "state": "live" if live else "failed",
            "deployment": found.id,
            "detail": f"deployment {short(found.id)} of commit {short(found.commit)} {result}",
        }
    )
