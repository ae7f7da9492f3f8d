"""Reading a whole log: the window, the counts, the holes, and every file that is not a log."""

import gzip
import os
import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_verdict.model import Fault, LogObservation, Outcome, Whose
from deploy_verdict.plan import Logs
from deploy_verdict.stages.logs.counting.review import FileSource, head_of, review, review_before
from deploy_verdict.stages.logs.counting.template_counts import MAX_TEMPLATES
from deploy_verdict.stages.logs.judge import judge_logs
from deploy_verdict.stages.logs.judge_novelty import Earlier
from deploy_verdict.stages.logs.lines.source_lines import SourceLine

START = datetime(2026, 2, 2, 12, tzinfo=UTC)
END = START + timedelta(hours=2)


def plan(*never, must_appear=(), **options):
    return Logs.model_validate(
        {"must_not_appear": list(never) or ["Too many connections"], "must_appear": must_appear, **options}
    )


def stamped(offset_s, text="INFO x"):
    at = START + timedelta(seconds=offset_s)
    return f"{at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {text}"


class Log:
    """A real file of lines."""

    def __init__(self, folder):
        self.path = folder / "backend.log"
        self.options = {}

    def holds(self, *lines):
        data = b"".join(line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines)
        self.path.write_bytes(data)
        return self

    def read(self, logs=None, *, undated_from_byte=None, max_line_bytes=65536, **options):
        source = FileSource(self.path, undated_from_byte, max_line_bytes=max_line_bytes)
        options = {"start": START, "end": END, "redact": lambda text: text, **options}
        observation = review(logs or plan(), source, **options)
        assert LogObservation.model_validate_json(observation.model_dump_json()) == observation
        return observation


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path)


def count(observation, pattern="Too many connections"):
    return next(item.count for item in observation.patterns if item.pattern == pattern)


BAD = "ERROR Too many connections"


@pytest.mark.parametrize(
    ("offset_s", "counted"),
    [(-1.001, 0), (-1, 1), (-0.5, 1), (0, 1), (3600, 1), (7200, 1), (7200.001, 0)],
)
def test_the_window_begins_a_second_early_and_ends_on_time(log, offset_s, counted):
    observation = log.holds(stamped(offset_s, BAD)).read()
    assert (count(observation), observation.lines_in_window) == (counted, counted)
    assert observation.lines_read == 1


def test_a_pattern_within_the_log_counts_everywhere(log):
    logs = plan(must_appear=[{"text": "pool of 20", "within": "log"}, {"text": "ready"}])
    log.holds(
        stamped(-600, "pool of 20, ready"), "pool of 20, ready", stamped(60), stamped(9999, "pool of 20")
    )
    observation = log.read(logs)
    assert (count(observation, "pool of 20"), count(observation, "ready")) == (3, 0)
    assert observation.patterns[1].first_at == START - timedelta(seconds=600)
    assert observation.patterns[1].last_at == START + timedelta(seconds=9999)


def test_a_regular_expression_sees_the_traceback_and_text_is_taken_literally(log):
    logs = plan({"regex": r"^KeyError: '\w+'$"}, {"text": "a.c"}, "(x")
    log.holds(stamped(1, "ERROR abc (x"), "Traceback (most recent call last):", "  File", "KeyError: 'y'")
    observation = log.read(logs)
    assert [item.count for item in observation.patterns] == [1, 0, 1]
    assert observation.tracebacks == 1


def test_the_end_of_a_chain_alone_is_no_traceback_and_no_debt(log):
    chained = "During handling of the above exception, another exception occurred:"
    assert log.holds(stamped(1), chained).read().tracebacks == 0


def test_an_entry_counts_once_for_each_pattern(log):
    observation = log.holds(stamped(1, f"{BAD} {BAD}"), f"  {BAD}", stamped(2, BAD)).read()
    assert count(observation) == 2


def test_the_first_examples_are_kept_with_their_tracebacks(log):
    lines = [f"{stamped(n, BAD)} {n}\nTraceback (most recent call last):\n  File\nE: {n}" for n in range(9)]
    examples = log.holds(*lines).read(plan(examples=3)).patterns[0].examples
    assert [example.text for example in examples] == lines[:3]
    assert [(example.at, example.level) for example in examples][1] == (START + timedelta(seconds=1), "ERROR")


