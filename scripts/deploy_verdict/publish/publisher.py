"""Publishes a window on GitHub: the comment, the label, the tracking issue's state, the commit status.

Each is attempted on its own, so that what a token may not do costs nothing else. Only a comment that could
not be written is a failure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.github import CommentRef, Destination, GitHub, is_refused_place
from deploy_verdict.model import Verdict
from deploy_verdict.publish.comment_memory import RememberedComment, remember_comment, remembered_comment
from deploy_verdict.publish.comment_state import CommentState, line_of, rank_in, state_in
from deploy_verdict.publish.posts import MAX_COMMENT, Post, PostingRun, final_post, lost_post, progress_post
from deploy_verdict.publish.service_marks import labels_of, status_context
from deploy_verdict.report.sections import cut

MAX_REPAIRS = 3
MAX_MARKER = 150
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Published:
    """The comment's address, and whether its text is ours rather than one that outranks it.

    `is_quiet`: GitHub was not contacted, as the comment already says this.
    """

    url: str
    is_ours: bool
    is_quiet: bool = False


def publish(
    github: GitHub,
    bundle: Bundle,
    verdict: Verdict,
    *,
    now: datetime,
    run: PostingRun,
    tell: Tell,
    number: int | None = None,
) -> Published:
    """Publish everything about a judged window; raise ProviderError if it got no comment."""
    return _published(github, final_post(bundle, verdict, now, run), number, run, tell, now)


def publish_progress(
    github: GitHub,
    bundle: Bundle,
    *,
    now: datetime,
    run: PostingRun,
    tell: Tell,
    number: int | None = None,
) -> Published:
    """Publish the window as it is now, but never over a final comment or one that covers more samples.

    Where the run remembers its comment, write only with news, or if the comment is old.
    """
    post = progress_post(bundle, now, run)
    known = _known(run, bundle.window.id)
    if known is not None and known.says(post.state, now, bundle.window.speed):
        return Published(url=known.url, is_ours=True, is_quiet=True)
    return _published(github, post, number, run, tell, now)


def publish_lost(
    github: GitHub,
    bundle: Bundle,
    *,
    now: datetime,
    run: PostingRun,
    reason: str,
    tell: Tell,
    number: int | None = None,
) -> Published:
    """Publish that the verifier was lost and what it observed, but never over the window's final comment."""
    return _published(github, lost_post(bundle, now, run, reason), number, run, tell, now)


def _published(
    github: GitHub, post: Post, number: int | None, run: PostingRun, tell: Tell, now: datetime
) -> Published:
    known = _known(run, post.state.window)
    written: tuple[CommentRef, Destination] | None = None
    trouble: ProviderError | None = None
    try:
        if known is not None:
            place = known.place
            github.remember(place, post.key, known.id)
        else:
            place = github.destination(number=number, commit=post.commit, key=post.key, title=post.title)
        written = _put(github, place, post, tell)
    except ProviderError as error:
        trouble = error
    if written is None:
        # The commit status can still carry the result.
        _each(_status(github, post, post.state, run.url), tell)
        raise trouble or ProviderError("GitHub accepted no comment")
    comment, place = written
    if not comment.is_ours:
        tell(f"left {comment.url} unchanged: it is newer or final")
        return Published(url=comment.url, is_ours=False)
    if post.commit is None:
        tell("no commit status set: the full commit SHA is not known")
    _marked(github, post, place, run.url or comment.url, tell, state_in(comment.before))
    if run.out is not None:
        remember_comment(run.out, _memory(post, comment, place, now))
    return Published(url=comment.url, is_ours=True)


def _known(run: PostingRun, window: str) -> RememberedComment | None:
    return remembered_comment(run.out, window) if run.out else None


def _memory(post: Post, comment: CommentRef, place: Destination, now: datetime) -> RememberedComment:
    return RememberedComment(
        window=post.state.window,
        length_s=post.state.length_s,
        number=place.number,
        kind=place.kind,
        others=place.others,
        id=comment.id,
        url=comment.url,
        state=post.state.state,
        outcome=post.state.outcome,
        failed=post.state.failed,
        posted_at=now,
    )


def _put(github: GitHub, place: Destination, post: Post, tell: Tell) -> tuple[CommentRef, Destination]:
    """Write the comment; if the place refuses it, write to the tracking issue instead."""
    is_passing = post.state.state == "progress"
    try:
        return github.put_comment(place, post.key, _body(post, place), rank_in, is_passing=is_passing), place
    except ProviderError as error:
        if place.kind == "tracking issue" or not is_refused_place(error):
            raise
        tell(f"{error}; using the tracking issue instead")
    place = github.tracking_issue(post.key, post.title)
    return github.put_comment(place, post.key, _body(post, place), rank_in), place


def _body(post: Post, place: Destination) -> str:
    """Return what follows the marker: the state, the text, and the commit's other pull requests."""
    also = ", ".join(f"#{number}" for number in place.others[:10])
    text = f"{post.text.rstrip()}\n\nThe deployed commit is also in {also}.\n" if also else post.text
    return cut(f"{line_of(post.state)}\n{text}", MAX_COMMENT - MAX_MARKER)


def _marked(
    github: GitHub, post: Post, place: Destination, url: str, tell: Tell, before: CommentState | None
) -> None:
    """Set the label, the issue's state and the commit status to match the comment's state.

    A late writer of progress may undo what a final one has just set, so it reads the comment again and sets
    what that one says.
    """
    state = post.state
    # The label and the issue's state depend on the outcome only, so an unchanged outcome leaves them set.
    same = before is not None and (before.state, before.outcome) == (state.state, state.outcome)
    steps = _status(github, post, state, url) if same and state.state != "final" else None
    for _ in range(MAX_REPAIRS):
        _each(steps or _marks(github, post, place, state, url), tell)
        steps = None
        if state.state == "final":
            return
        newest = _posted_state(github, post, place, tell)
        if newest is None or newest.rank <= state.rank:
            return
        state = newest


def _posted_state(github: GitHub, post: Post, place: Destination, tell: Tell) -> CommentState | None:
    try:
        return state_in(github.comment_body(place, post.key))
    except ProviderError as error:
        tell(str(error))
        return None


def _marks(
    github: GitHub, post: Post, place: Destination, state: CommentState, url: str
) -> Iterator[Callable[[], None]]:
    outcome, is_open = state.shown_outcome, state.is_open
    labels = labels_of(post.service)
    wanted = labels[outcome] if outcome else None
    yield lambda: github.label(place, wanted, tuple(label.name for label in labels.values()))
    if is_open is not None:
        yield lambda: github.set_open(place, is_open=is_open)
    yield from _status(github, post, state, url)


def _status(github: GitHub, post: Post, state: CommentState, url: str | None) -> Iterator[Callable[[], None]]:
    commit, context = post.commit, status_context(post.service)
    if commit is not None:
        yield lambda: github.set_status(commit, state.status, state.line, url, context=context)


def _each(steps: Iterator[Callable[[], None]], tell: Tell) -> None:
    """Run every step; report one that fails and go on."""
    for step in steps:
        try:
            step()
        except ProviderError as error:
            tell(str(error))
