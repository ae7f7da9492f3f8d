"""Posts bad news as a comment of its own, because GitHub mails nobody about an edited one. Pure.

A window has at most one alarm and one bad verdict. Each is short, mentions people and links the long comment.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import STATUS_MARK
from deploy_verdict.markup.markdown import Safe, inline, one_line
from deploy_verdict.model import NextAction, Record, Verdict, VerdictOutcome
from deploy_verdict.publish.comment_state import hidden, hidden_in
from deploy_verdict.publish.posts import title_of
from deploy_verdict.report import template_environment
from deploy_verdict.report.issues import Issue, issues
from deploy_verdict.report.progress import so_far_words
from deploy_verdict.verdict.alarm import only_alarming, why_ended
from deploy_verdict.window.judge_directory import TEMPLATES

MOST_ISSUES = 3
BAD = (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION, VerdictOutcome.INCONCLUSIVE)
# GitHub's rules: a login has letters, digits and single hyphens; a team's slug also dots and underscores.
_HANDLE = re.compile(r"@?([A-Za-z0-9][A-Za-z0-9-]{0,38}(?:/[A-Za-z0-9._-]{1,100})?)")
_LINK = re.compile(r"https?://[^\s<>()]+")
_NAME = "deploy-verdict-news"
NOTIFIED, ROLLBACK = "- People were notified.", "- Rollback: "
Kind = Literal["alarm", "verdict"]


class NewsState(Record):
    """The state in the comment's hidden line, for later jobs.

    `outcome` is the news; `rollback` is empty or says what became of the rollback that was offered, and
    `rollback_link` is where a reviewer approves it.
    """

    window: str
    kind: Kind
    outcome: VerdictOutcome
    notified: bool = False
    rollback: str = ""
    rollback_link: str | None = None


@dataclass(frozen=True, kw_only=True)
class BadNews:
    """What the template shows."""

    headline: str
    service: str
    people: Safe
    issues: tuple[Issue, ...]
    issues_hidden: int
    actions: tuple[NextAction, ...]
    what_follows: str
    link: Safe


def key_of_news(bundle: Bundle, kind: Kind) -> str:
    """Return the key of the comment: this window's alarm, or this window's bad verdict."""
    return f"{bundle.window.id}-{kind}"


def handles(names: Iterable[str]) -> tuple[str, ...]:
    """Return the logins and teams without their @; leave out what is neither."""
    found = (_HANDLE.fullmatch(name.strip()) for name in names)
    return tuple(dict.fromkeys(match.group(1) for match in found if match))


def news_text(
    bundle: Bundle, verdict: Verdict, state: NewsState, *, people: Iterable[str] = (), link: str | None = None
) -> str:
    """Write the comment below its marker: the hidden line, then the news."""
    shown = only_alarming(verdict) if state.kind == "alarm" else verdict
    found = issues(bundle, shown).issues
    is_alarm = state.kind == "alarm"
    news = BadNews(
        headline=f"🚨 {so_far_words(VerdictOutcome.CRITICAL)}"
        if is_alarm
        else f"{STATUS_MARK[verdict.outcome]} {verdict.outcome.shown}",
        service=title_of(bundle).partition(": ")[2],
        people=Safe(" ".join(f"@{handle}" for handle in handles(people))),
        issues=found[:MOST_ISSUES],
        issues_hidden=max(0, len(found) - MOST_ISSUES),
        actions=verdict.do_now if verdict.outcome is VerdictOutcome.CRITICAL or not is_alarm else (),
        what_follows=_what_follows(bundle, verdict, is_alarm=is_alarm),
        link=Safe(link if link and _LINK.fullmatch(link) else "the long comment above"),
    )
    environment = template_environment(TEMPLATES)
    text = environment.get_template("bad_news.md.j2").render(news=news)
    return _stated(text, state)


def _what_follows(bundle: Bundle, verdict: Verdict, *, is_alarm: bool) -> str:
    if not is_alarm:
        unknown = "Not everything could be observed, so it is not stable."
        return unknown if verdict.outcome is VerdictOutcome.INCONCLUSIVE else "This is the window's verdict."
    ended = why_ended(bundle, verdict)
    if ended:
        return f"The window ends now: {ended}. The report follows."
    return "No later sample can undo this. The window goes on as evidence."


def news_in(comment: str | None) -> NewsState | None:
    """Read the state in a comment's second line; None if there is none or it is unreadable."""
    return hidden_in(comment, _NAME, NewsState)


def with_state(comment: str, state: NewsState) -> str:
    """Replace a comment's state, and the lines that show it; returns the text below the marker."""
    kept = [line for line in comment.splitlines()[2:] if not line.startswith((NOTIFIED, ROLLBACK))]
    return _stated("\n".join(kept), state)


def _stated(text: str, state: NewsState) -> str:
    shown = [NOTIFIED] if state.notified else []
    if state.rollback:
        link = state.rollback_link or ""
        approve = f" [Approve it here]({link})." if _LINK.fullmatch(link) else ""
        shown.append(ROLLBACK + inline(one_line(state.rollback, 600)) + approve)
    return "\n".join([hidden(_NAME, state), text.rstrip(), *shown]) + "\n"