def test_examples_and_errors_are_redacted_before_they_are_cut(log):
    log.holds(stamped(1, BAD + " " + "x" * 1940 + "hunter2hunter2hunter2"))
    observation = log.read(redact=lambda text: text.replace("hunter2", "[redacted]"))
    for kept in (observation.patterns[0].examples[0], observation.errors[0]):
        assert "hunter" not in kept.text
        assert len(kept.text) <= 2000


@pytest.mark.parametrize("before", [1900, 3000, 50000])
def test_a_long_example_is_cut_so_that_its_match_is_in_it(log, before):
    example = log.holds(stamped(1, "a" * before + " Too many connections" + "b" * 9000)).read()
    text = example.patterns[0].examples[0].text
    assert len(text) <= 2000
    assert text.startswith("2026-02-02T12:00:01")
    assert "Too many connections" in text


def test_errors_levels_and_first_twenty(log):
    lines = [stamped(n, "ERROR a" if n % 2 else "CRITICAL b") for n in range(50)]
    observation = log.holds(stamped(-60, "ERROR old"), *lines, stamped(60, "warn c")).read()
    assert observation.levels == {"CRITICAL": 25, "ERROR": 25, "WARNING": 1}
    assert [line.level for line in observation.errors] == ["CRITICAL", "ERROR"] * 10


def test_first_and_last_are_of_the_window_whatever_the_order(log):
    offsets_s = (-60, 500, 9, 700, 30, 9000)
    observation = log.holds(*[stamped(offset_s) for offset_s in offsets_s]).read()
    assert (observation.first_at, observation.last_at) == (
        START + timedelta(seconds=9),
        START + timedelta(seconds=700),
    )


@pytest.mark.parametrize(
    ("offsets_s", "silence"),
    [
        ([], (0, 7200)),
        ([0, 7200], (0, 7200)),
        ([-0.5, 7200], (0, 7200)),
        ([-60, 9000], (0, 7200)),
        ([3000], (3000, 7200)),
        ([5000], (0, 5000)),
        ([1000, 2000, 6000, 7000], (2000, 6000)),
        ([7000, 1000, 6000, 2000], (2000, 6000)),
        ([*range(0, 3001, 5), *range(5000, 7201, 5)], (3000, 5000)),
        ([3000.25, 5000.75, *range(0, 3000, 5), *range(5001, 7201, 5)], (3000.25, 5000.75)),
    ],
)
def test_the_longest_silence_has_edges_and_needs_no_order(log, offsets_s, silence):
    random.Random(1).shuffle(offsets_s)
    found = log.holds(*[stamped(offset_s) for offset_s in offsets_s], "x").read().longest_silence
    assert (found.start, found.end) == tuple(START + timedelta(seconds=offset_s) for offset_s in silence)
    assert found.length_s == silence[1] - silence[0]


def test_lines_of_one_moment_in_any_order_cover_it(log):
    """The window's thousandth from 3002.4 s to 3009.6 s holds three lines, none of them in order."""
    offsets_s = (0, 3006, 3009, 3003, 7000)
    found = log.holds(*[stamped(offset_s) for offset_s in offsets_s]).read().longest_silence
    assert (found.start, found.length_s) == (START + timedelta(seconds=3009), 7000 - 3009)


def test_a_silence_is_told_in_plan_time(log):
    found = log.holds(stamped(0), stamped(12)).read(end=START + timedelta(seconds=12), speed=600)
    assert (found.longest_silence.end - found.longest_silence.start).total_seconds() == 12
    assert found.longest_silence.length_s == 7200


def test_an_undated_line_takes_the_time_before_it_but_covers_nothing(log):
    access = 'INFO:     127.0.0.1:1 - "GET /x" 200 OK'
    observation = log.holds(stamped(-60), "x", stamped(60), access, BAD, stamped(9000), BAD).read()
    assert (count(observation), observation.lines_in_window, observation.undated_lines) == (1, 3, 4)
    assert observation.patterns[0].first_at == START + timedelta(seconds=60)
    assert observation.patterns[0].examples[0].at is None
    assert observation.longest_silence.start == START + timedelta(seconds=60)
    assert "4 lines have no time: each counts with the line before it" in observation.notes


@pytest.mark.parametrize("before", [[], [stamped(-60)]])
@pytest.mark.parametrize("after", [[], [stamped(60)]])
def test_an_undated_line_on_the_edge_of_the_window_is_not_counted_but_told(log, before, after):
    observation = log.holds(*before, BAD, *after).read()
    assert count(observation) == 0
    assert observation.incomplete == (
        "'Too many connections' was found 1 times in lines without a time, in the window or before it",
    )


