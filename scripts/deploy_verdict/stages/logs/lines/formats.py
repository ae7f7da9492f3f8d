"""The formats in which services and their servers log, as data: one row each, in the order of trying.

format_rows.py describes how a row is written.
"""

from deploy_verdict.stages.logs.lines.format_rows import IN_BRACKETS, Format, Sample, any_of
from deploy_verdict.stages.logs.lines.levels import (
    CRITICAL,
    DEBUG,
    ERROR,
    INFO,
    LOCALISED,
    WARNING,
    WORDS,
    named_level,
    syslog_level,
)

# What stands between a time and what follows it.
_AFTER_TIME = r"[\])]?[ \t,;:|-]*(?:\] *)?"
_PHP_LEVELS = {
    **dict.fromkeys(("Fatal error", "Parse error", "Core error", "Compile error"), CRITICAL),
    **dict.fromkeys(("User error", "Recoverable fatal error", "Catchable fatal error"), ERROR),
    **dict.fromkeys(("Warning", "Core warning", "Compile warning", "User warning"), WARNING),
    **dict.fromkeys(("Notice", "User notice", "Deprecated", "User deprecated", "Strict Standards"), INFO),
}
_SYMBOLS = {
    **dict.fromkeys("☠💀", CRITICAL),
    **dict.fromkeys("✖✗✘⨯❌", ERROR),
    "⚠": WARNING,
    **dict.fromkeys("ℹ✔✓✅", INFO),
}
_BRACKETED_SYMBOLS = {"x": ERROR, "!": WARNING, **dict.fromkeys("*+i", INFO), **dict.fromkeys("d#", DEBUG)}
_ERLANG_REPORTS = {"CRASH": ERROR, "SUPERVISOR": ERROR, "PROGRESS": INFO}
_REDIS_LEVELS = {".": DEBUG, "-": DEBUG, "*": INFO, "#": WARNING}
_WEBSPHERE_LEVELS = {
    "F": CRITICAL,
    "E": ERROR,
    "W": WARNING,
    **dict.fromkeys("AIC", INFO),
    **dict.fromkeys("D123", DEBUG),
}
_RUBY_LEVELS = {"D": DEBUG, "I": INFO, "W": WARNING, "E": ERROR, "F": CRITICAL}


def _of_priority(number: str) -> str | None:
    return syslog_level(int(number))


