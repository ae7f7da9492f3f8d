"""Numbers of an answer: every way a gauge may be written, and the reason where it cannot be read."""

import json
import re

import pytest

from deploy_verdict.expect.numbers import number_in, parse_number

NODE = json.dumps({"status": "ok", "pool": {"total": 5, "idle": 2, "waiting": 0}})
HIKARI = json.dumps(
    {"name": "hikaricp.connections.active", "measurements": [{"statistic": "VALUE", "value": 3.0}]}
)
QUEUE_POOL = "Pool size: 5  Connections in pool: 2 Current Overflow: -3 Current Checked out connections: 1"
METRICS = """\
# HELP db_pool_in_use Connections in use.
# TYPE db_pool_in_use gauge
db_pool_in_use{pool="main",pid="7"} 3
db_pool_in_use{pool="main",pid="8"} 4 1700000000000
db_pool_in_use{pool="read - only"} 1e0
db_pool_in_use_total 99
db_pool_size 20
broken_ratio NaN
escaped{path="a\\"b\\\\c"} 2
# EOF
"""


@pytest.mark.parametrize(
    ("number", "body", "expected"),
    [
        ("20", "", 20.0),
        ("$.pool.total - $.pool.idle", NODE, 3.0),
        ("$.pool.total - $.pool.idle + $.pool.waiting - 1", NODE, 2.0),
        ("$['pool']['total'] - $['pool']['idle']", NODE, 3.0),
        ("$['a - $.b'] - $.c", '{"a - $.b": 5, "c": 1}', 4.0),
        ("$.measurements[0].value", HIKARI, 3.0),
        ("$.measurements[?@.statistic == 'VALUE'].value", HIKARI, 3.0),
        ("number: $.used", '{"used": "15"}', 15.0),
        ("number: $.used", '{"used": 15}', 15.0),
        ("number: $.max - number: $.free", '{"max": "20", "free": " 3.5 "}', 16.5),
        (r"text: Checked out connections: (\d+)", QUEUE_POOL, 1.0),
        (r"text: Overflow: (-?\d+)", QUEUE_POOL, -3.0),
        (r"text: Pool size: (\d+) + text: Overflow: (-?\d+)", QUEUE_POOL, 2.0),
        (r"20 - text: in pool: (\d+)", QUEUE_POOL, 18.0),
        ('prometheus: db_pool_in_use{pool="main",pid="8"}', METRICS, 4.0),
        ('prometheus: sum(db_pool_in_use{pool="main"})', METRICS, 7.0),
        ('prometheus: max(db_pool_in_use{pool="main"})', METRICS, 4.0),
        ("prometheus: min(db_pool_in_use)", METRICS, 1.0),
        ('prometheus: db_pool_in_use{pool="read - only"}', METRICS, 1.0),
        ('prometheus: db_pool_size - prometheus: sum(db_pool_in_use{pool="main"})', METRICS, 13.0),
        ('prometheus: escaped{path="a\\"b\\\\c"}', METRICS, 2.0),
        ("connected_clients", '{"connected_clients": 4}', 4.0),
    ],
)
def test_what_a_number_can_be(number, body, expected):
    assert number_in(number, body) == expected


@pytest.mark.parametrize(
    ("number", "body", "reason"),
    [
        ("$.pool.total - $.pool.idle", '{"pool": {"total": 5}}', "pool has no idle"),
        ("$.a", '{"a": "15"}', "$.a is text, not a number (number: $.a reads it)"),
        ("number: $.a", '{"a": "15 of 20"}', "$.a is '15 of 20', not a number"),
        ("number: $.a", '{"a": true}', "$.a is a boolean, not a number"),
        ("number: $.a", '{"a": "nan"}', "$.a is 'nan', not a number"),
        ("$..used", '{"a": {"used": 1}, "b": {"used": 2}}', "selects 2 values, and one is needed"),
        (r"text: busy=(\d+)", "idle=3", "text: busy=(\\d+) is not in the answer ('idle=3')"),
        (r"text: busy=(\d+)", "busy=3 busy=4", "has 2 values in the answer (3, 4), and one is needed"),
        (r"text: busy=(\S+)", "busy=many", "text: busy=(\\S+) is 'many', not a number"),
        ('prometheus: db_pool_in_use{pool="main"}', METRICS, "2 samples match"),
        ('prometheus: db_pool_in_use{pool="other"}', METRICS, 'no sample db_pool_in_use{pool="other"}'),
        ("prometheus: db_pool", METRICS, "no sample db_pool"),
        ("prometheus: broken_ratio", METRICS, "NaN or infinite"),
        ("prometheus: torn", 'torn{a="b 3\n', "cannot be read"),
        ("prometheus: torn", "torn three\n", "cannot be read"),
        ("prometheus: db_pool_size", "<html>502</html>", "no sample db_pool_size"),
    ],
)
def test_what_cannot_be_read_has_its_reason(number, body, reason):
    found = number_in(number, body)
    assert isinstance(found, str)
    assert reason in found


@pytest.mark.parametrize("number", ["prometheus: db_pool_size", r"text: size (\d+)", "$.used"])
def test_an_answer_that_was_cut_is_not_read(number):
    assert "was cut" in number_in(number, METRICS[:-20], truncated=True)


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        ("", "write $.json.path"),
        ("Active", "write $.json.path"),
        ("$.a * 2", "is not a JSON path"),
        ("2 * $.a", "write $.json.path"),
        ("$.a - ", "is not a JSON path"),
        ("text: busy", "0 groups"),
        (r"text: (\d+) of (\d+)", "2 groups"),
        ("text: (", "not a regular expression"),
        (r"text: busy (\d+) - 1", "write the number first"),
        ("prometheus: {pool}", "write one such as"),
        ("prometheus: db{pool=main}", "write one such as"),
        ("prometheus: db 4", "write one such as"),
        ("prometheus: avg(db)", "write one such as"),
        ("number: 20", "takes a JSON path"),
    ],
)
def test_a_mistake_says_what_to_write(number, hint):
    with pytest.raises(ValueError, match=re.escape(hint)):
        parse_number(number)
