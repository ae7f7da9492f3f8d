"""Lines that are like ones before are counted many at a time: the same evidence as one by one."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_verdict.base.linear_regex import LinearRegexes, is_blind_to_digits
from deploy_verdict.plan import Logs
from deploy_verdict.stages.logs.counting.review import FileSource, review
from deploy_verdict.stages.logs.counting.starts import StartLines
from deploy_verdict.stages.logs.lines.alike import AlikeLines
from deploy_verdict.stages.logs.lines.formats import FORMATS
from deploy_verdict.stages.logs.sources.log_clock import WatchedSource
from tests.examples import at_least
from tests.stages.logs.lines import lines_of

EXAMPLES = at_least(25)
NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)
END = NOON + timedelta(hours=1)
PLAN = Logs.model_validate(
    {
        "must_not_appear": ["Too many connections", "code 7", {"name": "5xx", "regex": r"/api/\S* 5\d\d\b"}],
        "must_appear": [{"text": "pool of 20", "within": "log"}, {"name": "slow", "regex": r"took \d+ ms"}],
        "canary": {"regex": r"\b(GET|POST) /\S+.*\b[1-5]\d\d\b", "at_least": "1%"},
        "max_errors": 0,
        "novelty": {"before": "1h"},
        "examples": 2,
    }
)
OWN = (
    "2026-02-02T12:00:00.123Z INFO shop: GET /api/orders/{n} {status} in {n} ms",
    "2026-02-02T12:00:00.12{n}Z ERROR shop: pool {n} is closed",
    "2026-02-02 12:00:00,123 WARNING order {n} took {n} ms",
    "2026-02-02T12:00:00+0{digit}:00 INFO code {digit} of pool of 2{digit}",
    "2026-02-02T12:00:{n}Z INFO seconds that are none",
    '10.0.0.1 - - [02/Feb/2026:12:00:00 +0000] "GET /api/x?level=error HTTP/1.1" {status} {n} "-" "curl"',
    '{{"timestamp":"2026-02-02T12:00:00.123Z","level":"info","message":"GET /api/x {status} {n} ms"}}',
    '{{"timestamp":"2026-02-02T12:00:00.123Z","message":"ERROR pool {n}","level":"error"}}',
    '{{"level":{number},"time":17700336{n:0>5},"pid":{n},"hostname":"web","msg":"order {n}","ok":true}}',
    '{{"level":{number},"time":1770033600{n:0>3},"pid":{n},"hostname":"web","msg":"order {n}","ok":null}}',
    '{{"severity":"ERROR{digit}","time":"2026-02-02T12:00:00Z","message":"pool {n}"}}',
    '{{"severity":"WARNING","ts":1770033600.{n},"message":"pool {n}","took":{n}.{digit}0}}',
    '{{"severity":"INFO","time":"2026-02-02 12:00:00,{n}","message":"a\\u00e9 {n}","path":"/a"}}',
    '{{"level":"info","time":"2026-02-02T12:00:00Z","msg":"Server started, {n}","status":{status}}}',
    '{{"level":"info","time":"2026-02-02T12:00:00Z","msg":"","path":"/a","status":{status},"method":"GET"}}',
    '{{"level":{number},"time":1770033{n:0>6},"pid":7,"req":{{"url":"/a/{n}","ids":[{n},1.{n}]}},"msg":"x"}}',
    '{{"level":"warn","ts":1770033600.{n},"msg":"x","took":{n}.{digit},"left":-{digit},"ok":null,"in":{{}}}}',
    '{{"level": "info", "time": 1770033600{n:0>3}, "msg": "", "took": 0.00{n}, "by": {{"n": "{n}"}}}}',
    "Listening on port {n}",
    "    at shop.Orders.take(Orders.java:{n})",
    "order {n} without a time",
    "2026/02/02 12:00:00 order {n}",
)
SAMPLES = tuple(
    sample.line.replace("{", "{{").replace("}", "}}") for row in FORMATS for sample in row.samples
)


def written(seed):
    """A log of a few kinds of lines, many times each, in times that mostly rise; and its place at T0."""
    chosen = random.Random(seed)
    kinds = [*chosen.sample(OWN, 4), *chosen.sample(SAMPLES, 2)]
    lines, minute = [], 0.0
    for _ in range(chosen.randrange(20, 160)):
        kind = chosen.choice(kinds if chosen.random() < 0.9 else OWN)
        for _ in range(chosen.choice((1, 1, 2, 9))):
            minute += chosen.choice((0, 0, 0, 0.02, 0.5, -0.3))
            clock = f"12:{int(minute) % 60:02d}:{int(minute * 60) % 60:02d}"
            n, status = (
                chosen.choice((chosen.randrange(100), chosen.randrange(9999))),
                chosen.choice((200, 201, 404, 503, 900)),
            )
            made = kind.format(n=n, status=status, digit=n % 10, number=chosen.choice((30, 30, 40, 50)))
            lines.append(made.replace("12:00:00", clock))
    end = chosen.choice(("\n", "\n", "\r\n"))
    t0 = chosen.choice((None, len("".join(line + end for line in lines[: len(lines) // 3]).encode())))
    return end.join(lines) + chosen.choice((end, "")), t0


def evidence(path, t0):
    starts = StartLines(None, END)
    source = WatchedSource(FileSource(path, t0, ends=END), starts)
    found = review(PLAN, source, start=NOON + timedelta(minutes=2), end=END, redact=str)
    return found, starts.starts(NOON, END, timedelta(seconds=1))


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_the_evidence_is_the_same_as_when_each_line_is_read_by_itself(tmp_path, monkeypatch, seed):
    text, t0 = written(seed)
    path = tmp_path / "service.log"
    path.write_bytes(text.encode())
    together = evidence(path, t0)
    with monkeypatch.context() as alone:
        alone.setattr(AlikeLines, "of", lambda lines, raw: None)
        assert together == evidence(path, t0)


def test_most_lines_of_a_log_that_repeats_itself_are_counted_together(tmp_path):
    path = tmp_path / "service.log"
    lines = [f"2026-02-02T12:{n // 60:02d}:{n % 60:02d}.5Z INFO GET /api/x 200 in {n} ms" for n in range(600)]
    lines += [f'{{"level":30,"time":1770033{n + 600},"pid":7,"msg":"order {n}"}}' for n in range(300)]
    path.write_text("\n".join(lines) + "\n")
    together = [item for item in FileSource(path).lines() if hasattr(item, "lines")]
    assert sum(len(item.lines) for item in together) > 880


@pytest.mark.parametrize(
    ("regex", "is_blind"),
    [
        (r"took \d+(\.\d+)? ms", True),
        (r"(?i)pool\s+[0-9]{2,3}\b|^\[worker [^0-9]", True),
        (r"status 5\d\d", False),
        (r"[1-5]\d\d", False),
        (r"max=20", False),
        (r"\x35", False),
        (r"[{5}]", False),
        (r"a-z0-9", False),
        (r"\\{5}", False),
    ],
)
def test_an_expression_that_takes_all_digits_alike_is_known(regex, is_blind):
    assert is_blind_to_digits(regex) is is_blind
    LinearRegexes([regex])


@pytest.mark.parametrize("number", ["1.50", "0.00001", "-0", "7.0"])
def test_a_number_that_json_shows_otherwise_than_it_is_written_is_read_by_itself(tmp_path, number):
    path = tmp_path / "service.log"
    line = '{{"level":"warn","ts":1770033600.5,"msg":"x","took":{}}}'
    like = "".join(character if not character.isdigit() else "3" for character in number)
    path.write_text("\n".join(line.format(took) for took in (like, like, like, number)) + "\n")
    assert lines_of(FileSource(path))[-1].text == f"x\ntook={json.loads(number)}"