def test_an_undated_line_among_lines_before_the_window_is_before_it(log):
    observation = log.holds(BAD, stamped(-60), BAD, stamped(-50), stamped(60)).read()
    assert (count(observation), observation.incomplete) == (0, ())


def test_undated_errors_on_the_edge_matter_when_errors_are_limited(log):
    log.holds("ERROR: x", stamped(60))
    assert log.read().incomplete == ()
    assert log.read(plan(max_errors=0)).incomplete != ()


def test_an_undated_line_beyond_the_byte_of_t0_is_in_the_window(log):
    before = [BAD, "x"]
    byte = len("\n".join(before)) + 1
    observation = log.holds(*before, BAD, "y").read(undated_from_byte=byte)
    assert (count(observation), observation.lines_in_window, observation.first_at) == (1, 2, None)
    assert observation.fault.kind == "undated"
    assert observation.patterns[0].first_at is None
    assert observation.incomplete == ()


@pytest.mark.parametrize(("more", "counted"), [(-1, 1), (0, 1), (1, 0)])
def test_an_undated_line_after_older_dated_ones_follows_the_byte_of_t0(log, more, counted):
    old = stamped(-60)
    log.holds(old, BAD, stamped(60))
    observation = log.read(undated_from_byte=len(old) + 1 + more)
    assert (count(observation), observation.incomplete) == (counted, ())


def test_a_file_that_became_shorter_since_t0_is_incomplete(log):
    log.holds(stamped(60))
    size = log.path.stat().st_size
    assert log.read(undated_from_byte=size).incomplete == ()
    assert "rotated" in log.read(undated_from_byte=size + 1).incomplete[0]


def test_times_without_a_zone_are_noted(log):
    observation = log.holds("2026-02-02 12:30:00,123 INFO x", stamped(60)).read()
    assert observation.notes == ("1 lines have a time without a zone: read as UTC",)
    assert observation.incomplete == ()


@pytest.mark.parametrize(("minutes", "incomplete"), [(4, False), (6, True)])
@pytest.mark.parametrize("zone", ["", "Z"])
def test_zoneless_times_ahead_of_the_file_are_not_utc(log, minutes, incomplete, zone):
    log.holds(f"2026-02-02 12:30:00{zone} INFO x")
    written = (START + timedelta(minutes=30 - minutes)).timestamp()
    os.utime(log.path, (written, written))
    assert bool(log.read().incomplete) == (incomplete and not zone)


@pytest.mark.parametrize(("offset_s", "incomplete"), [(-2, False), (0, True), (7201, False)])
def test_railways_notice_of_dropped_lines_in_the_window(log, offset_s, incomplete):
    notice = (
        "Railway rate limit of 500 logs/sec reached for replica, update your application. Messages dropped: 9"
    )
    observation = log.holds(stamped(offset_s, notice), stamped(60)).read()
    assert bool(observation.incomplete) is incomplete
    assert all("dropped" in reason for reason in observation.incomplete)


def test_lines_without_any_in_the_window_say_where_they_are(log):
    observation = log.holds(stamped(-600), stamped(-300)).read()
    assert observation.first_at is None
    assert observation.notes == ("the log's lines run from 2026-02-02T11:50:00Z to 2026-02-02T11:55:00Z",)


HTML = b"<!DOCTYPE html>\n<html><body>\n<p>2026-02-02T12:30:00Z Too many connections</p>\n</body></html>\n"


@pytest.mark.parametrize(
    ("data", "kind", "found"),
    [
        (b"", "empty", 0),
        (b"\n\n", "undated", 0),
        (b"no times here\n", "undated", 0),
        (HTML, "undated", 0),
        (gzip.compress(f"{stamped(1, BAD)}\n".encode(), mtime=0), "binary", 0),
        (b"PK\x03\x04", "binary", 0),
        (f"{stamped(1, BAD)}\n".encode("utf-16"), "binary", 0),
        (f"{stamped(1, BAD)}\n\0\0\0\n{stamped(2, BAD)}\n".encode(), "binary", 2),
        (b'null\n[]\n1\n"x"\n{}\n', "undated", 0),
    ],
)
def test_what_is_no_log_is_a_fault_of_ours(log, data, kind, found):
    observation = log.holds(data).read()
    assert (observation.fault.kind, observation.fault.whose, count(observation)) == (kind, Whose.US, found)
    assert str(log.path) in observation.fault.detail


