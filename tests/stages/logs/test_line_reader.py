"""One line: its time, level and text; and how lines become entries."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.stages.logs.lines.entries import entries
from deploy_verdict.stages.logs.lines.line_reader import LineReader, parsed
from deploy_verdict.stages.logs.lines.source_lines import SourceLine

NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-02-02T12:00:00Z INFO x", 0),
        ("2026-02-02T12:00:00.5Z x", 500000),
        ("2026-02-02T12:00:00.123456789Z x", 123456),
        ("2026-02-02T09:00:00-03:00 x", 0),
        ("2026-02-02T12:00:00+0000 x", 0),
        ("2026-02-02 12:00:00+00 x", 0),
        ("[2026-02-02 13:00:00 +0100] [7] [INFO] Booting worker", 0),
        ("2026-02-02 12:00:00 UTC [1] LOG:  ready", 0),
        ('127.0.0.1 - - [02/Feb/2026:12:00:00 +0000] "GET / HTTP/1.1" 200', 0),
        ('[02/Feb/2026:09:00:00 -0300] "GET /"', 0),
        ('time="2026-02-02T12:00:00Z" level=info msg=x', 0),
        ("INFO: 2026-02-02T12:00:00Z x", 0),
        ("backend-1  | 2026-02-02T12:00:00Z x", 0),
        ("\x1b[32m2026-02-02T12:00:00Z\x1b[0m x", 0),
    ],
)
def test_a_time_with_a_zone_is_read_in_utc(text, microsecond):
    line = parsed(text)
    assert (line.at, line.at.tzinfo, line.zoned) == (NOON.replace(microsecond=microsecond), UTC, True)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-02-02 12:00:00,123 INFO x", 123000),
        ("2026-02-02 12:00:00.123 INFO x", 123000),
        ("2026-02-02 12:00:00 x", 0),
        ("2026/02/02 12:00:00 x", 0),
        ("2026-02-02T12:00 x", 0),
        ("[2026-02-02 12:00:00,123: INFO/MainProcess] x", 123000),
        ("2026-02-02 12:00:00 Zebra", 0),
    ],
)
def test_a_time_without_a_zone_is_read_as_utc_and_says_so(text, microsecond):
    line = parsed(text)
    assert (line.at, line.zoned) == (NOON.replace(microsecond=microsecond), False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'INFO:     127.0.0.1:1234 - "GET /x?since=2026-02-02T12:00:00Z HTTP/1.1" 200 OK',
        "deployed at 2026-02-02T12:00:00Z",
        "2026-13-02T12:00:00Z x",
        "2026-02-30T12:00:00Z x",
        "2026-02-02T25:00:00Z x",
        "2026-02-02T12:00:00+99:99 x",
        "2026-02-02T12:00:001Z x",
        "٢٠٢٦-02-02T12:00:00Z x",
        "[02/Foo/2026:12:00:00 +0000] x",
        "12:00:00 x",
        "<html><body>2026-02-02T12:00:00Z</body></html>",
    ],
)
def test_a_line_that_does_not_begin_with_a_time_has_none(text):
    assert parsed(text).at is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-02-02T12:00:00Z ERROR x", "ERROR"),
        ("2026-02-02T12:00:00Z error: x", "ERROR"),
        ("2026-02-02T12:00:00Z [error] x", "ERROR"),
        ("2026-02-02 12:00:00,123 - backend.redis - WARNING - ERROR was near", "WARNING"),
        ("2026-02-02T12:00:00Z logger=a levelname=ERROR x", "ERROR"),
        ("2026-02-02T12:00:00Z warn x", "WARNING"),
        ("2026-02-02T12:00:00Z FATAL x", "CRITICAL"),
        ("[2026-02-02 12:00:00 +0000] [7] [CRITICAL] x", "CRITICAL"),
        ("[2026-02-02 12:00:00,123: DEBUG/MainProcess] x", "DEBUG"),
        ("INFO:     127.0.0.1 - x", "INFO"),
        ("2026-02-02T12:00:00Z ERROR_PAGE was shown", None),
        ("2026-02-02T12:00:00Z all is well", None),
        ("2026-02-02T12:00:00Z " + "x " * 100 + "ERROR", None),
    ],
)
def test_the_level_is_the_first_that_the_head_names(text, level):
    assert parsed(text).level == level


def railway(message, severity, **attributes):
    import json

    pairs = [{"key": key, "value": json.dumps(value)} for key, value in attributes.items()]
    return json.dumps(
        {
            "timestamp": "2026-02-02T12:00:00.123456789Z",
            "message": message,
            "severity": severity,
            "attributes": pairs,
        }
    )


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (railway("INFO: started", "error"), "INFO"),
        (railway("2026-02-02 12:00:00,1 - app - INFO - up", "error"), "INFO"),
        (railway("plain stderr", "error"), UNPROVEN_LEVEL),
        (railway("plain stderr", "error", level="error"), UNPROVEN_LEVEL),
        (railway("Redis is down", "error", logger="app"), "ERROR"),
        (railway("ERROR: down", "info"), "ERROR"),
        (railway("started", "info"), "INFO"),
        (railway("started", "warn"), "WARNING"),
        (railway("started", None), None),
        (railway("started", "unheard-of"), None),
    ],
)
def test_railways_severity_alone_is_no_proof_of_an_error(text, level):
    line = parsed(text)
    assert (line.level, line.at, line.zoned) == (level, NOON.replace(microsecond=123456), True)


def test_railways_severity_counts_where_the_service_has_set_fields():
    reader = LineReader()
    assert reader.of_platform("down", NOON, "error", structured=True).level == "ERROR"
    assert reader.of_platform("down", NOON, "error", structured=False).level == UNPROVEN_LEVEL


def test_attributes_are_json_in_text_and_are_searched_too():
    line = parsed(railway("failed", "info", logger="app.redis", trace="Traceback\n  KeyError"))
    assert line.text == "failed\nlogger=app.redis\ntrace:\nTraceback\n  KeyError"


@pytest.mark.parametrize("attributes", [[1, None, {"key": 1}, {"value": "1"}], "x", {"key": "a"}, None])
def test_attributes_of_another_shape_do_no_harm(attributes):
    import json

    line = parsed(json.dumps({"timestamp": "2026-02-02T12:00:00Z", "message": "m", "attributes": attributes}))
    assert line.at == NOON
    assert line.text.startswith("m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"time": "2026-02-02T12:00:00Z", "msg": "m", "level": "error"}', ("m", NOON, "ERROR")),
        ('{"ts": 1770033600, "message": "m", "level": "WARN"}', ("m", NOON, "WARNING")),
        ('{"ts": 1770033600000, "event": "m", "levelname": "INFO"}', ("m", NOON, "INFO")),
        (
            '{"@timestamp": "2026-02-02T12:00:00Z", "event": "m", "severity": "CRITICAL"}',
            ("m", NOON, "CRITICAL"),
        ),
        (
            '{"timestamp": "2026-02-02T12:00:00Z", "level": "error", "message": "INFO: m"}',
            ("INFO: m", NOON, "INFO"),
        ),
        ('{"time": true, "msg": "m"}', ("m", None, None)),
        ('{"time": null, "msg": null, "level": 30}', ("level", None, "INFO")),
        ('{"time": NaN, "msg": "m"}', ("m", None, None)),
        (
            '{"time": "12:00", "msg": "2026-02-02T12:00:00Z ERROR m"}',
            ("2026-02-02T12:00:00Z ERROR m", NOON, "ERROR"),
        ),
    ],
)
def test_a_services_own_json(text, expected):
    line = parsed(text)
    if expected[0] == "level":
        expected = ("", *expected[1:])
    assert (line.text, line.at, line.level) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"timestamp": "2026-02-02T12:00:00Z", "level": "error", "message": "cut he',
        '{"timestamp": "2026-02-02T12:00:00Z", "level": "error", "deep": ' + '{"a":' * 9000,
        '{"timestamp": "2026-02-02T12:00:00Z", "level": "error", "n": ' + "9" * 5000 + "}",
    ],
)
def test_broken_json_is_text_that_keeps_its_time_and_level(text):
    assert parsed(text)[:3] == (text, NOON, "ERROR")


def joined(*texts, **options):
    return [entry.text for entry in entries([parsed(text) for text in texts], **options)]


TRACE = (
    "2026-02-02T12:00:00Z ERROR failed",
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in f',
    "    g()",
    "",
    "redis.exceptions.ConnectionError: Too many connections",
)
CHAINED = (
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "Traceback (most recent call last):",
    '  File "b.py", line 2, in h',
    "KeyError: 'x'",
)


def test_a_traceback_stays_with_its_line_and_ends_with_its_last_line():
    after = "INFO:     127.0.0.1:1 - GET /"
    assert joined(*TRACE, after) == ["\n".join(text for text in TRACE if text), after]


def test_a_chain_of_exceptions_is_one_entry_and_one_traceback():
    (entry,) = entries([parsed(text) for text in (*TRACE, *CHAINED)])
    assert entry.text == "\n".join(text for text in (*TRACE, *CHAINED) if text)
    assert (entry.kind, entry.lines, entry.level) == ("crash", 12, "ERROR")


def test_two_tracebacks_that_are_not_chained_are_two_entries():
    whole = list(entries([parsed(text) for text in (*TRACE, *TRACE[1:])]))
    assert [entry.kind for entry in whole] == ["crash", "crash"]


def test_a_level_word_does_not_end_a_traceback():
    assert len(joined(*TRACE[:4], "INFO:     127.0.0.1:1 - GET /", "ERROR:    x")) == 3


def test_an_exception_without_a_message_ends_a_traceback():
    assert len(joined(*TRACE[:4], "StopIteration", "StopIteration")) == 2


def test_indented_lines_continue_and_others_do_not():
    assert joined("2026-02-02T12:00:00Z a", "  b", "\tc", "d") == ["2026-02-02T12:00:00Z a\n  b\n\tc", "d"]


def test_a_dated_line_never_continues_another():
    assert (
        len(joined("2026-02-02T12:00:00Z Traceback (most recent call last):", "2026-02-02T12:00:00Z x")) == 2
    )


def test_railway_stamps_every_line_of_a_traceback():
    texts = [railway(text, "error") for text in TRACE]
    assert joined(*texts) == ["\n".join(text for text in TRACE if text)]


def test_an_indented_line_of_another_moment_is_an_entry_of_its_own():
    later = railway("  Too many connections", "info").replace("12:00:00", "12:00:02")
    assert joined(railway("a", "info"), later) == ["a", "  Too many connections"]


def test_what_is_written_after_t0_does_not_continue_what_was_before():
    lines = [parsed("2026-02-02T12:00:00Z a", False), parsed("  b", False), parsed("  c", True)]
    assert [entry.text for entry in entries(lines)] == ["2026-02-02T12:00:00Z a\n  b", "  c"]


def test_an_entry_beyond_the_bound_comes_in_parts_and_loses_nothing():
    parts = list(entries([parsed("a"), *[parsed(f"  {n:03}") for n in range(100)]], max_chars=50))
    assert "\n".join(part.text for part in parts) == "\n".join(["a", *[f"  {n:03}" for n in range(100)]])
    assert [part.continued for part in parts] == [False] + [True] * (len(parts) - 1)
    assert max(len(part.text) for part in parts) <= 50
    assert sum(part.lines for part in parts) == 101


def test_the_rest_of_an_overlong_line_belongs_to_it():
    lines = [parsed("2026-02-02T12:00:00Z a"), SourceLine("rest", glued=True), parsed("b")]
    assert [(entry.text, entry.lines) for entry in entries(lines)] == [
        ("2026-02-02T12:00:00Z a\nrest", 1),
        ("b", 1),
    ]


@given(st.lists(st.text() | st.sampled_from([*TRACE, *CHAINED, "{}", '{"a":1}', "\ud800"])))
def test_whatever_is_printed_no_line_is_lost(texts):
    lines = [parsed(text) for text in texts]
    assert sum(entry.lines for entry in entries(lines)) == len(texts)
    assert sum(entry.at is not None for entry in entries(lines)) <= len(texts)


@pytest.mark.parametrize("column", ["- | ", "[a] ", "a:", "a1.b ", "Thread-a "])
def test_columns_without_end_take_no_time(column):
    """Separators that are columns too would be tried in every order."""
    assert parsed(f"2026-02-02T12:00:00Z {column * 250}").level is None
