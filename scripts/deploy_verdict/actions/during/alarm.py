"""Reports bad news at once: a comment of its own, a notification, and the offer of a rollback.

The first job that sees it raises the alarm. The alarm's comment is the lock, so that people are notified once
for each window. A refusal by GitHub or a messenger affects nothing else.
"""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy_verdict.actions.jobs.wait_timers import ROLLBACK_ENVIRONMENT
from deploy_verdict.actions.start.gate import workflow_file
from deploy_verdict.actions.start.run_record import known_run
from deploy_verdict.base.errors import ProviderError, UsageError
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.follow_up.rollback_command import rollback_target
from deploy_verdict.github import Connection, Destination, GitHub
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import RunFile, Verdict, VerdictOutcome
from deploy_verdict.publish.alarm_notification import send_alarm
from deploy_verdict.publish.bad_news import (
    BAD,
    Kind,
    NewsState,
    handles,
    key_of_news,
    news_in,
    news_text,
    with_state,
)
from deploy_verdict.publish.comment_memory import remembered_comment
from deploy_verdict.publish.posts import commit_of, key_of, title_of
from deploy_verdict.verdict.alarm import alarming

Tell = Callable[[str], None]


@dataclass(frozen=True)
class RollbackOffer:
    """What was done about a rollback, or why nothing; `link` is where a reviewer approves one that waits."""

    words: str
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewsDesk:
    """What reporting bad news works with; `runs` connects to the repository's runs only if needed.

    `out` is the window's directory, which remembers its comment.
    """

    github: GitHub
    runs: Callable[[], WorkflowRuns]
    bundle: Bundle
    verdict: Verdict
    file: RunFile | None
    environment: Mapping[str, str]
    tell: Tell
    out: Path
    number: int | None = None
    link: str | None = None


def desk_for(
    connection: Connection,
    options: Namespace,
    bundle: Bundle,
    verdict: Verdict,
    environment: Mapping[str, str],
    tell: Tell,
    *,
    link: str | None = None,
) -> NewsDesk:
    """Build the desk of a window's directory (--out)."""
    file = known_run(options.out)
    named: int | None = getattr(options, "number", None)
    return NewsDesk(
        github=GitHub(connection, tell=tell),
        runs=lambda: WorkflowRuns(connection, tell=tell),
        bundle=bundle,
        verdict=verdict,
        file=file,
        environment=environment,
        tell=tell,
        out=options.out,
        number=named or (file.number if file else None),
        link=link,
    )


def raise_alarm(desk: NewsDesk) -> bool:
    """Raise the alarm if there is one and nobody has yet; return whether this call did."""
    if not alarming(desk.verdict.findings):
        return False
    return _post_news(desk, "alarm", VerdictOutcome.CRITICAL)


def report_bad_verdict(desk: NewsDesk) -> bool:
    """Write the comment about a final verdict other than STABLE, once; return whether this call did."""
    if desk.verdict.outcome not in BAD:
        return False
    return _post_news(desk, "verdict", desk.verdict.outcome)


def _post_news(desk: NewsDesk, kind: Kind, outcome: VerdictOutcome) -> bool:
    state = NewsState(window=desk.bundle.window.id, kind=kind, outcome=outcome)
    key = key_of_news(desk.bundle, kind)
    people: tuple[str, ...] = ()

    def text() -> str:
        nonlocal people
        people = _people(desk)
        return news_text(desk.bundle, desk.verdict, state, people=people, link=desk.link)

    try:
        place = place_of(desk.github, desk.bundle, desk.number, desk.out)
        comment = desk.github.claim_comment(place, key, text)
    except ProviderError:
        if kind == "alarm":
            # Without the comment nobody knows who was first: better to notify twice than not at all.
            _notified(desk)
        raise
    if not comment.is_ours:
        desk.tell(f"people know of this: {comment.url}")
        return False
    desk.tell(f"posted {comment.url}")
    _assign(desk, place, people)
    if kind == "alarm":
        state = state.model_copy(update={"notified": _notified(desk)})
    if outcome is VerdictOutcome.CRITICAL:
        state = _with_rollback(desk, place, kind, state)
    desk.github.put_comment(place, key, with_state(comment.body, state), is_passing=True)
    return True


def _notified(desk: NewsDesk) -> bool:
    return send_alarm(desk.verdict, desk.out, desk.environment, desk.tell, link=desk.link)


