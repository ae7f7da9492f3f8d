"""What to do for each outcome, and the plan's follow-ups, numbered. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import NextAction, Verdict, VerdictOutcome
from deploy_verdict.plan.sections.report import FollowUp
from deploy_verdict.report.issues import Issues
from deploy_verdict.verdict.actions.do_now import how_to_know
from deploy_verdict.verdict.actions.plan_rules import met_level


@dataclass(frozen=True, kw_only=True)
class Recommendations:
    """What to do: `done` are a stable verdict's ticked lines, `first` the head's actions, the rest boxes.

    `level` is the condition of the plan's rule that applies, in the plan's words.
    """

    done: tuple[str, ...]
    first: tuple[NextAction, ...]
    todo: tuple[str, ...]
    level: str
    to_resolve: tuple[str, ...]
    follow_up: tuple[tuple[str, tuple[tuple[int, FollowUp], ...]], ...]


def recommendations(
    bundle: Bundle, verdict: Verdict, issues: Issues, actions: Sequence[NextAction]
) -> Recommendations:
    """Return what to do; nothing is ticked unless the verdict is stable."""
    stable = verdict.outcome is VerdictOutcome.STABLE
    level = met_level(bundle, issues.causes)
    todo = list(level.actions) if level else []
    todo += bundle.plan.report.when_issues if issues.issues else ()
    return Recommendations(
        done=bundle.plan.report.when_stable if stable else (),
        first=tuple(actions),
        todo=_without_repeats(todo),
        level=level.when if level else "",
        to_resolve=() if stable else _without_repeats(list(_to_resolve(bundle, verdict, issues))),
        follow_up=_numbered(bundle),
    )


def _without_repeats(items: Sequence[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for item in items:
        first.setdefault(" ".join(item.casefold().split()).rstrip("."), item)
    return tuple(first.values())


def _to_resolve(bundle: Bundle, verdict: Verdict, issues: Issues) -> Iterator[str]:
    """Say how to resolve what is inconclusive, one line each; what a failure caused is resolved with it."""
    if not verdict.findings:
        yield "Nothing was judged: check that the plan has checks and that evidence was written"
    if verdict.interrupted:
        yield "Run the same command again: the window was interrupted and resumes where it stopped"
        return
    if verdict.ended:
        yield "Open a new window once the deployment to judge is live: this one ended early"
        return
    for cause in issues.causes.unknown:
        for finding in cause.unknown:
            yield how_to_know(bundle, verdict.coverage, finding)
    for cause in issues.causes.failed:
        for finding in cause.unknown:
            if finding.stage == "test_data":
                yield how_to_know(bundle, verdict.coverage, finding)


def _numbered(bundle: Bundle) -> tuple[tuple[str, tuple[tuple[int, FollowUp], ...]], ...]:
    groups, number = [], 0
    for group in bundle.plan.report.follow_up:
        items = tuple(enumerate(group.items, number + 1))
        number += len(items)
        groups.append((group.term, items))
    return tuple(groups)
