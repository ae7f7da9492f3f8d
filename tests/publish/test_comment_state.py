"""Which text wins: one total order, and a hidden line that no text can end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.publish.comment_state import NO_STATE, CommentState, line_of, rank_in, state_in

OUTCOMES = st.none() | st.sampled_from(list(VerdictOutcome))
STATES = st.builds(
    CommentState,
    run=st.text(max_size=30),
    attempt=st.integers(1, 9),
    state=st.sampled_from(["progress", "lost", "final"]),
    window=st.sampled_from(["20260202T120000Z-aaaaaa", "20260202T130000Z-aaaaaa"]),
    length_s=st.sampled_from([7200.0, 14400.0]),
    taken=st.integers(0, 3),
    looks=st.integers(0, 5),
    outcome=OUTCOMES,
    line=st.text(alphabet=st.characters(codec="utf-8"), max_size=140),
)
TEXT = st.text(alphabet=st.characters(codec="utf-8")) | st.sampled_from(["-->", "--!>", "--", "<!--", "]]>"])


def comment(state):
    return f"<!-- deploy-verdict:d-1 -->\n{line_of(state)}\n## the text"


def of(state, **more):
    fields = {"window": "w1", "length_s": 7200.0, "taken": 4, **more}
    return CommentState(state=state, **fields)


@given(STATES, TEXT, TEXT)
def test_the_hidden_line_comes_back_and_no_text_ends_it(state, run, line):
    state = state.model_copy(update={"run": run, "line": line})
    hidden = line_of(state)
    inside = hidden.removeprefix("<!--").removesuffix("-->")
    assert "\n" not in hidden
    assert not re.search(r"--|[<>]", inside)
    assert state_in(comment(state)) == state


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "one line",
        "<!-- deploy-verdict:d-1 -->\nplain",
        "<!-- deploy-verdict:d-1 -->\n<!-- deploy-verdict-state {} -->",
        "<!-- deploy-verdict:d-1 -->\n<!-- deploy-verdict-state not JSON -->",
        "<!-- deploy-verdict:d-1 -->\n\n" + line_of(of("final")),
        line_of(of("final")),
    ],
)
def test_what_is_no_state_is_below_every_state(text):
    assert state_in(text) is None
    assert rank_in(text) == NO_STATE
    assert rank_in(comment(of("progress", taken=0))) > NO_STATE


@given(STATES, STATES)
def test_final_beats_all_else_of_the_same_window_and_length(one, other):
    same = {"window": one.window, "length_s": one.length_s}
    final = one.model_copy(update={"state": "final"})
    assert final.rank >= other.model_copy(update=same).rank
    if other.state != "final":
        assert final.rank > other.model_copy(update=same).rank


@given(STATES, STATES)
def test_progress_that_has_seen_less_never_wins(one, other):
    fewer = one.model_copy(update={"state": "progress"})
    more = other.model_copy(update={"window": one.window, "length_s": one.length_s})
    if (fewer.taken, fewer.looks) < (more.taken, more.looks):
        assert fewer.rank < more.rank


@given(STATES, STATES)
def test_a_newer_window_then_a_longer_one_wins(one, other):
    if one.window != other.window:
        assert (one.rank > other.rank) == (one.window > other.window)
    elif one.length_s != other.length_s:
        assert (one.rank > other.rank) == (one.length_s > other.length_s)


def test_lost_beats_progress_until_the_verifier_shows_that_it_lives():
    assert of("progress").rank < of("lost").rank < of("progress", taken=5).rank
    assert of("lost", taken=9).rank < of("final").rank


@given(STATES)
def test_nothing_good_is_told_before_the_end(state):
    """No label, no status and no closed issue of a window that is not final may look like STABLE."""
    if state.state == "final" and state.outcome is VerdictOutcome.STABLE:
        assert (state.status, state.shown_outcome, state.is_open) == ("success", "stable", False)
    else:
        assert state.status != "success"
        assert state.shown_outcome is not VerdictOutcome.STABLE
        assert state.is_open is not False


@pytest.mark.parametrize(
    ("state", "outcome", "status", "label"),
    [
        ("progress", None, "pending", None),
        ("progress", "attention", "pending", "attention"),
        ("progress", "critical", "failure", "critical"),
        ("lost", "inconclusive", "error", "inconclusive"),
        ("lost", "stable", "error", "inconclusive"),
        ("lost", "critical", "error", "critical"),
        ("final", None, "error", "inconclusive"),
        ("final", "inconclusive", "error", "inconclusive"),
        ("final", "attention", "failure", "attention"),
        ("final", "critical", "failure", "critical"),
    ],
)
def test_what_the_status_and_the_label_say(state, outcome, status, label):
    told = of(state, outcome=outcome)
    assert (told.status, told.shown_outcome) == (status, label)
