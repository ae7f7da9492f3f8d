"""Whatever stands in any free text of a whole window's evidence, no output of ours obeys or shows it raw."""

import re
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from deploy_verdict.github.client import MAX_DESCRIPTION
from deploy_verdict.github.destinations import marker_of
from deploy_verdict.publish.comment_state import state_in
from deploy_verdict.publish.job_summary import annotations
from deploy_verdict.publish.notification import MAX_CHARACTERS, message_for
from deploy_verdict.publish.posts import PostingRun, final_post, lost_post, progress_post
from deploy_verdict.publish.publisher import _body
from deploy_verdict.redaction.control_chars import visible
from deploy_verdict.report import render_comment, render_report
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.judge_directory import _junit
from tests.examples import at_least
from tests.publish.test_folding import is_closed
from tests.publish.test_notification import PINGS
from tests.report.hostile_evidence import hostile_bundle
from tests.report.stories import ENVIRONMENT, GENERATED
from tests.report.test_report import HEADINGS, OURS
from tests.report.test_text import CALLS, NASTY

PARSER = MarkdownIt("commonmark").enable("table")
FOLDS = re.compile(r"(?:<details>\n<summary>[\w .,%()+]*</summary>|</details>)\n?")
SERVER = "### Redis Server Connection Pool Utilization"
# Of a further log of plans/zeues.yml.
LOG = "### Log of Redis"
OWN_HEADINGS = {heading.lstrip("# ") for heading in (*HEADINGS, *OURS, "### Exposure", SERVER, LOG)}
HEADING = re.compile(
    r"Post-Deployment Monitoring Report - |Issue \d+: |Inconclusive"
    r"|[^\w\s]+ [^:]+: (.+ · )?Redis Crisis Recovery$"
)


class Place:
    others = (3, 4)


def is_harmless(markdown: str) -> None:
    tokens = PARSER.parse(markdown)
    inside = [child for token in tokens for child in token.children or ()]
    assert not [t.content for t in tokens if t.type == "html_block" and not FOLDS.fullmatch(t.content)]
    assert not [c.content for c in inside if c.type in ("html_inline", "link_open", "image")]
    called = CALLS.search(" ".join(child.content for child in inside if child.type == "text"))
    assert not called, called
    for opened, token in pairwise(tokens):
        if opened.type == "heading_open":
            assert token.content in OWN_HEADINGS or HEADING.match(token.content), token.content
    is_plain(markdown.replace("\n", " "))
    assert is_closed(markdown)


def is_plain(line: str) -> None:
    """One line that hides nothing."""
    assert visible(line) == line
    assert "\n" not in line


def windows(texts, seed: int):
    # The border lets no lone surrogate in.
    bundle = hostile_bundle([text.encode("utf-8", "replace").decode() for text in texts], seed)
    return bundle, judge(bundle, judged_at=GENERATED, tool_version="0.1.0")


def pages(bundle, verdict):
    """The report and its comment."""
    for make in (render_report, render_comment):
        yield make(bundle, verdict, ENVIRONMENT, generated_at=GENERATED, tool_version="0.1.0")


def posts(text, bundle, verdict):
    yield final_post(bundle, verdict, GENERATED, PostingRun())
    yield progress_post(bundle, GENERATED, PostingRun())
    yield lost_post(bundle, GENERATED, PostingRun(), text.encode("utf-8", "replace").decode())


def every_page(texts, seed: int):
    """Everything that is shown as Markdown of one window."""
    window = windows(texts, seed)
    return [*pages(*window), *(post.text for post in posts(texts[-1], *window))]


# A window takes a second, so each one tries several texts, some hundred times each.
TEXTS = 8


@given(st.lists(NASTY, min_size=1, max_size=TEXTS), st.integers(0, 2**32))
@settings(
    max_examples=at_least(16 * TEXTS) // TEXTS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_nothing_that_stands_in_the_evidence_acts_anywhere(texts, seed):
    bundle, verdict = windows(texts, seed)
    told = list(posts(texts[-1], bundle, verdict))
    for markdown in (*pages(bundle, verdict), *(post.text for post in told)):
        is_harmless(markdown)
    for post in told:
        every_line_stays_one(post)
    for line in annotations({"GITHUB_ACTIONS": "true"}, verdict):
        # So `say_command` prints it.
        assert re.fullmatch(r"::(error|warning|notice) title=[^:,\n]*::[^\n]*", visible(line)), line
    pings_nobody(message_for(verdict, None, None))
    (suite,) = JUnitXml.fromstring(_junit(bundle, verdict).encode())
    assert {case.classname for case in suite} <= {"e2e"}


def every_line_stays_one(post) -> None:
    """The hidden line and the marker, the commit's status, the issue's title."""
    is_plain(post.title)
    is_plain(post.state.line)
    assert len(post.state.line) <= MAX_DESCRIPTION
    first, hidden = marker_of(post.key), _body(post, Place).split("\n")[0]
    for comment in (first, hidden):
        inside = comment.removeprefix("<!-- ").removesuffix(" -->")
        assert not re.search(r"[<>\n]", inside), inside
    assert state_in(f"{first}\n{hidden}\n") == post.state


def pings_nobody(message) -> None:
    assert message is not None
    assert len(message.title) + len(message.body) <= MAX_CHARACTERS
    assert "\n" not in message.title
    for pattern in PINGS:
        assert not re.search(pattern, f"{message.title}\n{message.body}", re.IGNORECASE), pattern


def test_every_free_text_of_the_evidence_was_tried():
    """The control: over a few windows the text reaches findings of every stage, and every page shows it."""
    mark = "qzxw"
    told = {
        finding.stage
        for seed in range(4)
        for finding in windows([mark], seed)[1].findings
        if mark in f"{finding.actual} {finding.check} {finding.because}"
    }
    assert {"health", "e2e", "logs", "deployment", "traffic"} <= told, told
    shown = [every_page([mark], seed) for seed in range(4)]
    assert all(any(mark in page for page in many) for many in zip(*shown, strict=True))