def test_a_path_that_holds_no_file(tmp_path, log):
    assert log.read().fault.kind == "missing"
    log.path.mkdir()
    assert log.read().fault.kind == "directory"
    log.path = log.path / "x" / "y"
    assert log.read().fault.kind == "missing"
    log.path = tmp_path / "pipe"
    os.mkfifo(log.path)
    assert log.read().fault.kind == "unreadable"
    log.path = tmp_path / os.fsdecode(b"\xff.log")
    assert log.read().fault.kind == "missing"


def test_an_unreadable_file_is_a_fault(log, tmp_path):
    """A link that leads to itself: root, who runs CI, may read whatever else there is."""
    log.path = tmp_path / "loop"
    log.path.symlink_to(log.path)
    assert log.read().fault.kind == "unreadable"


def test_a_file_whose_parent_is_a_file_is_a_fault(log):
    log.holds(stamped(1))
    log.path = log.path / "x.log"
    assert log.read().fault.kind == "unreadable"


def test_odd_bytes_are_replaced_and_line_ends_of_windows_are_cut(log):
    log.holds(b"\xef\xbb\xbf" + stamped(1, BAD).encode() + b" \xff\r\n", stamped(2, "x").encode())
    observation = log.read()
    assert observation.patterns[0].examples[0].text == f"{stamped(1, BAD)} �"
    assert (observation.lines_in_window, observation.undated_lines) == (2, 0)


def test_a_lone_surrogate_in_json_can_be_stored(log):
    log.holds('{"time": "2026-02-02T12:00:01Z", "msg": "Too many connections \\ud800"}')
    assert log.read().patterns[0].examples[0].text == "Too many connections ?"


@pytest.mark.parametrize("shift", range(12))
def test_a_pattern_across_the_pieces_of_an_overlong_line_is_found_once(log, shift):
    log.holds(stamped(1, "x" * (2048 + shift * 2 - 45) + " Too many connections " + "y" * 9999), stamped(2))
    observation = log.read(max_line_bytes=2048)
    assert (count(observation), observation.lines_read, observation.undated_lines) == (1, 2, 0)


def test_a_pattern_deep_in_an_endless_line_is_found_once(log):
    endless = "ERROR " + "x" * 300_000 + " Too many connections " + "Too many connections" * 9999
    observation = log.holds(stamped(1, endless), stamped(2)).read()
    assert (count(observation), observation.lines_in_window) == (1, 2)
    assert (observation.levels, len(observation.errors)) == ({"ERROR": 1, "INFO": 1}, 1)


class Api:
    """A source as Railway's will be: lines that are dated already, and trouble on the way."""

    name = "railway secret"

    def __init__(self, *lines, fault=None, incomplete=()):
        self._lines, self._after = lines, (fault, incomplete)
        self.fault, self.incomplete = None, ()

    def lines(self):
        yield from self._lines
        self.fault, self.incomplete = self._after


def test_another_source_tells_what_it_lacks():
    fault = Fault(kind="http", whose=Whose.PROVIDER, detail="429")
    line = SourceLine("Too many connections", at=START, level="ERROR", enveloped=True)
    source = Api(line, fault=fault, incomplete=("a page is missing",))
    observation = review(
        plan(), source, start=START, end=END, redact=lambda text: text.replace("secret", "[redacted]")
    )
    assert (observation.fault, observation.incomplete) == (fault, ("a page is missing",))
    assert (count(observation), observation.source) == (1, "railway [redacted]")


def test_a_source_without_lines_is_empty():
    assert review(plan(), Api(), start=START, end=END, redact=str).fault.kind == "empty"


def test_one_planted_line_among_fifty_thousand(log):
    lines = [stamped(n * 7200 / 50_000, f"INFO GET /api/workers?page={n} 200") for n in range(50_000)]
    lines[31_415] += (
        "\nTraceback (most recent call last):\n  File\nredis.ConnectionError: Too many connections"
    )
    observation = log.holds("\n".join(lines)).read()
    assert (count(observation), observation.lines_read, observation.tracebacks) == (1, 50_003, 1)
    assert (
        observation.patterns[0].first_at.isoformat(timespec="milliseconds") == lines[31_415][:23] + "+00:00"
    )
    assert observation.levels == {"ERROR": 1, "INFO": 50_000}


