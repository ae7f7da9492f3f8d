"""The last lines of a watch in a terminal: the verdict, its cause, and what to do next. Pure."""

from collections.abc import Iterator
from datetime import datetime

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Verdict
from deploy_verdict.report.conclusion import short
from deploy_verdict.report.issues import issues
from deploy_verdict.report.recommendations import recommendations
from deploy_verdict.verdict.actions.do_now import do_now, in_directory
from deploy_verdict.verdict.causes.cause_words import root_causes

MOST_STEPS = 3
CHARACTERS = 300


def ending(bundle: Bundle, verdict: Verdict, now: datetime, out: str) -> tuple[str, ...]:
    """Return the verdict, its cause and the next steps, one line each; `out` is the run's directory."""
    return tuple(one_line(text, CHARACTERS) for text in _ending(bundle, verdict, now, out))


def _ending(bundle: Bundle, verdict: Verdict, now: datetime, out: str) -> Iterator[str]:
    found = issues(bundle, verdict)
    yield f"{verdict.outcome.shown}: {short(bundle, verdict, found, root_causes(bundle, found.causes))}"
    for issue in found.issues[:1]:
        when = f" {issue.lead.when}" if issue.lead.when else ""
        shown = f" (evidence/{issue.evidence[0]})" if issue.evidence else ""
        wanted = f"; expected: {issue.lead.expectation}"
        yield f"cause: {issue.lead.name}{when}: {issue.lead.actual}{wanted}{shown}"
    actions = do_now(bundle, verdict.outcome, found.causes, verdict.coverage, now)
    actions = in_directory(actions, out)
    steps = [f"{action.text}: {action.command}" if action.command else action.text for action in actions]
    more = recommendations(bundle, verdict, found, actions)
    for step in (*steps, *more.to_resolve, *more.done)[:MOST_STEPS]:
        yield f"next: {step}"
