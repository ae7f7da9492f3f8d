"""A line's template: what varies becomes a mark, what tells one error from another stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.base.log_templates import (
    MAX_CHARS,
    KnownTemplates,
    incident_templates,
    masked,
    template_of,
)

HEADER = "Traceback (most recent call last):"


@pytest.mark.parametrize(
    ("line", "template"),
    [
        (
            "2026-02-02T12:00:00.123Z ERROR pool 3f2c9b1e-aaaa-4c0f-9d59-2f6a1f0d0005 at 0x7fab took 3.5ms.",
            "ERROR pool <n> at <n> took <n>.",
        ),
        ("[2026-02-02 12:00:00,123] ERROR 10.0.0.1:6379 is gone", "ERROR <n> is gone"),
        ("INFO GET /api/history/TEST-02?op=ARM 200 12 ms", "INFO GET /api/history/<n>?<text> 2xx <n> ms"),
        ('10.1.2.3 - "GET /api/x HTTP/1.1" 500 Error', '<n> - "GET /api/x HTTP/<n>" 5xx Error'),
        ("ERROR user 'Juan Pérez' is gone, 'spool' too", "ERROR user <text> is gone, 'spool' too"),
        ('level=error msg="no spool TEST-02" id=77', 'level=error msg="no spool <n>" id=<n>'),
        ("S3Error: no bucket  x", "S3Error: no bucket x"),
        ("Redis pool at 15.0% capacity", "Redis pool at <n>% capacity"),
        ("", ""),
    ],
)
def test_what_varies_becomes_a_mark(line, template):
    assert masked(line) == template


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ERROR KeyError: 'spool'", "ERROR KeyError: 'operacion'"),
        ("ERROR lost connection to primary after 3 tries", "ERROR lost connection to replica after 3 tries"),
        ('level=error msg="no spool"', 'level=error msg="no lock"'),
        ("INFO GET /api/x 200 3 ms", "INFO GET /api/x 500 3 ms"),
        ("ERROR S3Error", "ERROR S4Error"),
    ],
)
def test_two_errors_never_hide_under_one_template(one, other):
    assert masked(one) != masked(other)


def test_a_traceback_is_known_by_what_it_raised():
    one = f"ERROR failed\n{HEADER}\n  File 'a.py', line 3\nKeyError: 'spool'"
    again = "During handling of the above exception, another exception occurred:"
    chained = f"{one}\n\n{again}\n\n{HEADER}\n  F\nx.Y: z"
    assert template_of(one) == "ERROR failed ⏎ KeyError: 'spool'"
    assert template_of(one.replace("line 3", "line 4")) == template_of(one)
    assert template_of(chained) == "ERROR failed ⏎ x.Y: z"
    assert template_of("ERROR a\n  more\nb") == "ERROR a"


@given(st.text(max_size=500), st.integers(0, 10**9), st.uuids(), st.integers(0, 2**32 - 1))
def test_another_number_or_id_is_the_same_template(words, number, identity, short):
    assert len(masked(words)) <= MAX_CHARS
    line = f"ERROR a {number} of {identity} in {short:08x}; {words}"
    assert masked(line) == masked(f"ERROR a 7 of {'0' * 32} in deadbeef; {words}")


def test_an_incidents_lines_without_frames_and_without_harmless_ones():
    text = f"""2026-02-02T11:00:00Z ERROR backend.redis: Too many connections (20 of 20)
2026-02-02T11:00:01Z INFO backend.http: GET /api/health 503
INFO:     started
{HEADER}
  File "x.py", line 3
redis.ConnectionError: Too many connections

2026-02-02T11:00:09Z ERROR backend.redis: Too many connections (19 of 20)"""
    assert incident_templates(text.splitlines()) == (
        "ERROR backend.redis: Too many connections (<n> of <n>)",
        "redis.ConnectionError: Too many connections",
    )


@pytest.mark.parametrize("line", ["500", "2026-02-02T11:00:00Z err", "a1b2c3d4e5 7"])
def test_a_line_that_any_log_holds_is_refused(line):
    with pytest.raises(ValueError, match="too few words"):
        incident_templates([line])


@given(
    st.lists(
        st.sampled_from(
            ["GET /a/{} {} {}ms", "HTTP/1.1 {}", "at {}", "id={}f0c{}d", "Http{}Error", "'{}'", '"a {}"',
             "{}", "x{}:{}", "2026-02-02T12:00:{}Z INFO", "{}-02-02 12:00:00 x", "?a={}", "deadbeef{}",
             "00ffaa{}cafe-beef", "ann", "é"]
        ),
        min_size=1,
        max_size=4,
    ).map(" ".join),
    st.lists(st.integers(0, 99999), min_size=40, max_size=40),
)  # fmt: skip
def test_a_known_shape_gives_the_same_template(text, numbers):
    known = KnownTemplates()
    for start in range(0, 40, 10):
        line = text.format(*numbers[start:], *numbers)
        assert known.template_of(line) == known.template_of(line) == template_of(line)