def test_memory_does_not_grow_with_the_log(log):
    """12 MB: 1 MB in lines, 10 MB in one line, 1 MB of lines that all continue one entry."""
    with log.path.open("wb") as file:
        file.writelines(f"{stamped(n / 20, 'INFO ' + 'x' * 70)}\n".encode() for n in range(10_000))
        file.write(stamped(6000, "y" * 10_000_000 + " Too many connections\n").encode())
        file.write(stamped(6001, "ERROR z\n").encode())
        file.writelines(b"    " + b"z" * 95 + b"\n" for _ in range(10_000))
        file.write(b"  Too many connections\n")
    assert log.path.stat().st_size > 11_500_000
    tracemalloc.start()
    try:
        observation = log.read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count(observation), observation.lines_read) == (2, 20_003)
    assert peak < 4_000_000


PIECES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\0",
            b"Too many connections",
            b"Traceback (most recent call last):\n",
            b"  indented\n",
            b"{",
            b'{"timestamp": "2026-02-02T12:30:00Z", "message": "m"}',
            b'{"ts": 1770035400}',
            b"\x1b[31m",
            b"2026-02-02T11:59:58.9Z before\n",
            b"2026-02-02T12:30:00Z inside\n",
            b"2026-02-02 12:30:00,5 inside\n",
            b"2026-02-02T14:00:01Z after\n",
        ]
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), byte=st.none() | st.integers(0, 300), size=st.integers(256, 400))
def test_no_bytes_raise_and_none_are_readable_without_a_dated_line_in_the_window(log, pieces, byte, size):
    data = b"".join(pieces)
    observation = log.holds(data).read(undated_from_byte=byte, max_line_bytes=size)
    logs = plan(max_silence="9h")
    readable, never = judge_logs(logs, observation, evidence=None)
    if b":30:00" not in data and b"1770035400" not in data:
        assert readable.outcome is Outcome.INCONCLUSIVE
    if readable.outcome is Outcome.PASS:
        assert START - timedelta(seconds=1) <= observation.first_at <= observation.last_at <= END
    if never.outcome is Outcome.PASS:
        assert readable.outcome is Outcome.PASS


def test_a_regular_expression_that_cannot_be_one_is_a_mistake_of_the_plan():
    with pytest.raises(ValueError, match="is not a regular expression"):
        plan({"regex": "("})


def test_a_relative_path_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert FileSource(Path("x.log")).name == "x.log"


@pytest.mark.parametrize(
    "line",
    [
        "too many connections",
        "TOO MANY CONNECTIONS",
        "Too many\n    connections",
        r'{"e": "Too many\u0020connections"}',
    ],
)
def test_a_forbidden_text_is_found_in_any_case_and_form(log, line):
    log.holds(stamped(1, line))
    assert count(log.read()) == 1


def test_a_log_that_was_rotated_since_t0_is_incomplete(tmp_path):
    """Another file under the same name, or the same one begun anew, has lost lines of the window."""
    path = tmp_path / "x.log"
    path.write_text("first line\n")
    head = head_of(path, 11)
    for replace in (lambda: path.write_text("other start\nand more\n"), lambda: renamed(path)):
        replace()
        source = FileSource(path, 11, head_at_t0=head)
        list(source.lines())
        assert source.incomplete
        assert "rotated" in source.incomplete[0]
    path.write_text("first line\n")


def renamed(path):
    path.rename(path.with_suffix(".1"))
    path.write_text("first line\nsecond line\n")


def test_a_log_that_only_grew_is_whole(tmp_path):
    path = tmp_path / "x.log"
    path.write_text("first line\n")
    head = head_of(path, 11)
    with path.open("a") as file:
        file.write("second line\n")
    source = FileSource(path, 11, head_at_t0=head)
    assert len(list(source.lines())) == 2
    assert source.incomplete == ()


def kinds(observation, kind="error"):
    return {item.template: item.count for item in observation.templates if item.kind == kind}


