"""The formats in which services and their servers log, as data: one row each, in the order in which they are tried.

A row says how a line begins: where its time and its level stand. The message is what follows. `{any}`, `{iso}`
and so on stand for the ways of writing a time (times.py), `{word}` for a level in capitals, `{small}` for one in
small letters, `{named}` for one in any case. A row whose `rest` is true is a wrapper: what follows is
a line of its own, and its level is the line's. Each row's samples are its test.

Digits in a row's expression stand for any digits: lines that differ in digits alone are read alike.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Literal

from deploy_verdict.stages.logs.levels import (
    CRITICAL,
    DEBUG,
    ERROR,
    INFO,
    NAMED,
    WARNING,
    WORDS,
    named_level,
    syslog_level,
)
from deploy_verdict.stages.logs.times import ANY_TIME, TIMES

Kind = Literal["line", "access", "crash"]


@dataclass(frozen=True)
class Sample:
    """A line of `writer`, and what must be read of it; `at` is the clock time in UTC, of 2026-02-02."""

    writer: str
    line: str
    level: str | None = None
    at: str | None = "12:00:00.123"


def _of_priority(number: str) -> str | None:
    return syslog_level(int(number))


@dataclass(frozen=True)
class Format:
    """One format. `level_of` says what the text in the level's place means.

    `awaits_level`: the level stands at the beginning of the next line.
    """

    name: str
    line: str
    samples: tuple[Sample, ...]
    level_of: Callable[[str], str | None] = named_level
    kind: Kind = "line"
    rest: bool = False
    awaits_level: bool = False
    agreed: bool = field(default=False)

    @cached_property
    def regex(self) -> "re.Pattern[str]":
        """The compiled expression: groups named time… and level…, none of which need take part."""
        text = self.line
        for name, regex in _PARTS.items():
            text = text.replace(f"{{{name}}}", regex)
        number = count()
        named = re.sub(r"\(\?P<(time|level)\d*>", lambda found: f"(?P<{found[1]}{next(number)}>", text)
        return re.compile(named, re.ASCII)


def _any_of(words: Mapping[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_CASE = r"(?i:{})"
_HARMLESS = {word: level for word, level in WORDS.items() if level in (INFO, DEBUG, WARNING)}
_IN_BRACKETS = {
    word: level for word, level in NAMED.items() if len(word) > 2 and word not in ("ALL", "DEFAULT")
}
# A level's place ends there: ERROR_PAGE is none.
_ENDS = r"(?=[\s:;|,/\])>]|$)"
# What stands between time and level: threads, process ids, logger names with a separator after them.
_COLUMN = (
    r"(?:\[[^\[\]\n]{0,80}\]|\([^()\n]{1,60}\)|<[^<>\n]{1,60}>|\{[^{}\n]{0,60}\}|#?[0-9]{1,20}|-{1,3}|\|"
    r"|[\w.$/@#:*-]{1,80}(?=\t| +[-|] )|[\w-]{36}(?=\t)|[\w.]{1,40}=[^\s\"=]{1,60}(?= )|[a-z][\w-]{0,40}[0-9./\[][\w./\[\]-]{0,60}(?= )|[a-z][\w.-]{0,60}(?= +(?:"
    + _any_of(WORDS)
    + r") ))"
)
_PARTS = {
    "columns": rf"(?:{_COLUMN}[ \t:,|-]*){{0,6}}?",
    "word": rf"(?P<level>(?:{_any_of(WORDS)})(?:[+-][0-9]{{1,3}})?){_ENDS}",
    "bracketed": rf"[\[<({{] ?(?P<level1>{_CASE.format(_any_of(_IN_BRACKETS))}) *[\])>}}]",
    # Go's "panic: " begins a crash.
    "small": rf"(?P<level2>{_any_of({word.lower(): '' for word in WORDS if word != 'PANIC'})})",
    "harmless": rf"(?P<level3>{_any_of({word.lower(): '' for word in _HARMLESS})})(?=\s)",
    "any": f"(?P<time>{ANY_TIME})",
    **{name: f"(?P<time>{regex})" for name, regex in TIMES.items()},
    "method": r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)",
}
_AFTER_TIME = r"[\])]?[ \t,;:|-]*(?:\] *)?"
_PHP_LEVELS = {
    **dict.fromkeys(("Fatal error", "Parse error", "Core error", "Compile error"), CRITICAL),
    **dict.fromkeys(("User error", "Recoverable fatal error", "Catchable fatal error"), ERROR),
    **dict.fromkeys(("Warning", "Core warning", "Compile warning", "User warning"), WARNING),
    **dict.fromkeys(("Notice", "User notice", "Deprecated", "User deprecated", "Strict Standards"), INFO),
}
_SYMBOLS = {"ℹ": INFO, "✔": INFO, "✖": ERROR, "⚠": WARNING}
_REDIS_LEVELS = {".": DEBUG, "-": DEBUG, "*": INFO, "#": WARNING}
_RUBY_LEVELS = {"D": DEBUG, "I": INFO, "W": WARNING, "E": ERROR, "F": CRITICAL}

FORMATS = (
    Format(
        "access log",
        r"(?:[^\s\"\[]{1,256},? ){1,8}\[{access}\] (?:\"|{method} )|\[{iso}\] \"{method} \S* HTTP/|\[{access}\] \"{method} ",
        (
            Sample(
                "nginx",
                '10.0.0.1 - - [02/Feb/2026:12:00:00 +0000] "GET /audit?level=error HTTP/1.1" 200 8 "-" "curl"',
                at="12:00:00",
            ),
            Sample(
                "Apache with virtual hosts",
                'shop:443 10.0.0.1 - ann [02/Feb/2026:09:00:00 -0300] "POST / HTTP/2.0" 500 8',
                at="12:00:00",
            ),
            Sample(
                "werkzeug", '10.0.0.1 - - [02/Feb/2026 12:00:00] "GET /orders HTTP/1.1" 500 -', at="12:00:00"
            ),
            Sample(
                "Django's runserver", '[02/Feb/2026 12:00:00] "GET /orders HTTP/1.1" 500 145', at="12:00:00"
            ),
            Sample(
                "Envoy",
                '[2026-02-02T12:00:00.123Z] "GET /orders HTTP/1.1" 200 - 0 8 1 0 "-" "curl" "id" "shop" "-"',
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of HAProxy",
        r"(?:haproxy\[[0-9]+\]: )?[\w.:]+:[0-9]+ \[{access}\] \S+ \S+/\S+ [0-9+/-]+ [0-9]+ ",
        (
            Sample(
                "HAProxy",
                '10.0.0.1:4711 [02/Feb/2026:12:00:00.123] web app/app1 0/0/1/2/3 200 12 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"',
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of gin",
        r"\[GIN\] {iso} \| +[0-9]{3} \|",
        (
            Sample(
                "gin",
                '[GIN] 2026/02/02 - 12:00:00 | 500 |     1.2ms |  10.0.0.1 | GET      "/orders"',
                at="12:00:00",
            ),
        ),
        kind="access",
    ),
    Format(
        "request line",
        r"(?:(?![0-9]{4}[-/])[\w.:\[\]-]{2,64} (?:- )?(?:- )?)?\"?{method} /\S*(?: HTTP/[0-9.]+)?\"?[ :,-]+[0-9]{3}(?![\w.])",
        (
            Sample("morgan", "GET /orders?level=error 200 4.321 ms - 12", at=None),
            Sample("others", '10.0.0.7 "GET /admin/logs?level=error HTTP/1.1" 200 1234', at=None),
        ),
        kind="access",
    ),
    Format(
        "PHP",
        rf"(?:\[{{any}}\] )?(?:PHP )?(?P<level>{_any_of(_PHP_LEVELS)}):  ?(?=\S)",
        (
            Sample(
                "PHP",
                "[02-Feb-2026 12:00:00 UTC] PHP Fatal error:  Uncaught RuntimeException: pool in /a.php:3",
                CRITICAL,
                "12:00:00",
            ),
            Sample("PHP, displayed", "Warning: Undefined variable $pool in /a.php on line 3", WARNING, None),
        ),
        level_of=lambda word: _PHP_LEVELS[word],
    ),
    Format(
        "klog",
        r"(?P<level>[IWEF]){month-day} +[0-9]+ [^\s:]+:[0-9]+\] ",
        (
            Sample("klog", "E0202 12:00:00.123000       7 pool.go:31] pool is closed", ERROR),
            Sample("glog", "W20260202 12:00:00.123000     7 pool.cc:31] pool is slow", WARNING),
        ),
    ),
    Format(
        "Ruby's Logger",
        r"(?P<level>[DIWEFA]), \[{iso} #[0-9]+\] +[A-Z]+ -- [^:]*: ",
        (
            Sample(
                "Rails", 'I, [2026-02-02T12:00:00.123000 #7]  INFO -- : [r-1] Started GET "/orders"', INFO
            ),
            Sample(
                "Ruby's Logger", "F, [2026-02-02T12:00:00.123000 #7] FATAL -- shop: ERROR is next", CRITICAL
            ),
        ),
        level_of=_RUBY_LEVELS.get,
    ),
    Format(
        "Monolog",
        r"\[{iso}\] [\w.-]+\.(?P<level>[A-Z]+): ",
        (
            Sample("Monolog", "[2026-02-02T12:00:00.123000+00:00] app.ERROR: pool is closed [] []", ERROR),
            Sample("Laravel", "[2026-02-02 12:00:00] production.INFO: order taken", INFO, "12:00:00"),
        ),
    ),
    Format(
        "NestJS",
        r"\[Nest\] [0-9]+ +- {slashed} +(?P<level>[A-Z]+) ",
        (
            Sample(
                "NestJS", "[Nest] 7  - 02/02/2026, 12:00:00 PM     LOG [Orders] order taken", INFO, "12:00:00"
            ),
            Sample(
                "NestJS",
                "[Nest] 7  - 02/02/2026, 12:00:00 PM   ERROR [Orders] pool is closed",
                ERROR,
                "12:00:00",
            ),
        ),
    ),
    Format(
        "PostgreSQL",
        r"{iso}(?: \[[0-9-]+\])?:?(?: [\w.@\[\]()%:-]+){0,4}? (?P<level>DEBUG[1-5]|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION):  ".replace(
            "[1-5]", "[0-9]"
        ),
        (
            Sample("PostgreSQL", "2026-02-02 12:00:00.123 UTC [31] LOG:  database system is ready", INFO),
            Sample(
                "PostgreSQL",
                "2026-02-02 07:00:00.123 EST [31] app@shop FATAL:  sorry, too many clients already",
                CRITICAL,
            ),
            Sample("PostgreSQL", "2026-02-02 12:00:00.123 UTC [31] STATEMENT:  SELECT 'ERROR'", INFO),
        ),
        level_of=lambda word: named_level(word) or INFO,
    ),
    Format(
        "Redis",
        r"[0-9]+:[A-Z] {spaced} (?P<level>[.*#-]) ",
        (Sample("Redis", "1:M 02 Feb 2026 12:00:00.123 # Out Of Memory allocating 12 bytes", WARNING),),
        level_of=_REDIS_LEVELS.get,
    ),
    Format(
        "Apache's error log",
        r"\[{ctime}\] \[(?:[\w-]+:)?(?P<level>[a-z]+[0-9]?)\] ",
        (
            Sample(
                "Apache",
                "[Mon Feb 02 12:00:00.123000 2026] [proxy:error] [pid 7:tid 1] AH00959: ERROR",
                ERROR,
            ),
        ),
    ),
    Format(
        "PHP's own server",
        r"\[{ctime}\] (?:[\w.:\[\]]+ (?:\[[0-9]{3}\]: |Accepted|Closing|Closed)|PHP [0-9.]+ Development Server)",
        (
            Sample(
                "PHP's own server",
                "[Mon Feb  2 12:00:00 2026] 10.0.0.1:4711 [200]: GET /orders",
                at="12:00:00",
            ),
        ),
        kind="access",
    ),
    Format(
        "logrus in a terminal",
        r"(?P<level>[A-Z]{4})\[[0-9]{4,}\] ",
        (Sample("logrus", "ERRO[0012] pool is closed                    pool=db", ERROR, None),),
    ),
    Format(
        "gin's debug output",
        r"\[GIN-debug\] (?:\[(?P<level>[A-Z]+)\]|(?P<level1>))",
        (
            Sample("gin", '[GIN-debug] [WARNING] Running in "debug" mode.', WARNING, None),
            Sample("gin", "[GIN-debug] GET    /orders --> main.orders (3 handlers)", DEBUG, None),
        ),
        level_of=lambda word: named_level(word) or DEBUG,
    ),
    Format(
        "Node's warnings",
        r"\(node:[0-9]+\) (?:\[\w+\] )?(?P<level>\w*Warning): ",
        (
            Sample(
                "Node",
                "(node:7) [DEP0040] DeprecationWarning: The punycode module is deprecated.",
                WARNING,
                None,
            ),
        ),
        level_of=lambda word: ERROR if word.startswith("UnhandledPromise") else WARNING,
    ),
    Format(
        "npm",
        r"npm (?P<level>ERR!|WARN|error|warn|notice|info|http) ",
        (Sample("npm", "npm ERR! code ELIFECYCLE", ERROR, None),),
        level_of=lambda word: named_level(word.rstrip("!")),
    ),
    Format(
        "java.util.logging",
        r"{worded} [\w.$]+(?: \S+)?$",
        (Sample("java.util.logging", "Feb 02, 2026 12:00:00 PM shop.Orders take", at="12:00:00"),),
        awaits_level=True,
    ),
    Format(
        "time, then a level",
        rf"[\[(]?{{any}}{_AFTER_TIME}{{columns}}(?:{{word}}|{{bracketed}})[\])]?:?[ \t]*",
        (
            Sample(
                "Spring Boot",
                "2026-02-02T12:00:00.123Z ERROR 1 --- [shop] [nio-8080-exec-1] shop.Orders : pool is closed",
                ERROR,
            ),
            Sample(
                "Logback, log4j", "2026-02-02 12:00:00,123 [main] WARN  shop.Orders - ERROR was near", WARNING
            ),
            Sample("Logback as it comes", "12:00:00.123 [main] ERROR shop.Orders -- pool is closed", ERROR),
            Sample(
                "Tomcat",
                "02-Feb-2026 12:00:00.123 SEVERE [main] org.apache.catalina.core.StandardService.start failed",
                ERROR,
            ),
            Sample(
                "Python's logging",
                "2026-02-02 12:00:00,123 - backend.redis - WARNING - ERROR was near",
                WARNING,
            ),
            Sample(
                "gunicorn",
                "[2026-02-02 12:00:00 +0000] [7] [INFO] Booting worker with pid: 7",
                INFO,
                "12:00:00",
            ),
            Sample("celery", "[2026-02-02 12:00:00,123: ERROR/MainProcess] consumer: Cannot connect", ERROR),
            Sample("Flask", "[2026-02-02 12:00:00,123] ERROR in app: Exception on /orders [GET]", ERROR),
            Sample("loguru", "2026-02-02 12:00:00.123 | ERROR    | orders:take:31 - pool is closed", ERROR),
            Sample(
                "structlog",
                "2026-02-02 12:00:00 [error    ] pool is closed                 pool=db",
                ERROR,
                "12:00:00",
            ),
            Sample(
                "winston, hclog, Railway's CLI",
                '2026-02-02T12:00:00.123Z [ERRO] pool is closed code="db"',
                ERROR,
            ),
            Sample("log4js", "[2026-02-02T12:00:00.123] [ERROR] default - pool is closed", ERROR),
            Sample("pino-pretty", "[12:00:00.123] ERROR (7): pool is closed", ERROR),
            Sample(
                "zap for development",
                "2026-02-02T12:00:00.123Z\tERROR\tshop/pool.go:31\tpool is closed",
                ERROR,
            ),
            Sample(
                "zerolog in a terminal, Traefik",
                "2026-02-02T12:00:00Z ERR pool is closed pool=db",
                ERROR,
                "12:00:00",
            ),
            Sample("env_logger", "[2026-02-02T12:00:00Z ERROR shop::pool] pool is closed", ERROR, "12:00:00"),
            Sample("tracing", "2026-02-02T12:00:00.123000Z  INFO shop: order taken id=12", INFO),
            Sample("Serilog", "[12:00:00 ERR] pool is closed", ERROR, "12:00:00"),
            Sample("Serilog in a file", "2026-02-02 12:00:00.123 +00:00 [ERR] pool is closed", ERROR),
            Sample("NLog", "2026-02-02 12:00:00.1230|ERROR|Shop.Orders|pool is closed", ERROR),
            Sample(
                "nginx's error log",
                "2026/02/02 12:00:00 [crit] 7#7: *1 connect() failed",
                CRITICAL,
                "12:00:00",
            ),
            Sample(
                "MySQL", "2026-02-02T12:00:00.123000Z 8 [Warning] [MY-010055] [Server] IP address", WARNING
            ),
            Sample(
                "Elasticsearch, Envoy",
                "[2026-02-02T12:00:00,123][ERROR][o.e.b.Bootstrap] [node-1] Exception",
                ERROR,
            ),
            Sample("ClickHouse", "2026.02.02 12:00:00.123000 [ 1 ] {} <Error> Application: pool", ERROR),
            Sample(
                "AWS Lambda",
                "2026-02-02T12:00:00.123Z\tc6af9ac6-7b61-11e6-9a41-93e8deadbeef\tERROR\tpool is closed",
                ERROR,
            ),
        ),
    ),
    Format(
        "time, then a level in small letters",
        rf"[\[(]?{{any}}{_AFTER_TIME}(?:{{small}}(?=:\s|:$|\t)|(?:\[[^\[\]\n]{{0,80}}\] ){{1,3}}{{small}}(?=:\s)|{{harmless}}|(?P<level>panic)(?=\t)):?[ \t]*",
        (
            Sample("winston", "2026-02-02T12:00:00.123Z error: pool is closed", ERROR),
            Sample("zap", "2026-02-02T12:00:00.123Z\terror\tshop/pool.go:31\tpool is closed", ERROR),
            Sample("Microsoft's console with a time", "2026-02-02T12:00:00.123Z fail: Shop.Orders[0]", ERROR),
        ),
    ),
    Format(
        "time, then a level in small letters, as its log agrees",
        rf"[\[(]?{{any}}{_AFTER_TIME}{{small}}[ \t]+",
        (Sample("winston with a pattern", "2026-02-02T12:00:00.123Z error pool is closed", ERROR),),
        agreed=True,
    ),
    Format(
        "level, then a time",
        r"[\[(]?(?P<level>(?i:{words}))[\])]?:?[ \t]+(?:- )?[\[(]?{any}[\])]?[ \t:|-]*".replace(
            "{words}", _any_of(WORDS)
        ),
        (
            Sample("Dropwizard", "ERROR [2026-02-02 12:00:00,123] shop.Orders: pool is closed", ERROR),
            Sample(
                "AWS Lambda for Python", "[ERROR]\t2026-02-02T12:00:00.123Z\tc6af9ac6\tpool is closed", ERROR
            ),
        ),
    ),
    Format(
        "level first",
        r"(?:(?:{word}|{bracketed})[\])]?|{small}(?=:\s|:$)):?[ \t]*",
        (
            Sample(
                "uvicorn", 'INFO:     10.0.0.1:4711 - "GET /audit?level=error HTTP/1.1" 200 OK', INFO, None
            ),
            Sample("Python's logging as it comes", "WARNING:root:ERROR was near", WARNING, None),
            Sample("Microsoft's console", "fail: Shop.Orders[0]", ERROR, None),
            Sample("winston", "error: pool is closed", ERROR, None),
        ),
    ),
    Format(
        "symbol, then a level",
        r"(?P<level>[ℹ✔✖⚠]) +| (?P<level1>[A-Z]{4,5})  (?=\S)",
        (
            Sample("signale", "✖  error     pool is closed", ERROR, None),
            Sample("consola", "ℹ order taken", INFO, None),
            Sample("consola", " ERROR  pool is closed", ERROR, None),
        ),
        level_of=lambda word: _SYMBOLS.get(word) or named_level(word),
    ),
    Format(
        "Tornado",
        r"\[(?P<level>[DIWEC]) {tiny} \S+:[0-9]+\] ",
        (Sample("Tornado", "[E 260202 12:00:00 web:31] pool is closed", ERROR, "12:00:00"),),
    ),
    Format(
        "Docker Compose",
        r"[\w.-]{1,64} +\| ?",
        (
            Sample("Docker Compose", "backend-1  | 2026-02-02T12:00:00.123Z ERROR pool is closed", ERROR),
            Sample("Docker Compose", "backend-1  | fail: Shop.Orders[0]", ERROR, None),
        ),
        rest=True,
    ),
    Format(
        "pm2",
        r"[0-9]+\|[\w.-]{1,64} +\| ",
        (Sample("pm2", "7|shop  | error: pool is closed", ERROR, None),),
        rest=True,
    ),
    Format(
        "kubectl",
        r"\[pod/[\w.-]+/[\w.-]+\] ",
        (Sample("kubectl", "[pod/shop-7d9/app] 2026-02-02T12:00:00.123Z ERROR pool is closed", ERROR),),
        rest=True,
    ),
    Format(
        "containerd",
        r"{iso} (?:stdout|stderr) [FP] ",
        (Sample("containerd", "2026-02-02T12:00:00.123Z stderr F ERROR pool is closed", ERROR),),
        rest=True,
    ),
    Format(
        "Heroku",
        r"{iso} \w+\[[\w.-]+\]: ",
        (Sample("Heroku", "2026-02-02T12:00:00.123+00:00 app[web.1]: ERROR: pool is closed", ERROR),),
        rest=True,
    ),
    Format(
        "syslog (RFC 5424)",
        r"<(?P<level>[0-9]{1,3})>[0-9] (?:{iso}|-) \S+ \S+ \S+ \S+ (?:-|(?:\[[^\]\n]{0,400}\])+) ?",
        (
            Sample("rsyslog", "<11>1 2026-02-02T12:00:00.123Z web shop 7 - - pool is closed", ERROR),
            Sample("rsyslog", "<14>1 2026-02-02T12:00:00.123Z web shop 7 - - ERROR: pool is closed", ERROR),
        ),
        level_of=_of_priority,
        rest=True,
    ),
    Format(
        "syslog, journald",
        r"(?:<(?P<level>[0-9]{1,3})>)?(?:{no-year}|{iso}) [\w.-]+ [\w./@-]+(?:\[[0-9]+\])?: ",
        (
            Sample("rsyslog", "<11>Feb  2 12:00:00 web shop[7]: pool is closed", ERROR, "12:00:00"),
            Sample("journalctl", "Feb 02 12:00:00 web shop[7]: ERROR pool is closed", ERROR, "12:00:00"),
        ),
        level_of=_of_priority,
        rest=True,
    ),
    Format(
        "systemd's level",
        r"<(?P<level>[0-7])>(?=\S)".replace("0-7", "0-9"),
        (Sample("Microsoft's systemd console", "<3>Shop.Orders[0] pool is closed", ERROR, None),),
        level_of=_of_priority,
        rest=True,
    ),
    Format(
        "Foreman",
        r"{clock} [\w-]+(?:\.[0-9]+)? +\| ",
        (Sample("Foreman", "12:00:00 web.1  | ERROR pool is closed", ERROR, "12:00:00"),),
        rest=True,
    ),
    Format(
        "time",
        r"[\[(]?{any}[\])]?(?:[ \t]*[:|-])? ?",
        (
            Sample("Go's log, docker logs -t", "2026/02/02 12:00:00 Error tracking enabled", at="12:00:00"),
            Sample("docker logs -t", "2026-02-02T12:00:00.123Z fail: Shop.Orders[0]", ERROR),
            Sample("docker logs -t", "2026-02-02T12:00:00.123Z [12:00:00 ERR] pool is closed", ERROR),
        ),
        rest=True,
    ),
)
