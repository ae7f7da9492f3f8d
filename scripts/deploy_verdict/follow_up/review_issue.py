"""Opens the post-incident review as an issue, once for a window, and finds it again by its marker.

The issue's text is ours until someone edits it, which a hidden digest shows; then people's words stay.
"""

import hashlib
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.github import GitHub
from deploy_verdict.github.caller import Tell
from deploy_verdict.model import Record, Verdict
from deploy_verdict.publish.bad_news import handles
from deploy_verdict.publish.comment_state import hidden, hidden_in
from deploy_verdict.publish.posts import MAX_COMMENT, bundle_service
from deploy_verdict.redaction.output_guard import cleaned
from deploy_verdict.report import template_environment
from deploy_verdict.report.after.review import render_review, review_title
from deploy_verdict.report.sections import cut
from deploy_verdict.window.judge_directory import TEMPLATES

_NAME = "deploy-verdict-review"
MAX_HIDDEN = 500


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The issue to open; `key` identifies it."""

    key: str
    title: str
    text: str


class DraftState(Record):
    """The hidden line of the issue: the digest of the text below it, as we wrote it."""

    sha256: str


def drafted(bundle: Bundle, verdict: Verdict) -> Draft:
    """Write the draft of a window's review."""
    environment = template_environment(TEMPLATES)
    text = render_review(bundle, verdict, environment)
    people = " ".join(f"@{handle}" for handle in handles(bundle.plan.github.notify))
    return Draft(
        key=f"review-{bundle_service(bundle)}-{bundle.window.id}",
        title=review_title(bundle, verdict),
        text=cut(text + (f"\ncc {people}\n" if people else ""), MAX_COMMENT - MAX_HIDDEN),
    )


def opened(github: GitHub, draft: Draft, *, replace: bool, tell: Tell) -> str:
    """Open or update the issue; return its address. Raise ProviderError, UsageError."""
    # The existing text has passed the redactor, so the text that it is compared with must too.
    text = cleaned(draft.text)
    line = hidden(_NAME, DraftState(sha256=_digest(text)))
    issue = github.put_issue(
        draft.key, draft.title, f"{line}\n{text}", lambda body: not replace and is_edited(body)
    )
    if not issue.is_ours:
        tell(f"left {issue.url} unchanged: somebody has edited its text — --replace writes it anew")
    return issue.url


def is_edited(body: str) -> bool:
    """Whether an issue's text differs from the one that its hidden line was written for."""
    state = hidden_in(body, _NAME, DraftState)
    return state is None or state.sha256 != _digest("\n".join(body.splitlines()[2:]))


def _digest(text: str) -> str:
    """Return the digest of a text as GitHub stores it, independent of line ends."""
    return hashlib.sha256("\n".join(text.rstrip().splitlines()).encode("utf-8", "replace")).hexdigest()