def place_of(github: GitHub, bundle: Bundle, number: int | None, out: Path | None = None) -> Destination:
    """Return where everything about a window is posted: with its comment, if `out` remembers that."""
    known = remembered_comment(out, bundle.window.id) if out else None
    if known is not None:
        return known.place
    return github.destination(
        number=number, commit=commit_of(bundle), key=key_of(bundle), title=title_of(bundle)
    )


def _people(desk: NewsDesk) -> tuple[str, ...]:
    """Return whom the plan names, else the author of the deployed commit."""
    named = handles(desk.bundle.plan.github.notify)
    commit = commit_of(desk.bundle)
    if named or commit is None:
        return named
    try:
        author = desk.github.author_of(commit)
    except ProviderError as error:
        desk.tell(f"{error}; nobody is mentioned")
        return ()
    return handles([author] if author else [])


def _assign(desk: NewsDesk, place: Destination, people: tuple[str, ...]) -> None:
    """Assign people; teams cannot be assigned on GitHub."""
    logins = tuple(name for name in people if "/" not in name)
    if not logins:
        return
    try:
        desk.github.assign(place, logins)
    except ProviderError as error:
        desk.tell(f"{error}; nobody was assigned")


def _with_rollback(desk: NewsDesk, place: Destination, kind: Kind, state: NewsState) -> NewsState:
    """Add the offer of a rollback to the state; a bad verdict takes over the offer of the window's alarm."""
    if kind == "verdict" and (earlier := alarm_at(desk.github, desk.bundle, place)) and earlier.rollback:
        return state.model_copy(update={"rollback": earlier.rollback})
    offer = offer_rollback(desk)
    desk.tell(f"rollback {offer.words}")
    return state.model_copy(update={"rollback": offer.words, "rollback_link": offer.link})


def _page_of_waiting_runs(environment: Mapping[str, str]) -> str | None:
    """Return the page of waiting runs, to approve one there: a dispatch does not tell its run."""
    server, repository = (environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"))
    if not server or not repository:
        return None
    return f"{server}/{repository}/actions/workflows/{workflow_file(environment)}?query=is%3Awaiting"


def alarm_at(github: GitHub, bundle: Bundle, place: Destination) -> NewsState | None:
    """Return the current state of the window's alarm; None if there is none."""
    return news_in(github.comment_body(place, key_of_news(bundle, "alarm")))


def offer_rollback(desk: NewsDesk) -> RollbackOffer:
    """Start the run whose one job waits for a reviewer.

    The environment must already exist and have reviewers: GitHub creates a missing one on the spot without
    rules, and the rollback would need no approval.
    """
    plan, file = desk.bundle.plan, desk.file
    if not plan.escalation.rollback:
        return RollbackOffer("not offered: the plan does not allow it (escalation.rollback)")
    if plan.railway is None:
        return RollbackOffer("not offered: the plan has no railway section")
    if file is None or file.dry_run:
        return RollbackOffer("not offered: this is no run on GitHub that may change anything")
    try:
        rollback_target(desk.bundle, desk.out)
        runs = desk.runs()
        if not runs.has_reviewers(ROLLBACK_ENVIRONMENT):
            hint = "add some: deploy-verdict setup-github --reviewer LOGIN"
            return RollbackOffer(
                f"not offered: the environment {ROLLBACK_ENVIRONMENT} has no required reviewers; {hint}"
            )
        workflow = workflow_file(desk.environment)
        runs.dispatch(workflow, runs.default_branch, rollback_inputs(file))
    except (ProviderError, UsageError) as error:
        return RollbackOffer(f"not offered: {error}")
    words = f"offered: a run of {workflow} waits for a reviewer of the environment {ROLLBACK_ENVIRONMENT}"
    return RollbackOffer(words, _page_of_waiting_runs(desk.environment))


def rollback_inputs(file: RunFile) -> dict[str, str]:
    """Return the inputs of the run that rolls back."""
    return {
        "kind": "rollback",
        "continue-run": str(file.run),
        "label": file.label or "",
        "commit": file.commit or "",
        "plan-ref": file.ref,
    }


def report_rollback(github: GitHub, bundle: Bundle, number: int | None, words: str) -> None:
    """Add the rollback's result to the window's comments about bad news."""
    place = place_of(github, bundle, number)
    kinds: tuple[Kind, ...] = ("alarm", "verdict")
    for kind in kinds:
        key = key_of_news(bundle, kind)
        comment = github.comment_body(place, key)
        state = news_in(comment)
        if comment is not None and state is not None:
            changed = state.model_copy(update={"rollback": words, "rollback_link": None})
            github.put_comment(place, key, with_state(comment, changed))
