"""A log without a cursor, read backwards page by page: every line once, in order, or a hole that is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.railway import RailwayError
from deploy_verdict.railway.errors import provider_error
from deploy_verdict.railway.paging import LogGapError, pages
from tests.bundles import T0

END = T0 + timedelta(seconds=60)


@dataclass(frozen=True)
class Entry:
    at: datetime | None
    text: str


def asking(log, *, inclusive=True):
    """A log as Railway gives it: the newest lines up to a moment, oldest first."""

    def ask(until, limit):
        fitting = [
            item for item in log if item.at is None or item.at < until or (inclusive and item.at == until)
        ]
        return fitting[-limit:]

    return ask


def read(log, limit, start=None, **more):
    found = list(
        pages(asking(log, **more), lambda item: (item.at, item.text), start=start, end=END, limit=limit)
    )
    return [item for page in reversed(found) for item in page]


@settings(max_examples=300, deadline=None)
@given(
    micros=st.lists(st.integers(0, 20_000), max_size=60),
    texts=st.lists(st.sampled_from("ab"), min_size=60, max_size=60),
    inclusive=st.booleans(),
)
def test_every_line_once_and_in_order(micros, texts, inclusive):
    """Equal lines at one instant are as many lines as were logged."""
    log = [
        Entry(T0 + timedelta(microseconds=us), text) for us, text in zip(sorted(micros), texts, strict=False)
    ]
    busiest = max(
        (sum(us // 1000 in (at // 1000, at // 1000 - 1) for us in micros) for at in micros), default=0
    )
    assert read(log, busiest + 1, inclusive=inclusive) == log


@pytest.mark.parametrize("length", [0, 1, 4, 5, 6, 9, 10, 11])
def test_lengths_around_a_whole_page(length):
    log = [Entry(T0 + timedelta(seconds=number), "x") for number in range(length)]
    assert read(log, 5) == log


def test_more_lines_in_one_millisecond_than_a_page_are_a_hole():
    log = [Entry(T0, str(number)) for number in range(20)]
    with pytest.raises(LogGapError, match="within a millisecond"):
        read(log, 5)


def test_lines_without_a_time_are_a_hole():
    with pytest.raises(LogGapError, match="has no readable time"):
        read([Entry(None, "x")] * 9, 5)


def test_nothing_older_than_the_start_is_asked_for():
    log = [Entry(T0 + timedelta(seconds=number), "x") for number in range(50)]
    found = read(log, 5, start=T0 + timedelta(seconds=40))
    assert found[0].at < T0 + timedelta(seconds=40)
    assert found == log[-len(found) :]
    assert len(found) < 20


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones():
    log = [Entry(T0 + timedelta(milliseconds=10 * number), str(number)) for number in range(300)]
    asked, ask = [], asking(log)

    def limited(until, limit):
        asked.append(limit)
        if limit > 100:
            raise provider_error("too-large", "too large")
        return ask(until, limit)

    found = pages(limited, lambda item: (item.at, item.text), start=None, end=END, limit=300)
    assert sorted(int(item.text) for page in found for item in page) == list(range(300))
    assert asked[:3] == [300, 75, 75]


def test_a_line_that_is_too_large_is_the_fault():
    def ask(until, limit):
        raise provider_error("too-large", "too large")

    with pytest.raises(RailwayError):
        list(pages(ask, lambda item: item, start=None, end=END))