FORMATS = (
    Format(
        "access log",
        r"(?:[^\s\"\[]{1,256},? ){1,8}\[(?:{access}|{iso})\] (?:\"|{method} )|\[{iso}\] \"{method} \S* HTTP/|\[{access}\] \"{method} ",
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
        "access log of PHP-FPM",
        r"[\w.:]+ -  ?\S* ?{access} \"{method} ",
        (Sample("PHP-FPM", '10.0.0.1 -  02/Feb/2026:12:00:00 +0000 "GET /index.php" 500', at="12:00:00"),),
        kind="access",
    ),
    Format(
        "access log of IIS",
        r"{iso} [0-9a-f.:]{3,45} {method} /\S* \S+ [0-9]{1,5} \S+ [0-9a-f.:]{3,45} ",
        (
            Sample(
                "IIS",
                "2026-02-02 12:00:00 10.0.0.1 GET /orders level=error 443 - 10.0.0.2 curl/8 - 500 0 0 15",
                at="12:00:00",
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of CloudFront",
        r"{tabbed}\t[\w-]+\t[0-9]+\t[0-9a-f.:]{3,45}\t{method}\t",
        (
            Sample(
                "CloudFront",
                "2026-02-02\t12:00:00\tFRA2-C1\t8\t10.0.0.1\tGET\tx.cloudfront.net\t/orders\t502\t-\tcurl\t-\t-\tError",
                at="12:00:00",
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of AWS's load balancers",
        r"(?:(?:https?|h2|grpcs?|wss?|tls) )?{iso} [\w./-]{1,128} [0-9a-f.:]{3,45} (?:-|[0-9a-f.:]{3,45}) -?[0-9.]+ -?[0-9.]+ ",
        (
            Sample(
                "an application load balancer",
                'http 2026-02-02T12:00:00.123000Z app/shop/50dc 10.0.0.1:4711 10.0.0.2:80 0.000 0.001 0.000 502 502 34 366 "GET http://shop:80/ HTTP/1.1" "curl"',
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of Dart's shelf",
        r"{iso}  [0-9:.]{10,18} {method} +\[[0-9]{3}\] ",
        (Sample("shelf", "2026-02-02T12:00:00.123000  0:00:00.001234 GET     [500] /orders"),),
        kind="access",
    ),
    Format(
        "head of an access log",
        r"#(?:Software|Version|Fields|Date|Remark|Start-Date)(?P<level>): ",
        (Sample("IIS, CloudFront", "#Fields: date time s-ip cs-method cs-uri-stem", INFO, None),),
        level_of=lambda word: INFO,
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
        "access log of Fiber",
        r"{clock} \| +[0-9]{3} \| +[^|\n]{1,20}\| +[^|\n]{1,60}\| +[A-Z]+ +\|",
        (
            Sample(
                "Fiber",
                "12:00:00 | 500 |     1.2ms | 10.0.0.1 | GET | /audit?level=error | -",
                at="12:00:00",
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of chi",
        r"{iso} (?:\[[^\]\n]{1,120}\] )?\"{method} https?://\S* HTTP/[0-9.]+\" from ",
        (
            Sample(
                "chi",
                '2026/02/02 12:00:00 [web/abc-000001] "GET http://shop/?level=error HTTP/1.1" from 10.0.0.1:4711 - 500 12B in 1ms',
                at="12:00:00",
            ),
        ),
        kind="access",
    ),
    Format(
        "access log of uWSGI",
        r"\[pid: [0-9]+\|app: [^\]\n]{1,60}\] [^\[\n]{1,200}\[{ctime}\] {method} ",
        (
            Sample(
                "uWSGI",
                "[pid: 7|app: 0|req: 1/1] 10.0.0.1 () {28 vars in 300 bytes} [Mon Feb  2 12:00:00 2026] GET /?level=error => generated 2 bytes in 1 msecs (HTTP/1.1 500) 2 headers",
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
        rf"(?:\[{{any}}\] )?(?:PHP )?(?P<level>{any_of(_PHP_LEVELS)}):  ?(?=\S)",
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
        r"(?P<level>[IWEF])(?:{month-day} +[0-9]+ [^\s:]+:[0-9]+\]|{tiny} [0-9]+ [^\s:]{1,200}:[0-9]+|{compact}\([0-9.]+\)\?) ",
        (
            Sample("klog", "E0202 12:00:00.123000       7 pool.go:31] pool is closed", ERROR),
            Sample("glog", "W20260202 12:00:00.123000     7 pool.cc:31] pool is slow", WARNING),
            Sample("CockroachDB", "E260202 12:00:00.123000 7 pool/pool.go:31 ⋮ [n1] pool is closed", ERROR),
            Sample("Meteor", "E20260202-12:00:00.123(0)? pool is closed", ERROR),
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
        r"\[{iso}\] [\w.-]+\.(?P<level>[A-Z]+): |{iso} \[[\w-]+\.(?P<level1>[A-Z]+)\] ",
        (
            Sample("Monolog", "[2026-02-02T12:00:00.123000+00:00] app.ERROR: pool is closed [] []", ERROR),
            Sample("Craft", "2026-02-02 12:00:00 [web.ERROR] [db] pool is closed", ERROR, "12:00:00"),
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
        "PostgreSQL's CSV",
        r"{iso},(?:(?:\"(?:[^\"\n]|\"\")*\"|[^\",\n]*),){10}(?P<level>[A-Z]+[0-9]?),[0-9A-Z]{5},",
        (
            Sample(
                "PostgreSQL",
                '2026-02-02 12:00:00.123 UTC,"app","shop",31,"[local]",1.1,1,"SELECT",2026-02-02 11:00:00 UTC,3/4,0,ERROR,42P01,"LOG"',
                ERROR,
            ),
        ),
    ),
    Format(
        "PgBouncer",
        r"{iso} \[[0-9]+\] (?P<level>LOG|NOISE) ",
        (Sample("PgBouncer", "2026-02-02 12:00:00.123 UTC [31] LOG C-0x1: login attempt", INFO),),
        level_of=lambda word: INFO if word == "LOG" else DEBUG,
    ),
    Format(
        "PostgreSQL",
        r"{iso}(?: \[[0-9-]+\])?:?(?: [\w.@\[\]()%:-]+){0,4}? (?P<level>DEBUG[1-5]|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION|{words}):  ".replace(
            "[1-5]", "[0-9]"
        ).replace("{words}", any_of(LOCALISED)),
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
        r" {0,2}(?P<level>[A-Z]{4,5})\[(?:[0-9]{4,}|{iso})\] ",
        (
            Sample("logrus", "ERRO[0012] pool is closed                    pool=db", ERROR, None),
            Sample("apex/log", " INFO[0012] order taken                    id=12", INFO, None),
            Sample("Buffalo", "ERRO[2026-02-02T12:00:00Z] pool is closed pool=db", ERROR, "12:00:00"),
        ),
    ),
    Format(
        "log15",
        r"(?P<level>[A-Z]{4,5}) ?\[{short}\] ",
        (
            Sample("log15", "EROR[02-02|12:00:00] pool is closed            pool=db", ERROR, "12:00:00"),
            Sample("geth", "WARN [02-02|12:00:00.123] pool is slow", WARNING),
        ),
    ),
    Format(
        "logcat",
        r"{short} +[0-9]+ +[0-9]+ (?P<level>[VDIWEFA]) ",
        (Sample("Android's logcat", "02-02 12:00:00.123  1234  1240 E Pool: pool is closed", ERROR),),
    ),
    Format(
        "capnslog",
        r"{iso} (?P<level>[CEWNIDT]) \| [\w./-]+: ",
        (Sample("etcd up to 3.3", "2026-02-02 12:00:00.123000 E | etcdserver: pool is closed", ERROR),),
    ),
    Format(
        "Asterisk",
        r"\[{any}\] (?P<level>[A-Z]{5,7})\[[0-9]+\](?:\[C-[0-9a-f]+\])?:? ",
        (
            Sample(
                "Asterisk",
                "[2026-02-02 12:00:00] ERROR[31]: pool.c:31 take: pool is closed",
                ERROR,
                "12:00:00",
            ),
        ),
    ),
    Format(
        "Erlang's reports",
        r"=(?P<level>[A-Z]+) REPORT==== {dashed} ===",
        (
            Sample("RabbitMQ up to 3.6", "=ERROR REPORT==== 2-Feb-2026::12:00:00 ===", ERROR, "12:00:00"),
            Sample("Erlang", "=PROGRESS REPORT==== 2-Feb-2026::12:00:00.123000 ===", INFO),
        ),
        level_of=lambda word: _ERLANG_REPORTS.get(word) or named_level(word),
    ),
    Format(
        "Couchbase",
        r"\[\w+:(?P<level>[a-z]+),{iso},[^\]\n]{1,200}\]",
        (
            Sample(
                "Couchbase",
                "[ns_server:error,2026-02-02T12:00:00.123Z,ns_1@db:pool<0.1.0>:take:31]closed",
                ERROR,
            ),
        ),
    ),
    Format(
        "Swoole",
        r"\[{any} [@*#^$%!]?[0-9.]+\]\t(?P<level>[A-Z]+)\t",
        (Sample("Swoole", "[2026-02-02 12:00:00 *7.0]\tERROR\tpool is closed", ERROR, "12:00:00"),),
    ),
    Format(
        "MySQL up to 5.6",
        r"{tiny} (?:[0-9]+ )?\[(?P<level>[A-Za-z]+)\] ",
        (Sample("MySQL up to 5.6", "260202 12:00:00 [ERROR] pool is closed", ERROR, "12:00:00"),),
    ),
    Format(
        "good",
        r"{good}, \[(?:[\w-]+,)*?(?P<level>error|warn|warning|info|debug|fatal|response|request|ops)(?:,[\w,-]+)?\] ",
        (
            Sample("hapi", "260202/120000.123, [log,error,db] data: pool is closed", ERROR),
            Sample(
                "hapi", "260202/120000.123, [response,api] http://shop:80: get /orders {} 500 (5ms)", INFO
            ),
        ),
        level_of=lambda word: named_level(word) or INFO,
    ),
    Format(
        "Sanic",
        r"(?:╭ )?(?:Main|Srv [0-9]+)[ |]+{any} {word}: ",
        (
            Sample("Sanic", "Srv 0|2026-02-02 12:00:00 +0000 INFO: Worker ready [7]", INFO, "12:00:00"),
            Sample("Sanic", "╭ Srv 0 2026-02-02 12:00:00 +0000 ERROR: pool is closed", ERROR, "12:00:00"),
            Sample("Sanic", "Main  12:00:00 ERROR: pool is closed", ERROR, "12:00:00"),
        ),
    ),
    Format(
        "Julia",
        r"[\[┌] (?P<level>Debug|Info|Warning|Error): ",
        (Sample("Julia", "┌ Error: pool is closed", ERROR, None),),
    ),
    Format(
        "AWS Lambda's own",
        r"(?:START|END|REPORT|INIT_START|INIT_REPORT)(?P<level>) (?:RequestId|Runtime Version|Init Duration): |{iso} [\w-]{1,60} (?P<level1>Task timed out) after [0-9.]+ seconds|RequestId: [\w-]{1,60} (?P<level2>Error): ",
        (
            Sample("AWS Lambda", "START RequestId: c6af9ac6 Version: $LATEST", INFO, None),
            Sample(
                "AWS Lambda", "2026-02-02T12:00:00.123Z c6af9ac6 Task timed out after 3.00 seconds", ERROR
            ),
        ),
        level_of=lambda word: ERROR if word else INFO,
    ),
    Format(
        "pm2's own",
        r"(?:{iso}: )?PM2 (?P<level>log|warn|error): ",
        (Sample("pm2", "2026-02-02T12:00:00: PM2 error: pool is closed", ERROR, "12:00:00"),),
    ),
    Format(
        "log4j's XML",
        r"<(?:log4j:|log4net:)?[eE]vent (?:[^<>\n]{0,300}? )?(?:timestamp=\"{any}\" (?:[^<>\n]{0,300}? )?level=\"(?P<level>\w+)\""
        r"|level=\"(?P<level1>\w+)\" (?:[^<>\n]{0,300}? )?timestamp=\"{any}\")",
        (
            Sample(
                "log4j",
                '<log4j:event logger="shop.Orders" timestamp="1770033600123" level="ERROR" thread="main">',
                ERROR,
            ),
            Sample(
                "NLog", '<log4j:event logger="a" level="ERROR" timestamp="1770033600123" thread="1">', ERROR
            ),
            Sample(
                "log4net",
                '<log4net:event logger="a" timestamp="2026-02-02T12:00:00.123+00:00" level="ERROR">',
                ERROR,
            ),
        ),
    ),
    Format(
        "log4j's XML, its time within",
        r"<Event (?:[^<>\n]{0,300} )?level=\"(?P<level>\w+)\"[^<>\n]{0,300}>\s*(?:<Instant epochSecond=\"{epoch}\")?",
        (
            Sample(
                "log4j 2",
                '<Event thread="main" level="ERROR" loggerName="shop"><Instant epochSecond="1770033600"',
                ERROR,
                "12:00:00",
            ),
        ),
    ),
    Format(
        "java.util.logging's XML",
        r"<record>\s*<date>[^<\n]{1,60}</date>\s*<millis>{epoch}</millis>(?:\s*<(?:nanos|sequence|logger|key|catalog)>[^<\n]{0,200}</\w+>){0,6}\s*<level>(?P<level>\w+)</level>",
        (
            Sample(
                "java.util.logging",
                "<record><date>2026-02-02T12:00:00</date><millis>1770033600123</millis><level>SEVERE</level>",
                ERROR,
            ),
        ),
    ),
    Format(
        "Telegraf",
        r"{iso} (?P<level>[DIWE])! ",
        (Sample("Telegraf", "2026-02-02T12:00:00Z E! [outputs.db] pool is closed", ERROR, "12:00:00"),),
    ),
    Format(
        "time, then a letter",
        r"{iso} (?P<level>[FEWIDT])[0-9]? +(?:[A-Z]+ +\[|\[[0-9]+:)",
        (
            Sample(
                "Semantic Logger", "2026-02-02 12:00:00.123000 E [7:puma 1] Orders -- pool is closed", ERROR
            ),
            Sample(
                "MongoDB up to 4.2", "2026-02-02T12:00:00.123+0000 E  STORAGE  [init] pool is closed", ERROR
            ),
        ),
    ),
    Format(
        "WebLogic",
        r"<{worded}> <(?P<level>[A-Z][a-z]+)> <",
        (
            Sample(
                "WebLogic",
                "<Feb 2, 2026 12:00:00 PM UTC> <Error> <HTTP> <BEA-101017> <pool>",
                ERROR,
                "12:00:00",
            ),
        ),
    ),
    Format(
        "WebSphere",
        r"\[{WebSphere}\] [0-9a-f]{8} \S+ +(?P<level>[FEWAICDOR123]) +",
        (Sample("WebSphere", "[2/2/26 12:00:00:123 UTC] 00000001 WebGroup      E   SRVE0169I: pool", ERROR),),
        level_of=_WEBSPHERE_LEVELS.get,
    ),
    Format(
        "Python's warnings",
        r"\S+\.py:[0-9]+: (?P<level>\w*Warning): ",
        (Sample("Python", "/app/orders.py:31: DeprecationWarning: take() is old", WARNING, None),),
        level_of=lambda word: WARNING,
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
        r"npm (?P<level>ERR!|WARN|error|warn|notice|info|http) |(?P<level1>ERR!) (?=\S)",
        (
            Sample("npm", "npm ERR! code ELIFECYCLE", ERROR, None),
            Sample("npmlog", "ERR! shop pool is closed", ERROR, None),
        ),
        level_of=lambda word: named_level(word.rstrip("!")),
    ),
    Format(
        "java.util.logging",
        r"{worded} [\w.$]+(?: \S+)?$|{iso} \[[^\]\n]{1,80}\] [\w.$<>]+\(\)$",
        (
            Sample("java.util.logging", "Feb 02, 2026 12:00:00 PM shop.Orders take", at="12:00:00"),
            Sample(
                "java.util.logging in French", "févr. 02, 2026 12:00:00 PM shop.Orders take", at="12:00:00"
            ),
            Sample("tinylog", "2026-02-02 12:00:00 [main] shop.Orders.take()", at="12:00:00"),
        ),
        awaits_level=True,
    ),
    # Its "ERR" is stderr.
    Format(
        "Cloud Foundry",
        r" *{iso} \[[A-Z][A-Z/0-9_-]{1,60}\] +(?:OUT|ERR) ",
        (
            Sample(
                "Cloud Foundry", "   2026-02-02T12:00:00.12+0000 [APP/PROC/WEB/0] ERR pool", at="12:00:00.12"
            ),
            Sample("Cloud Foundry", "2026-02-02T12:00:00.123+0000 [APP/PROC/WEB/0] OUT ERROR pool", ERROR),
        ),
        rest=True,
    ),
    Format(
        "time, then a level",
        rf"(?:\[[0-9]{{1,7}}\] )?[\[(\"]?{{any}}\"?{_AFTER_TIME}{{columns}}\"?(?:{{word}}|{{bracketed}}|{{letter}})[\])]?:?[ \t]*",
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
                "Python's logging, as its guide has it",
                "02/02/2026 12:00:00 PM - ERROR - pool is closed",
                ERROR,
                "12:00:00",
            ),
            Sample(
                "Python's logging with colons", "2026-02-02 12:00:00,123:shop:ERROR:pool is closed", ERROR
            ),
            Sample(
                "Python's logging with a thread",
                "2026-02-02 12:00:00,123 MainThread ERROR pool is closed",
                ERROR,
            ),
            Sample("go-logging", "12:00:00.123 main ▶ ERRO 002 pool is closed", ERROR),
            Sample("Bunyan for people", "12:00:00.123Z ERROR shop: pool is closed", ERROR),
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
            Sample("Beego", "2026/02/02 12:00:00.123 [E] [pool.go:31]  pool is closed", ERROR),
            Sample("NATS", "[7] 2026/02/02 12:00:00.123000 [ERR] pool is closed", ERROR),
            Sample("fern", "[2026-02-02][12:00:00][shop][ERROR] pool is closed", ERROR, "12:00:00"),
            Sample("s6, daemontools", "@40000000698091ca07549bd8 ERROR pool is closed", ERROR, "12:00:00"),
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
        rf"[\[(]?{{any}}{_AFTER_TIME}(?:{{small}}(?=:\s|:$| ?\t)|(?P<level>(?i:{{words}}))\||(?:\[[^\[\]\n]{{0,80}}\] ){{1,3}}{{small}}(?=:\s)|{{harmless}}|(?P<level>panic)(?=\t)|(?P<level>http)(?=: {{method}} )):?[ \t]*".replace(
            "{words}", any_of(WORDS)
        ),
        (
            Sample("winston", "2026-02-02T12:00:00.123Z error: pool is closed", ERROR),
            Sample("zap", "2026-02-02T12:00:00.123Z\terror\tshop/pool.go:31\tpool is closed", ERROR),
            Sample("Microsoft's console with a time", "2026-02-02T12:00:00.123Z fail: Shop.Orders[0]", ERROR),
            Sample("ZLogger", "2026-02-02 12:00:00.123|Error|pool is closed", ERROR),
            Sample("go-zero", "2026-02-02T12:00:00.123Z\t error \tpool is closed", ERROR),
            Sample(
                "zap, its time in seconds", "1.770033600123e+09\terror\tpool.go:31\tpool is closed", ERROR
            ),
        ),
    ),
    Format(
        "time and level in one bracket",
        r"\[{any} (?:(?P<level>(?i:{words})|[DIWEFV])(?: [^\]\n]{0,120})?|\S{1,60} {word})\] ".replace(
            "{words}", any_of(IN_BRACKETS)
        ),
        (
            Sample("Serilog, in full", "[12:00:00 Error] pool is closed", ERROR, "12:00:00"),
            Sample(
                "Serilog, with its source", "[12:00:00 Error Shop.Orders] pool is closed", ERROR, "12:00:00"
            ),
            Sample("vibe.d", "[2026-02-02 12:00:00.123 main(abcd) ERR] pool is closed", ERROR),
        ),
    ),
    Format(
        "level, then a time",
        r"[\[(]?(?P<level>(?i:{words}))[\])]?:?[ \t]+(?:- )?[\[(]?{any}[\])]?[ \t:|-]*".replace(
            "{words}", any_of(WORDS)
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
        r"(?:(?:{word}|{bracketed})[\])]?|{small}(?:\(\w{1,60}\))?(?=:\s|:$)):?[ \t]*",
        (
            Sample(
                "uvicorn", 'INFO:     10.0.0.1:4711 - "GET /audit?level=error HTTP/1.1" 200 OK', INFO, None
            ),
            Sample("Python's logging as it comes", "WARNING:root:ERROR was near", WARNING, None),
            Sample("Microsoft's console", "fail: Shop.Orders[0]", ERROR, None),
            Sample("winston", "error: pool is closed", ERROR, None),
            Sample("Zig", "error(shop): pool is closed", ERROR, None),
        ),
    ),
    Format(
        "columns, then a level",
        r"(?:\[[^\[\]\n]{1,80}\](?: {1,6}|(?=\[))|[0-9]{1,12} +(?=\[)){1,4}(?:{word}|{bracketed}|{small}(?=:\s)):?[ \t]*"
        r"|[\w.$/-]{1,60}(?: - |\t){word}(?= - |\t)[ \t-]*|\[{word} [^\[\]\n]{1,80}\] |nginx: {bracketed} "
        r"|[\w./-]{1,60}: \[{word}\] ",
        (
            Sample("SLF4J's simple logger", "[main] ERROR shop.Orders - pool is closed", ERROR, None),
            Sample("log4j's TTCC", "176  [main] ERROR shop.Orders - pool is closed", ERROR, None),
            Sample("Java's own (-Xlog)", "[0.123s][warning][gc] pool is slow", WARNING, None),
            Sample("concurrently, kubetail", "[shop-7d9] error: pool is closed", ERROR, None),
            Sample("Rails with tags", "[r-1] FATAL -- : pool is closed", CRITICAL, None),
            Sample("Python's logging", "shop - ERROR - pool is closed", ERROR, None),
            Sample("nginx before it logs", "nginx: [emerg] bind() to 0.0.0.0:80 failed", CRITICAL, None),
            Sample("env_logger without a time", "[ERROR shop::pool] pool is closed", ERROR, None),
            Sample("OCaml's Logs", "shop: [ERROR] pool is closed", ERROR, None),
        ),
    ),
    Format(
        "java.util.logging, its second line",
        r"{localised}: ",
        (Sample("java.util.logging in German", "SCHWERWIEGEND: pool is closed", ERROR, None),),
    ),
    Format(
        "Twisted",
        r"\[[\w.]{1,80}#(?P<level>[a-z]+)\] ",
        (
            Sample(
                "Twisted",
                "2026-02-02T12:00:00+0000 [shop.pool#critical] pool is closed",
                CRITICAL,
                "12:00:00",
            ),
        ),
    ),
    Format(
        "symbol, then a level",
        r"(?:\[[^\[\]\n]{1,60}\] )?(?:› +)?(?P<level>[{symbols}])\ufe0f? +| {1,3}(?P<level1>[A-Z]{4,5})  (?=\S)| (?P<level2>INFO|WARN) (?=\S)| (?P<level3>ERROR|DEBUG|TRACE) (?=[\w:]{1,80} > )".replace(
            "{symbols}", "".join(_SYMBOLS)
        ),
        (
            Sample("signale", "✖  error     pool is closed", ERROR, None),
            Sample("signale with a scope", "[shop] › ✖  error     pool is closed", ERROR, None),
            Sample("consola", "ℹ order taken", INFO, None),
            Sample("consola", " ERROR  pool is closed", ERROR, None),
            Sample("Next.js", "⨯ pool is closed", ERROR, None),
            Sample("tracing without a time", " INFO shop: order taken", INFO, None),
            Sample("pretty_env_logger", " ERROR shop::pool > pool is closed", ERROR, None),
        ),
        level_of=lambda word: _SYMBOLS.get(word) or named_level(word),
    ),
    Format(
        "letter and time in one bracket",
        r"\[ ?(?P<level>[DIWECFNV]) (?:{tiny}|{iso}) [^\]\n]{1,200}\](?:: | )",
        (
            Sample("Tornado", "[E 260202 12:00:00 web:31] pool is closed", ERROR, "12:00:00"),
            Sample("Jupyter", "[E 2026-02-02 12:00:00.123 ServerApp] pool is closed", ERROR),
            Sample(
                "Passenger", "[ E 2026-02-02 12:00:00.1230 7/T1 age/Cor/App.cpp:31 ]: pool is closed", ERROR
            ),
        ),
    ),
    Format(
        "level in small letters, as its log agrees",
        r"{small}[ \t]+",
        (Sample("winston with a pattern", "2026-02-02T12:00:00.123Z error pool is closed", ERROR),),
        agreed="2026-02-02T12:00:00.123Z info order taken",
    ),
    Format(
        "level with a capital, as its log agrees",
        r"(?P<level>Emergency|Alert|Critical|Fatal|Error|Warning|Warn|Notice|Information|Info|Debug|Trace|Verbose): ",
        (
            Sample("CakePHP", "2026-02-02 12:00:00 Error: pool is closed", ERROR, "12:00:00"),
            Sample("Mosquitto", "1770033600: Error: pool is closed", ERROR, "12:00:00"),
        ),
        agreed="2026-02-02 12:00:00 Info: order taken",
    ),
    Format(
        "letter in brackets, as its log agrees",
        r"[\[(<](?P<level>[DIWEFCNVT])[\])>]:?[ \t]*",
        (Sample("loggers with a short level", "[E] pool is closed", ERROR, None),),
        agreed="[I] order taken",
    ),
    Format(
        "decorated level",
        r"(?:\*{2,3}|-{2,3}|={2,3}|%|#{1,3}) ?{word}(?::| (?:-{2,3}|={2,3}|\*{2,3}))[ \t]*|log4j:{word} |SLF4J\((?P<level1>[DIWE])\): "
        r"|[0-9]{1,10}: (?:\([0-9]+\))?: {word}: ",
        (
            Sample("scripts", "*** ERROR: pool is closed", ERROR, None),
            Sample("log4j's own", "log4j:ERROR pool is closed", ERROR, None),
            Sample("SLF4J's own", "SLF4J(E): pool is closed", ERROR, None),
            Sample("coturn", "12: (7): ERROR: pool is closed", ERROR, None),
        ),
    ),
    Format(
        "logr",
        r"(?:[\w./-]+\.go:[0-9]+: )?(?:\"logger\"=\"[^\"\n]{0,100}\" )?(?:\"level\"=[0-9]+(?P<level>)|\"msg\"=\"(?:[^\"\\\n]|\\.){0,400}\" \"(?P<level1>error)\"=) ?",
        (
            Sample(
                "logr's stdr",
                '2026/02/02 12:00:00 pool.go:31: "msg"="pool is closed" "error"="EOF"',
                ERROR,
                "12:00:00",
            ),
            Sample(
                "logr's stdr",
                '2026/02/02 12:00:00 pool.go:31: "level"=0 "msg"="order taken"',
                INFO,
                "12:00:00",
            ),
        ),
        level_of=lambda word: ERROR if word else INFO,
    ),
    Format(
        "Laravel's queue",
        r" *{iso} \S{1,200} \.{3,200} (?:[\w.]{1,20} )?(?P<level>RUNNING|DONE|FAIL)",
        (Sample("Laravel", r"  2026-02-02 12:00:00 App\Jobs\Take ......... 5.00ms FAIL", ERROR, "12:00:00"),),
        level_of=lambda word: ERROR if word == "FAIL" else INFO,
    ),
    Format(
        "symbol in brackets, as its log agrees",
        r"\[(?P<level>[xX!*+iIdD#])\] +",
        (Sample("scripts", "[x] pool is closed", ERROR, None),),
        level_of=lambda symbol: _BRACKETED_SYMBOLS.get(symbol.lower()),
        agreed="[i] order taken",
    ),
    Format(
        "bullets, as its log agrees",
        r" {3}(?P<level>[•⨯]) ",
        (Sample("apex/log", "   ⨯ pool is closed               pool=db", ERROR, None),),
        level_of=lambda symbol: ERROR if symbol == "⨯" else INFO,
        agreed="   • order taken                  id=12",
        shown_by=r"^ {3}• \S.* [\w.]+=\S",
    ),
    Format(
        "letter, as all of its log agrees",
        r"(?P<level>[DIWEFCVT])(?:[:/]|(?= ))[ \t]*",
        (
            Sample(
                "Python's logging with {levelname[0]}",
                "2026-02-02 12:00:00,123 E shop: pool is closed",
                ERROR,
            ),
        ),
        agreed="2026-02-02 12:00:00,123 I shop: order taken",
        share=1.0,
    ),
    Format(
        "Rich, its time left out",
        r" {8,24}(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) {1,5}(?=\S)",
        (Sample("Rich", "           ERROR    pool is closed                 pool.py:31", ERROR, None),),
        agreed="[12:00:00] INFO     order taken                    orders.py:31",
        shown_by=r"\[[^\]\n]{8,24}\] (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) {1,5}\S",
    ),
    Format(
        "Docker Compose",
        r"[\w.@-]{1,100} +\| ?",
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
        "task runners, as their log agrees",
        r"\[[\w.-]{1,30}\] (?!\[)|@?[\w./-]{1,60}[:#][\w-]{1,40}: ",
        (
            Sample("concurrently", "[web] fail: Shop.Orders[0]", ERROR, None),
            Sample("Turborepo", "web:start: ERROR pool is closed", ERROR, None),
        ),
        rest=True,
        agreed="[web] order taken",
        share=1.0,
    ),
    Format(
        "stern, as its log agrees",
        r"[a-z][\w.]*(?:-[\w.]+)*-(?:[a-z]*[0-9][a-z0-9]*|[a-z0-9]{5})(?: | › )[a-z0-9][a-z0-9-]{0,62} (?=\S)",
        (Sample("stern", "shop-7d9f8b6c5-x2k4p app 2026-02-02T12:00:00.123Z ERROR pool is closed", ERROR),),
        rest=True,
        agreed="shop-7d9f8b6c5-x2k4p app 2026-02-02T12:00:00.123Z INFO order taken",
    ),
    Format(
        "containerd",
        r"{iso} (?:stdout|stderr) [FP] ",
        (Sample("containerd", "2026-02-02T12:00:00.123Z stderr F ERROR pool is closed", ERROR),),
        rest=True,
    ),
    Format(
        "Fly",
        r"{iso} (?:app|runner|proxy)\[\w+\] [a-z]{3} \[(?P<level>[a-z]+)\] ?",
        (Sample("Fly", "2026-02-02T12:00:00.123 app[1234abcd] ams [info] ERROR pool is closed", ERROR),),
        rest=True,
    ),
    Format(
        "Fluentd",
        r"{iso} [\w-]+(?:\.[\w-]+)+: (?=\{)",
        (
            Sample(
                "Fluentd", '2026-02-02 12:00:00.123 +0000 docker.shop: {"log":"ERROR pool is closed"}', ERROR
            ),
        ),
        rest=True,
    ),
    Format(
        "indented, as its log agrees",
        r" {1,6}(?={any}[\])]? +[\[A-Z])",
        (Sample("Consul, tracing's pretty", "    2026-02-02T12:00:00.123Z [ERROR] pool is closed", ERROR),),
        rest=True,
        agreed="    2026-02-02T12:00:00.123Z [INFO]  order taken",
        share=1 / 3,
    ),
    Format(
        "Heroku",
        r"{iso} (?:[\w.-]{1,60} )?\w+\[[\w.-]+\]: ",
        (Sample("Heroku", "2026-02-02T12:00:00.123+00:00 app[web.1]: ERROR: pool is closed", ERROR),),
        rest=True,
    ),
    Format(
        "syslog with the level's name",
        r"(?:{no-year}|{iso}) [\w.-]+ (?:kern|user|mail|daemon|auth|authpriv|syslog|cron|local[0-9])\.(?P<level>[a-z]+) [\w./@-]+(?:\[[0-9]+\])?: ",
        (Sample("BusyBox", "Feb  2 12:00:00 web daemon.err shop[7]: pool is closed", ERROR, "12:00:00"),),
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
        # Behind a time with a year two words and a colon may be a sentence: "ann said: …".
        r"(?:<(?P<level>[0-9]{1,3})>(?:{no-year}|{iso})(?: [\w.-]+)?|{no-year} [\w.-]+|(?:(?:[A-Z][a-z]{2} )?{iso}|{epoch}) [\w.-]+(?= [\w./@-]+\[|"
        r" (?:kernel|systemd|sudo|CRON|haproxy|dovecot|postfix/\w+): )) [\w./@-]+(?:\[[0-9]+\])?: (?: (?=\S))?",
        (
            Sample("rsyslog", "<11>Feb  2 12:00:00 web shop[7]: pool is closed", ERROR, "12:00:00"),
            Sample("journalctl", "Feb 02 12:00:00 web shop[7]: ERROR pool is closed", ERROR, "12:00:00"),
            Sample("journalctl -o short-unix", "1770033600.123 web shop[7]: ERROR pool is closed", ERROR),
            Sample(
                "journalctl -o short-full",
                "Mon 2026-02-02 12:00:00 UTC web shop[7]: ERROR pool",
                ERROR,
                "12:00:00",
            ),
            Sample("Papertrail", "Feb 02 12:00:00 shop app/web.1:  ERROR pool is closed", ERROR, "12:00:00"),
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
        r"[\[(]?{any}[\])]?(?:[ \t]*[:|-])?(?:  (?=\S)| )?",
        (
            Sample("Go's log, docker logs -t", "2026/02/02 12:00:00 Error tracking enabled", at="12:00:00"),
            Sample("docker logs -t", "2026-02-02T12:00:00.123Z fail: Shop.Orders[0]", ERROR),
            Sample("docker logs -t", "2026-02-02T12:00:00.123Z [12:00:00 ERR] pool is closed", ERROR),
        ),
        rest=True,
    ),
)
