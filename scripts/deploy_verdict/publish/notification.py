"""Writes the message about a verdict, and decides whether there is one. Pure.

Each change gives one message: a verdict other than STABLE once for each window, and STABLE after such a
verdict or if the plan's notify.on names it. Text from the service is made harmless, as a chat would turn
it into mentions and links.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from deploy_verdict.markup.labels import counted
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Finding, Outcome, RootCause, Severity, Verdict, VerdictOutcome
from deploy_verdict.report.progress import so_far_words
from deploy_verdict.verdict.actions.do_now import where_words

MAX_CHARACTERS = 2000
MOST_FINDINGS = 3
MOST_COMMAND = 160
_LINK = re.compile(r"https?://[^\s<>|]{1,290}")
_KINDS: dict[VerdictOutcome, "Kind"] = {
    VerdictOutcome.STABLE: "success",
    VerdictOutcome.INCONCLUSIVE: "warning",
    VerdictOutcome.ATTENTION: "warning",
    VerdictOutcome.CRITICAL: "failure",
}
# A zero-width character breaks what chats read as a mention, a channel, an entity or an address. Apprise's
# own clients read some too: "!here>" suffices for Slack, "@everyone" anywhere for Discord.
_ACTIVE = re.compile(r"@|[!#](?=\w)|&(?=[\w#])|:(?=//)|\](?=\()|www(?=\.)", re.IGNORECASE)
_TAG = re.compile(r"<(?=[\w!@#/?:~|])")
_BETWEEN = re.compile(r"[\r\n]+|,\s*(?=[A-Za-z][A-Za-z0-9+.-]*://)")
Kind = Literal["success", "warning", "failure"]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message; title and body together have at most MAX_CHARACTERS."""

    title: str
    body: str
    kind: Kind


def addresses_of(text: str) -> tuple[str, ...]:
    """Split addresses at line ends and commas, without repeats."""
    found = (part.strip().strip(",").strip() for part in _BETWEEN.split(text))
    return tuple(dict.fromkeys(address for address in found if address))


def message_for(
    verdict: Verdict,
    previous: VerdictOutcome | None,
    link: str | None,
    *,
    redact: Callable[[str], str] = str,
    so_far: bool = False,
    also_stable: bool = False,
) -> Message | None:
    """Return the message, or None if there is nothing new; `previous` is the outcome before this one.

    `so_far` marks an alarm before the window's end. `also_stable` sends STABLE whatever came before it.

    `redact` removes secrets first: a cut or broken secret would no longer be recognized.
    """
    recovered = previous not in (None, VerdictOutcome.STABLE)
    is_stable = verdict.outcome is VerdictOutcome.STABLE
    if is_stable and not (recovered or also_stable):
        return None

    def shown(text: str | None, limit: int) -> str:
        return harmless(redact(text or ""), limit)

    subject = verdict.subject
    service = shown(subject.service or verdict.plan_name, 80)
    place = f" ({shown(subject.environment, 60)})" if subject.environment else ""
    commit = f", commit {shown(subject.commit, 40)[:8]}" if subject.commit else ""
    headline = "recovered, STABLE" if is_stable and recovered else verdict.outcome.shown
    if so_far:
        headline = so_far_words(verdict.outcome)
    title = f"deploy-verdict: {headline}: {service}{place}"
    lines = [f"{headline if so_far else verdict.outcome.shown}: {service}{place}{commit}"]
    if recovered and previous is not None:
        lines.append(f"Previous verdict: {previous.shown}.")
    if is_stable and verdict.is_rehearsal:
        lines.append("A rehearsal, faster than the clock or without a stage: it proves nothing good.")
    if verdict.ended:
        lines.append(f"The window ended early: {shown(verdict.ended, 120)}")
    told = _causes(verdict, shown, so_far=so_far) if verdict.causes else _findings(verdict, shown)
    end = [link] if link and _LINK.fullmatch(link) else []
    room = MAX_CHARACTERS - len(title) - 1 - sum(len(line) + 1 for line in (*lines, *end))
    lines += [*_fitting(told, room), *end]
    return Message(title=title, body="\n".join(lines), kind=_KINDS[verdict.outcome])


def _fitting(lines: list[str], room: int) -> list[str]:
    """Return the first lines that fit."""
    kept = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept


def _causes(verdict: Verdict, shown: Callable[[str | None, int], str], *, so_far: bool) -> list[str]:
    """Return what is broken, worst first, and what to do now, as the comment's first lines do."""
    if verdict.outcome is VerdictOutcome.STABLE:
        return _findings(verdict, shown)
    failed = [cause for cause in verdict.causes if cause.severity is not None]
    if so_far:
        failed = [cause for cause in failed if cause.severity is not Severity.P2]
    causes = failed or list(verdict.causes)
    first, *others = causes
    lines = [_with_severity(first, shown(first.sentence, 420))]
    lines += [f"- {_with_severity(cause, shown(cause.title, 160))}" for cause in others[: MOST_FINDINGS - 1]]
    lines += [f"and {len(causes) - MOST_FINDINGS} more"] if len(causes) > MOST_FINDINGS else []
    for number, action in enumerate(verdict.do_now, start=1):
        command = (action.command or "").split("\n")[0]
        # A command that had to be cut or broken would be another command, so it is left out.
        kept = f": {command}" if command and shown(command, MOST_COMMAND) == command else ""
        lines += ["Do now:"] if number == 1 else []
        lines.append(f"{number}. {shown(action.text, 240)}{kept}")
    where = where_words(verdict.do_now)
    return [*lines, where] if where else lines


def _with_severity(cause: RootCause, words: str) -> str:
    return f"{cause.severity}: {words}" if cause.severity is not None else words


def _findings(verdict: Verdict, shown: Callable[[str | None, int], str]) -> list[str]:
    """Return the first findings behind the verdict, worst first, and how many more there are."""
    wanted = Outcome.INCONCLUSIVE if verdict.outcome is VerdictOutcome.INCONCLUSIVE else Outcome.FAIL
    found = [finding for finding in verdict.findings if finding.outcome is wanted]
    if verdict.outcome is VerdictOutcome.STABLE:
        return [f"{counted(len(verdict.findings), 'finding')}, none failed."]
    found.sort(key=lambda finding: finding.severity or "P1")
    lines = [_line(finding, shown) for finding in found[:MOST_FINDINGS]]
    more = len(found) - MOST_FINDINGS
    return [*lines, *([f"and {more} more"] if more > 0 else [])]


def _line(finding: Finding, shown: Callable[[str | None, int], str]) -> str:
    name = shown(f"{finding.stage}/{finding.check}", 80)
    severity = f"{finding.severity or 'P1'} " if finding.outcome is Outcome.FAIL else ""
    expected, actual = shown(finding.expectation, 100), shown(finding.actual, 130)
    return f"- {severity}{name} — expected: {expected}; found: {actual}"


def harmless(text: str, limit: int) -> str:
    """Return one line of at most `limit` characters that pings nobody and holds no link."""
    line = _TAG.sub("‹", one_line(text, limit))
    broken = _ACTIVE.sub(lambda match: f"{match.group()}\u200b", line)
    return broken if len(broken) <= limit else f"{broken[: limit - 1]}…"
