"""The table of formats: each row's samples, and all of them behind wrappers, in any encoding, with any line end."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.plan import Logs
from deploy_verdict.stages.logs.counting.review import FileSource, review
from deploy_verdict.stages.logs.lines.crashes import CRASHES
from deploy_verdict.stages.logs.lines.entries import entries
from deploy_verdict.stages.logs.lines.formats import FORMATS
from deploy_verdict.stages.logs.lines.line_reader import LineReader
from tests.stages.logs.lines import lines_of

NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)
END = NOON + timedelta(hours=2)
SAMPLES = [(row, sample) for row in FORMATS for sample in row.samples]


def reader(row=None):
    made = LineReader(END)
    if row is not None and row.agreed:
        made.learn([row.agreed])
    return made


def at(clock):
    return None if clock is None else datetime.fromisoformat(f"2026-02-02T{clock}+00:00")


@pytest.mark.parametrize(("row", "sample"), SAMPLES, ids=lambda item: getattr(item, "writer", ""))
def test_each_sample_is_read_by_its_row(row, sample):
    line = reader(row).read(sample.line)
    assert (line.level, line.at) == (sample.level, at(sample.at))
    assert row.rest or (line.format, line.kind) == (row.name, row.kind)


WRAPPERS = {
    "none": "{}",
    "docker compose": "backend-1  | {}",
    "kubectl": "[pod/shop-7d9/app] {}",
    "containerd": "2026-02-02T12:00:00.123Z stdout F {}",
    "docker logs -t": "2026-02-02T12:00:00.123456789Z {}",
    "journalctl": "Feb 02 12:00:00 web shop[7]: {}",
    "heroku": "2026-02-02T12:00:00.123+00:00 app[web.1]: {}",
    "docker": None,
}


def wrapped(wrapper, line):
    if WRAPPERS[wrapper] is not None:
        return WRAPPERS[wrapper].format(line)
    return json.dumps({"log": line + "\n", "stream": "stderr", "time": "2026-02-02T12:00:00.123456789Z"})


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    chosen=st.lists(
        # What follows a JSON object in its line would make it another text.
        st.sampled_from([(row, item) for row, item in SAMPLES if not row.agreed and item.line[-1] != "}"]),
        min_size=1,
        max_size=12,
    ),
    wrapper=st.sampled_from([*WRAPPERS]),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    colour=st.booleans(),
    name=st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8),
)
def test_levels_are_the_same_whatever_stands_around_the_lines(
    tmp_path, chosen, wrapper, end, bom, colour, name
):
    """Each format after each other one in one log: what was read before changes nothing."""
    shown = "\x1b[31m{}\x1b[0m" if colour and wrapper != "docker" else "{}"
    lines = [wrapped(wrapper, shown.format(sample.line + f" {name}")) for _, sample in chosen]
    path = tmp_path / "service.log"
    path.write_bytes(bom + (end.join(lines) + end).encode("utf-8", "replace"))
    read = [line.level for line in lines_of(FileSource(path, ends=END))]
    assert read == [sample.level for _, sample in chosen]


@pytest.mark.parametrize("crash", CRASHES, ids=lambda item: item.language)
@pytest.mark.parametrize("stamp", ["", "2026-02-02T12:00:00.123Z "], ids=["bare", "each line stamped"])
def test_a_crash_is_one_entry_and_an_error_without_any_level(crash, stamp):
    made = reader()
    texts = [
        "2026-02-02T11:59:59.000Z INFO order taken",
        *(stamp + line for line in crash.sample.split("\n")),
    ]
    texts.append("2026-02-02T12:00:00.200Z INFO order taken")
    first, entry, last = entries(made.read(text) for text in texts)
    assert (entry.level, entry.kind) == ("ERROR", "crash")
    assert (first.level, last.level, entry.lines) == ("INFO", "INFO", crash.sample.count("\n") + 1)


def levels(*texts):
    made = reader()
    made.learn(texts)
    return [(entry.level, entry.kind) for entry in entries(made.read(text) for text in texts)]


PYTHON = ("Traceback (most recent call last):", '  File "a.py", line 1, in f', "KeyError: 'x'")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("2026-02-02 12:00:00,1 WARNING gone", *PYTHON), [("WARNING", "crash")]),
        (("2026-02-02 12:00:00,1 DEBUG gone", *PYTHON), [("DEBUG", "crash")]),
        (("2026-02-02 12:00:00,1 ERROR failed", *PYTHON), [("ERROR", "crash")]),
        (("2026-02-02 12:00:00,1 INFO fine", *PYTHON), [("INFO", "line"), ("ERROR", "crash")]),
        (("10.0.0.1 - - [02/Feb/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 500 1", *PYTHON), [(None, "access"), ("ERROR", "crash")]),
        (("2026-02-02 12:00:00 INFO got 'Traceback (most recent call last):' of ann",), [("INFO", "line")]),
        (("2026-02-02 12:00:00 WARN slow", "java.lang.IllegalStateException: x", "\tat a.B.c(B.java:1)"), [("WARNING", "crash")]),
        (("2026-02-02 12:00:00 INFO fine", "TypeError: x is not a function", "    at f (/app/a.js:1:2)"), [("INFO", "line"), ("ERROR", "crash")]),
        (("2026-02-02 12:00:00 INFO fine", "ValueError: not a crash without a stack", "listening"), [("INFO", "line"), (None, "line"), (None, "line")]),
        (("Feb 02, 2026 12:00:00 PM shop.Orders take", "SEVERE: pool is closed", "java.io.IOException: x", "\tat a.B.c(B.java:1)"), [("ERROR", "crash")]),
        (('{"level": "info", "msg": "retried", "time": "2026-02-02T12:00:00Z", "stack": "Error: x\\n    at f"}',), [("INFO", "crash")]),
        (('{"msg": "failed", "time": "2026-02-02T12:00:00Z", "exc_info": "Traceback\\n KeyError"}',), [("ERROR", "crash")]),
        (('{"message": "panic: x\\ngoroutine 1 [running]:", "timestamp": "2026-02-02T12:00:00Z"}',), [("ERROR", "crash")]),
    ],
)  # fmt: skip
def test_a_stack_belongs_to_the_line_that_logged_it_and_has_its_level(texts, expected):
    assert levels(*texts) == expected


def line_json(**fields):
    return json.dumps({"time": "2026-02-02T12:00:00Z", "msg": "m", **fields})


@pytest.mark.parametrize(
    ("text", "level"),
    [
        # Words in a URL, a query, a sentence or a quoted header.
        ("2026-02-02T12:00:00Z Error tracking enabled (release 4711)", None),
        ("2026-02-02T12:00:00Z error tracking enabled", None),
        ("2026-02-02T12:00:00Z Alert scheduler started, 3 rules", None),
        ('2026-02-02T12:00:00Z web.1: subscribed with severity=error, lvl: "error"', None),
        ("2026-02-02T12:00:00Z INFO GET /audit?level=error&severity=CRITICAL [ERROR] 200", "INFO"),
        (line_json(level="info", message="ERROR: level=error [FATAL]"), "INFO"),
        (line_json(details={"level": "error"}), None),
        # Numbers mean what their format says.
        (line_json(level=40, pid=7, hostname="c"), "WARNING"),
        (line_json(level=40, lineno=7, funcName="f"), "ERROR"),
        ('{"level": 40, "text": "m", "ts": 1770033600}', None),
        (line_json(level=35, pid=7, hostname="c"), "INFO"),
        (line_json(level=50), "ERROR"),
        (line_json(levelno=30), "WARNING"),
        (line_json(level=400, level_name="ERROR", channel="app"), "ERROR"),
        (line_json(level=550, channel="app"), "CRITICAL"),
        (line_json(severity=500), "CRITICAL"),
        (line_json(severityNumber=17), "ERROR"),
        (line_json(severityNumber=13, severityText="Warn"), "WARNING"),
        ('{"version": "1.1", "host": "c", "short_message": "m", "timestamp": 1770033600.1, "level": 3}', "ERROR"),
        ('{"MESSAGE": "m", "PRIORITY": "3", "__REALTIME_TIMESTAMP": "1770033600000000"}', "ERROR"),
        (line_json(level=True), None),
        (line_json(level=None), None),
        (line_json(level=7), None),
        # Keys of any case and nesting.
        (line_json(LogLevel="Error"), "ERROR"),
        (line_json(**{"log.level": "error"}), "ERROR"),
        (line_json(log={"level": "error"}), "ERROR"),
        (line_json(record={"level": {"name": "ERROR", "no": 40}}), "ERROR"),
        (line_json(level="ERROR+4"), "CRITICAL"),
        (line_json(level="WARN+2"), "WARNING"),
        (line_json(error_severity="FATAL"), "CRITICAL"),
        ('{"@t": "2026-02-02T12:00:00Z", "@mt": "m"}', "INFO"),
        ('{"@t": "2026-02-02T12:00:00Z", "@mt": "m", "@l": "Fatal"}', "CRITICAL"),
        ('{"t": {"$date": "2026-02-02T12:00:00.000+00:00"}, "s": "E", "c": "NETWORK", "msg": "m"}', "ERROR"),
        ('{"instant": {"epochSecond": 1770033600, "nanoOfSecond": 5}, "level": "WARN", "message": "m"}', "WARNING"),
        ('{"timeUnixNano": "1770033600000000000", "severityText": "ERROR", "body": {"stringValue": "m"}}', "ERROR"),
        ('{"insertId": "a", "severity": "ERROR", "jsonPayload": {"message": "m"}, "timestamp": "2026-02-02T12:00:00Z"}', "ERROR"),
        # A logger's three keys are not Railway's.
        ('{"level": "error", "message": "m", "timestamp": "2026-02-02T12:00:00.123Z"}', "ERROR"),
        ('{"message": "m", "timestamp": "2026-02-02T12:00:00.123456789Z", "level": "error"}', UNPROVEN_LEVEL),
        ('{"message": "m", "timestamp": "2026-02-02T12:00:00.123456789Z", "level": "error", "id": 12}', "ERROR"),
        ("level=error ts=2026-02-02T12:00:00Z msg=\"info\"", "ERROR"),
        ('at=error code=H12 desc="Request timeout" path="/?level=info"', "ERROR"),
        ("msg=\"level=error\" level=info", "INFO"),
        # What else stands between time and level.
        ("2026-02-02 12:00:00,123 pid=7 tid=8 ERROR x", "ERROR"),
        ("2026-02-02 12:00:00 web-1 app.db ERROR x", "ERROR"),
        ("2026-02-02 12:00:00;ERROR;x", "ERROR"),
        ("2026-02-02T12:00:00.123Z [shop] error: x", "ERROR"),
        ("02-02-2026 12:00:00 ERROR x", "ERROR"),
        ("2026-02-02T12:00:00Z The ERROR budget is fine", None),
    ],
)  # fmt: skip
def test_the_level_is_where_the_format_puts_it(text, level):
    assert reader().read(text).level == level


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-02 07:00:00 EST [31] FATAL:  x", (NOON, True, None)),
        ("2026-02-02 09:00:00.000 -03 [31] ERROR:  x", (NOON, True, None)),
        ("2026-02-02T13:00:00+01:00[Europe/Berlin] INFO x", (NOON, True, None)),
        ("[02-Feb-2026 13:00:00 Europe/Berlin] PHP Notice:  x", (NOON, True, None)),
        ("2026-02-02 12:00:00 INFO x", (NOON, False, None)),
        ("2026-02-02 12:00:00 CST [31] FATAL:  x", (None, True, "the zone CST means several offsets")),
        ("Feb  2 12:00:00 web shop[7]: x", (NOON, False, None)),
        ("Dec 31 23:59:59 web shop[7]: x", (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), False, None)),
        ("12:00:00 ERROR x", (NOON, False, None)),
        ("2026-02-02T12:00:00Z GET /x?level=error 200", (NOON, True, None)),
        ("23:00:00 ERROR x", (NOON - timedelta(hours=13), False, None)),
        ("3/2/2026, 12:00:00 PM ERROR x", (datetime(2026, 3, 2, 12, tzinfo=UTC), False, None)),
        ("1770033600123 ERROR x", (NOON + timedelta(microseconds=123000), True, None)),
        ('{"@timestamp": 1770033600.5, "level": "info"}', (NOON + timedelta(seconds=0.5), True, None)),
        ('{"timestamp": "2026-02-02 12:00:00 IST", "level": "info", "message": "m"}', (None, True, "the zone IST means several offsets")),
    ],
)  # fmt: skip
def test_times_are_read_with_their_zones_and_what_is_not_known_is_said(text, expected):
    line = reader().read(text)
    if text.startswith("3/2"):
        made = reader()
        made.learn([text, "3/25/2026, 12:00:00 PM INFO y"])
        line = made.read(text)
    assert (line.at, line.zoned, line.problem) == expected


# Lines that loggers printed here, of our own messages: pino, winston, bunyan, NestJS, log4js, python-json-logger,
# ecs-logging, zap, zerolog, logrus, klog, hclog and charm's log.
PRINTED = [
    ('{"level":50,"time":1795772330856,"pid":7,"hostname":"vm","err":{"type":"Error","stack":"Error: pool\\n    at [eval]:1:87"},"msg":"order failed"}', "ERROR"),
    ('{"level":40,"time":"2026-11-27T09:38:51.184Z","msg":"slow"}', "WARNING"),
    ('{"name":"shop","hostname":"vm","pid":14017,"level":60,"msg":"x","time":"2026-11-27T09:38:54.469Z","v":0}', "CRITICAL"),
    ('{"level":"error","message":"pool is closed","timestamp":"2026-11-27T09:38:52.849Z"}', "ERROR"),
    ('{"@fields":{"level":"error"},"@message":"pool is closed"}', "ERROR"),
    ("\x1b[31merror\x1b[39m:   pool is closed", "ERROR"),
    ("\x1b[31m[Nest] 14031  - \x1b[39m11/27/2026, 9:38:55 AM \x1b[31m  ERROR\x1b[39m \x1b[38;5;3m[Orders] \x1b[39m\x1b[31mpool is closed\x1b[39m", "ERROR"),
    ('{"level":"log","pid":14059,"timestamp":1795772336787,"message":"order taken"}', "INFO"),
    ("\x1b[35m[2026-11-27T09:38:57.233] [FATAL] default - \x1b[39mf", "CRITICAL"),
    ('{"asctime": "2026-11-27 09:39:01,836", "levelname": "WARNING", "name": "shop", "message": "slow"}', "WARNING"),
    ('{"@timestamp":"2026-11-27T09:39:01.983Z","log.level":"warning","message":"slow","ecs.version":"1.6.0","log":{"logger":"shop"}}', "WARNING"),
    ('{"level":"dpanic","ts":1795772518.224794,"caller":"go/main.go:7","msg":"d","stacktrace":"main.main\\n\\t/app/main.go:7"}', "CRITICAL"),
    ('{"level":"error","error":"x","time":"2026-11-27T09:41:58Z","message":"pool is closed"}', "ERROR"),
    ('time="2026-11-27T09:41:58Z" level=warning msg=slow', "WARNING"),
    ('E1127 09:41:58.294900   25917 main.go:18] "failed" err="x" id=3', "ERROR"),
    ("2026-11-27T09:41:58.312Z [ERROR] pool is closed: id=12", "ERROR"),
    ("2026/11/27 09:41:58 ERRO pool is closed pool=db", "ERROR"),
    ("9:41AM ERR pool is closed", "ERROR"),
    # Servers and loggers of other languages: Traefik, Caddy, Envoy, nginx, Apache, HAProxy, PostgreSQL, MariaDB, Redis,
    # Monolog, PHP, Ruby's Logger, env_logger, tracing, flexi_logger.
    ('\x1b[90m2026-11-27T18:16:52Z\x1b[0m \x1b[1m\x1b[31mERR\x1b[0m\x1b[0m \x1b[1mCannot start\x1b[0m \x1b[36merror=\x1b[0m\x1b[31mx\x1b[0m', "ERROR"),
    ('{"level":"error","ts":1795803410.6051288,"logger":"http.log.access","msg":"handled request","request":{"uri":"/?level=info"},"status":502}', "ERROR"),
    ("[2026-11-27 18:17:31.771][13960][critical][main] [source/server/server.cc:463] initializing epoch 0", "CRITICAL"),
    ('2026/11/27 18:16:48 [error] 11490#11490: *2 connect() failed (111: Connection refused), request: "GET /p HTTP/1.1"', "ERROR"),
    ("2026/11/27 18:16:48 [emerg] 11610#11610: open() failed (2: No such file or directory)", "CRITICAL"),
    ("[Fri Nov 27 18:18:10.784165 2026] [proxy:error] [pid 14908:tid 14968] (111)Connection refused: AH00957", "ERROR"),
    ("[ALERT]    (11614) : backend 'app' has no server available!", "CRITICAL"),
    ("2026-11-27 18:17:42.708 UTC [14205] WARNING:  ERROR here", "WARNING"),
    ("2026-11-27 18:17:36 0 [Note] InnoDB: 128 rollback segments are active.", "INFO"),
    ("14083:M 27 Nov 2026 18:17:34.417 # WARNING Memory overcommit must be enabled!", "WARNING"),
    ('[2026-11-27T18:18:10.937143+00:00] app.INFO: order taken {"level":"error"} []', "INFO"),
    ("[27-Nov-2026 18:18:10 UTC] PHP Warning:  Undefined variable $undefined in /app/e.php on line 1", "WARNING"),
    ("E, [2026-11-27T18:18:15.200077 #15213] ERROR -- : x (RuntimeError)", "ERROR"),
    ("[2026-11-27T18:21:07Z WARN  rs] slow level=error", "WARNING"),
    ("[ERROR rs] pool is closed", "ERROR"),
    ('\x1b[2m2026-11-27T18:21:07.561441Z\x1b[0m \x1b[31mERROR\x1b[0m \x1b[1mrequest\x1b[0m\x1b[1m{\x1b[0m\x1b[3mpath\x1b[0m\x1b[2m=\x1b[0m"/"\x1b[1m}\x1b[0m: pool is closed', "ERROR"),
    ("[2026-11-27 18:21:07.593084 +00:00] ERROR [rs] src/main.rs:13: pool is closed", "ERROR"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "level"), PRINTED)
def test_lines_that_loggers_printed(text, level):
    assert reader().read(text).level == level


AT = "2026-02-02T12:00:00.123Z"
# What the letters below mean: "a" is a request without a level, "-" a line whose level nobody can tell.
LETTERS = {
    "CRITICAL": "C",
    "ERROR": "E",
    "WARNING": "W",
    "INFO": "I",
    "DEBUG": "D",
    UNPROVEN_LEVEL: "u",
    None: "-",
}


def otlp(*levels):
    records = [
        {"timeUnixNano": "1770033600123000000", "severityNumber": number, "body": {"stringValue": "m"}}
        for number in levels
    ]
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": records}]}]})


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # What most of a log's lines agree on, and what a single one leaves open.
        (("[I] started", "[E] pool is closed", "[W] slow"), "IEW"),
        (("[E] Street station opened", "[orders] taken"), "--"),
        (("2026-02-02 12:00:00,123 E shop: x", "2026-02-02 12:00:00,123 I shop: y"), "EI"),
        (("2026-02-02 12:00:00 I am up", "2026-02-02 12:00:00 Orders taken", "2026-02-02 12:00:00 E is for echo"), "---"),
        (("2026-02-02 12:00:00 Error: x", "2026-02-02 12:00:00 Info: y"), "EI"),
        (("Debug: Version 7", "Error: x", "Info: y"), "DEI"),
        (("2026-02-02T12:00:00+0000 error shop : x", "2026-02-02T12:00:00+0000 info shop : y"), "EI"),
        (("[12:00:00] ERROR    x       a.py:1", "           INFO     y       a.py:2", "           ERROR    z      a.py:3"), "EIE"),
        (("2026-02-02 12:00:00 INFO got", "           ERROR    quoted"), "I"),
        (("  2026-02-02T12:00:00.123Z ERROR shop: x", "    at src/main.rs:10", "", "  2026-02-02T12:00:00.123Z  INFO shop: y", "    at src/main.rs:11"), "EI"),
        (("ERROR shop: x", " INFO shop: y"), "EI"),
        (("[i] started", "[x] pool is closed", "[!] slow", "[*] taken"), "IEWI"),
        (("[x] paint the door", "[ ] mend the roof", "[ ] sleep"), "---"),
        (("   • taken   id=1", "   ⨯ pool is closed", "   • taken   id=2"), "IEI"),
        (("shop-7d9f8b6c5-x2k4p app INFO a", "shop-7d9f8b6c5-x2k4p app ERROR b", 'shop-0 app {"level":"error","msg":"c"}'), "IEE"),
        (("order-12 was ERROR once", "Orders taken", "All is well", "Good"), "----"),
        (('{"t":"2026-02-02T12:00:00Z","l":"info","m":"a"}', '{"t":"2026-02-02T12:00:00Z","l":"error","m":"b"}'), "IE"),
        ((line_json(type="info"), line_json(type="error"), line_json(s="E")), "---"),
        (("web | " + line_json(type="info"), "web | " + line_json(type="error")), "IE"),
        ((json.dumps({"log": line_json(s="I")}), json.dumps({"log": line_json(s="E")})), "IE"),
        ((line_json(type="info"), line_json(type="order"), line_json(type="error")), "---"),
        ((line_json(type="success"), line_json(type="failure")), "--"),
        (('{"ts":1770033600123.4,"caller":"a.go:1","msg":"m","v":0}', '{"ts":1770033600123.4,"caller":"a.go:1","msg":"m","err":"x"}'), "IE"),
        (("method=GET path=/orders?level=error format=json status=500 duration=4.0",), "a"),
        (("┌ Error: pool is closed", "│   id = 1", "└ @ Main a.jl:1", "[ Info: taken"), "EI"),
        (("2026-02-02 12:00:00 [main] shop.Orders.take()", "ERROR: pool is closed"), "E"),
        # As tslog, structlog with Rich, signale and Sanic printed here.
        (("2026-11-27 21:22:56.725\tERROR\ta.js:8\t", " Error  pool", "error stack:", "  • a.js\ttslog", "\ta.js:8"), "E"),
        (("2026-11-27 21:23:42 [error    ] pool", "╭───── Traceback (most recent call last) ─────╮", "│ p.py:4 in err │", "╰──────╯", "KeyError: 'pool'"), "E"),
        (("[11/27/2026] [9:22:55 PM] [shop] › ℹ  info      a", "[11/27/2026] [9:22:55 PM] [shop] › ✖  error     b"), "IE"),
        (("╭ Srv 0 2026-11-27 21:23:52 +0000 ERROR: x", "│ File a", "╰ RuntimeError: pool", "Srv 0|2026-11-27 21:23:52 +0000 INFO: GET /err 500"), "EI"),
        # What was read of a line holds for one like it only where its level's word ends too.
        (("2026-02-02 12:00:00 ERROR", "2026-02-02 12:00:01 ERROR_PAGE shown", "2026-02-02 12:00:02|Error|x", "2026-02-02 12:00:02|Errors|x"), "E-E-"),
        (("[web] fail: Shop[0]", "[web] order taken", "[api] Error: pool", "[api]     at take (/app/a.js:1:1)"), "E-E"),
        # Batches: one line, many entries.
        ((otlp(9, 17), otlp(21)), "IEC"),
        ((json.dumps([{"level": "info", "msg": "a"}, {"level": "error", "msg": "b"}]),), "IE"),
        ((json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"timestamp": 1770033600123, "message": "INFO a"}, {"timestamp": 1770033600123, "message": "[ERROR] b"}]}),), "IE"),
        # Other keys, and words with something around them.
        ((line_json(levelText="ERROR"), line_json(severity_level="error"), line_json(level=["error"])), "EEE"),
        ((line_json(level="[ERROR]"), line_json(level="LogLevel.ERROR"), line_json(level="\x1b[31merror\x1b[39m")), "EEE"),
        ((line_json(severity_number="<SeverityNumber.ERROR: 17>"), line_json(severityLevel=3, itemType="trace")), "EE"),
        ((line_json(LogLevel=4, EventId=0, Category="Shop"), line_json(LogLevel=4)), "E-"),
        (('{"context":{"logLevel":50},"message":"m","sequence":"0","time":1770033600123,"version":"2.0.0"}',), "E"),
        (("event='x' level='error' timestamp='2026-02-02T12:00:00Z'", "level='info' event='a level=error'"), "EI"),
        (("time:2026-02-02T12:00:00Z\tlevel:error\tmsg:x", "time:[02/Feb/2026:12:00:00 +0000]\treq:GET /?level=error HTTP/1.1\tstatus:500"), "Ea"),
        # Nobody assigned a level, or only the payload has one.
        ((line_json(severity="DEFAULT"), line_json(severity="DEFAULT", message="ERROR: x")), "-E"),
        ((line_json(body={"level": "error"}), line_json(payload={"severity": "FATAL"}), line_json(data={"level": "error"})), "---"),
        (('{"method":"POST","path":"/x","status":200,"body":{"level":"error"},"time":"2026-02-02T12:00:00Z"}',), "a"),
        (('{"headers":{"level":"error"},"time":"2026-02-02T12:00:00Z","msg":"cut',), "-"),
        # A sentence behind a time is no wrapper, and a bracket in it no level.
        ((f"{AT} user said: [ERROR] hi", f"{AT} got: {line_json(level='error')}", f"{AT} order [E] taken"), "---"),
        ((f"{AT} [Failure injection] on", f"{AT} took 3 ms [error]", f"{AT} Error rate is 0.1 %"), "---"),
        (("2026-02-02T12:00:00.12+0000 [APP/PROC/WEB/0] ERR plain", "2026-02-02T12:00:00.12+0000 [APP/PROC/WEB/0] OUT ERROR x"), "-E"),
        (("shop_api.1.abc@node1    | ERROR: x", "[pod/a-1/app] 2026-02-02T12:00:00.123456789Z [12:00:00 ERR] x"), "EE"),
        # A crash as Sinatra logs it, and a stack as Dropwizard marks it.
        (("2026-02-02 12:00:00 - RuntimeError - pool is closed:", "\tapp.rb:3:in `block in <main>'"), "E"),
        (("ERROR [2026-02-02 12:00:00,123] x: y", "! java.lang.RuntimeException: pool", "! at a.B.c(B.java:1)"), "E"),
        # java.util.logging as it printed here, in French and in Japanese.
        (("nov. 27, 2026 5:19:58 PM J main", "GRAVE: pool is closed", "11月 27, 2026 5:19:59 午後 J main", "情報: taken"), "EI"),
        (("2026-02-02 12:00:00.123 UTC [31] FEHLER:  x", "2026-02-02 12:00:00.123 UTC [31] ОШИБКА:  x"), "EE"),
    ],
)  # fmt: skip
def test_each_line_of_a_log_has_its_level_or_none(texts, expected):
    for by_bytes in (False, True):
        made = reader()
        made.learn(texts)
        lines = (made.read_bytes(f"{text}\n".encode()) if by_bytes else made.read(text) for text in texts)
        found = [entry for entry in entries(lines) if entry.text.strip()]
        shown = (
            "a" if entry.kind == "access" and entry.level is None else LETTERS[entry.level] for entry in found
        )
        assert "".join(shown) == expected


def plan(**options):
    return Logs.model_validate({"must_not_appear": ["-"], "max_errors": 0, **options})


def reviewed(path, logs, texts, **options):
    path.write_text("".join(f"{text}\n" for text in texts))
    return review(logs, FileSource(path, ends=END, **options), start=NOON, end=END, redact=str)


def test_the_evidence_counts_what_has_no_level_and_what_was_read(tmp_path):
    texts = [
        "2026-02-02T12:00:01Z INFO a",
        "2026-02-02T12:00:02Z listening on 3000",
        "2026-02-02T12:00:03Z connection refused",
        '10.0.0.1 - - [02/Feb/2026:12:00:04 +0000] "GET / HTTP/1.1" 200 8',
    ]
    seen = reviewed(tmp_path / "log", plan(), texts)
    assert (seen.entries_in_window, seen.access_lines, seen.unlevelled_lines, seen.suspect_lines) == (
        4,
        1,
        2,
        1,
    )
    assert seen.suspect_first.text == texts[2]
    assert seen.formats == {"access log": 1, "time": 2, "time, then a level": 1}
    said = reviewed(tmp_path / "log", plan(unlevelled="info"), texts)
    assert (said.levels, said.unlevelled_lines, said.suspect_lines) == ({"INFO": 3}, 0, 0)


XML = (
    '<log4j:event logger="a" timestamp="1770033600123" level="{}" thread="main">\n'
    "<log4j:message><![CDATA[pool\nERROR]]></log4j:message>\n</log4j:event>",
    '<Event xmlns="http://logging.apache.org/log4j/2.0/events" thread="main" level="{}" loggerName="a">\n'
    '  <Instant epochSecond="1770033600" nanoOfSecond="1"/>\n  <Message>pool</Message>\n</Event>',
    "<record>\n  <date>2026-02-02T07:00:00</date>\n  <millis>1770033600123</millis>\n  <nanos>0</nanos>\n"
    "  <sequence>1</sequence>\n  <logger>a</logger>\n  <level>{}</level>\n  <message>pool</message>\n</record>",
)


@pytest.mark.parametrize("event", XML, ids=["log4j", "log4j 2", "java.util.logging"])
def test_xml_is_read_event_by_event(tmp_path, event):
    observation = reviewed(tmp_path / "a.log", plan(), [event.format("INFO"), event.format("ERROR")])
    assert (observation.levels, observation.unlevelled_lines) == ({"ERROR": 1, "INFO": 1}, 0)
    assert observation.first_at.replace(microsecond=0) == NOON


def test_lines_with_an_unknown_zone_make_the_log_incomplete(tmp_path):
    texts = [
        "2026-02-02T12:00:01Z INFO a",
        "2026-02-02 12:00:02 CST [31] FATAL:  x",
        "2026-02-02T13:00:00Z INFO a",
    ]
    (reason,) = reviewed(tmp_path / "log", plan(), texts).incomplete
    assert reason.startswith("1 line has a time that is not known: the zone CST means several offsets")


@pytest.mark.parametrize(
    ("skew_s", "reason"), [(0, None), (-60, None), (1800, "ahead"), (-1800, "behind"), (-18000, "behind")]
)  # fmt: skip
def test_a_clock_that_contradicts_the_file_at_t0_makes_it_incomplete(tmp_path, skew_s, reason):
    def lines(offsets_s):
        times = [NOON + timedelta(seconds=offset_s + skew_s) for offset_s in offsets_s]
        return [f"{time:%Y-%m-%dT%H:%M:%S}Z INFO a" for time in times]

    before, after = lines(range(-300, 0, 10)), lines(range(0, 7200, 60))
    # A single line of another time is no clock.
    after.insert(3, "2099-01-01T00:00:00Z INFO a")
    place = len("".join(f"{line}\n" for line in before))
    incomplete = reviewed(tmp_path / "log", plan(), [*before, *after], undated_from_byte=place).incomplete
    assert len(incomplete) == (reason is not None)
    assert all("its clock runs about" in item and f"min {reason}" in item for item in incomplete)