def test_one_planted_template_among_fifty_thousand_lines_is_new(log):
    """Found by the whole way: the file, its reading, the reading of the hour before, the judge."""
    before = [stamped(n * 0.2 - 3600, f"INFO GET /api/workers?page={n} 200 {n} ms") for n in range(18_000)]
    before += [stamped(-5, "ERROR spool TEST-01 is locked")]
    lines = [stamped(n * 7200 / 50_000, f"INFO GET /api/workers?page={n} 200 {n} ms") for n in range(50_000)]
    lines[40_000] = stamped(5760, "ERROR spool TEST-77 is locked")
    lines[31_415] = stamped(4523.76, "ERROR row 4711 was written twice")
    log.holds(*before, *lines)
    logs = plan(novelty={})
    options = {"end": START - timedelta(seconds=2), "redact": str}
    earlier = review_before(logs, FileSource(log.path), start=START - timedelta(seconds=3602), **options)
    observation = log.read(logs)
    assert earlier.check == "baseline"
    assert kinds(earlier) == {"ERROR spool <n> is locked": 1}
    # The window begins a second early.
    assert kinds(observation, "other") == {"INFO GET /api/workers?<text> 2xx <n> ms": 50_003}
    earlier = Earlier(before=earlier)
    found = judge_logs(logs, observation, evidence=None, earlier=earlier)
    finding = next(item for item in found if item.rule == "new")
    assert (finding.check, finding.outcome) == ("novelty", Outcome.FAIL)
    assert finding.actual.startswith("1 new kind of error: 1 line, first 2026-02-02T13:15:23Z: ")
    assert finding.actual.endswith("ERROR row 4711 was written twice")


def word(number):
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_templates_are_bounded_and_ordinary_ones_do_not_drive_out_errors(log):
    lines = [stamped(n / 10, f"INFO kind {word(n)}") for n in range(MAX_TEMPLATES + 30)]
    observation = log.holds(*lines, stamped(7000, "ERROR late")).read()
    assert len(kinds(observation, "other")) == MAX_TEMPLATES
    assert observation.templates_left_out == {"other": 30}
    assert kinds(observation) == {"ERROR late": 1}


def test_memory_of_templates_does_not_grow_with_the_log(log):
    with log.path.open("wb") as file:
        file.writelines(
            f"{stamped(n / 10, f'ERROR {word(n)} {chr(120) * 250}')}\n".encode() for n in range(20_000)
        )
    tracemalloc.start()
    try:
        observation = log.read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert observation.templates_left_out == {"error": 20_000 - MAX_TEMPLATES}
    assert peak < 4_000_000


def test_a_template_says_when_how_often_and_an_example(log):
    one = f"{stamped(9, 'ERROR a 2')}\nTraceback (most recent call last):\n  File\nKeyError: 'x'"
    observation = log.holds(one, one.replace("09.000", "04.000").replace("a 2", "a 3")).read()
    (seen,) = observation.templates
    assert (seen.template, seen.kind, seen.level, seen.count) == (
        "ERROR a <n> ⏎ KeyError: 'x'", "error", "ERROR", 2,
    )  # fmt: skip
    assert (seen.first_at, seen.last_at) == (START + timedelta(seconds=4), START + timedelta(seconds=9))
    assert seen.example == one


def test_a_traceback_after_a_line_of_another_matter_is_an_error(log):
    text = f"{stamped(9, 'INFO a')}\nTraceback (most recent call last):\n  File\nKeyError: 'x'"
    assert kinds(log.holds(text).read()) == {"Traceback (most recent call last): ⏎ KeyError: 'x'": 1}


@pytest.mark.parametrize("secret", ["hunter2hunter2", "pass-word!abc9"])
def test_templates_and_their_examples_are_redacted(log, secret):
    log.holds(stamped(1, f"ERROR login {secret} failed"), stamped(2, "ERROR login [redacted] failed"))
    observation = log.read(
        plan(incident=["ERROR login [redacted] failed"]),
        redact=lambda text: text.replace(secret, "[redacted]"),
    )
    assert secret[:5] not in observation.model_dump_json()
    # Two kinds that are one without the secret.
    assert kinds(observation) == {"ERROR login [redacted] failed": 2}


def test_lines_of_the_incident_are_counted_in_the_window_only(log):
    logs = plan(incident=["2026-02-01T09:00:00Z ERROR redis: Too many connections (20 of 20)"])
    again = "ERROR redis: Too many connections (17 of 20)"
    observation = log.holds(
        stamped(-60, again), stamped(60, again), stamped(61, f"app: {again}, so we stop"), stamped(62, BAD)
    ).read(logs)
    (counted,) = observation.incident
    assert (counted.count, counted.first_at) == (2, START + timedelta(seconds=60))
    assert counted.examples[0].text == stamped(60, again)
