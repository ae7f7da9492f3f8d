"""How languages print an uncaught exception, as data: one row each. Pure.

`begins` suffices by itself. A line that only looks like an exception's first one (`LOOKS_LIKE`) is one if a
stack follows.
"""

import re
from dataclasses import dataclass

_RB = r"[\w./-]+\.rb:[0-9]+:in [`']"

# The name of an exception at the start of a line: TypeError: …, java.lang.IllegalStateException.
LOOKS_LIKE = re.compile(
    r"(?:Uncaught (?:\(in promise\) )?|\[)?(?:[\w$]{1,80}(?:\.|::|\\|/)){0,12}[\w$]{0,80}"
    r"(?:Error|Exception|Throwable|Failure|UnhandledPromiseRejection)(?:\$[\w$]{1,80})?"
    r"(?: \[[\w-]{1,60}\])?(?: \(.{0,400}\))?(?::|$|\]| - )",
    re.ASCII,
)
STACK_FRAME = re.compile(
    rf"\s+at (?!\S+\.rs:[0-9]+$)(?:async |new )?[\w$<\[./@]|\s+File \"[^\"]*\", line [0-9]|\s+from \S+:[0-9]+:in |\s*{_RB}|#[0-9]+ \S|Caused by: \S",
    re.ASCII,
)
# Belongs to the line above, whatever that is.
CONTINUES = re.compile(
    r"\s|! |at [\w$<./]+[\w$<>.]*\(|Caused by: |Suppressed: |\.\.\. [0-9]+ (?:more|common frames)|\^+$|--- End of|-{1,4}> "
    rf"|Stack trace:|\[stacktrace\]|#[0-9]+ |\"\}} *$|{_RB}|goroutine [0-9]+ \[|created by \S+|exit status [0-9]"
    r"|/\S+\.go:[0-9]+ \(0x|[\w/@~-]+(?:\.[\w*()\[\]-]+)+(?:\(.*\))?$|stack backtrace:|note: (?:run with|Some details)|Node\.js v[0-9]|[│└╭╰├┌]|error stack:$|\[signal SIG|[}\])]+,?$",
    re.ASCII,
)


@dataclass(frozen=True)
class Crash:
    """One language. `goes_on`: lines without indentation that still belong to the stack.

    `ends` is its last line, `again` what may follow even then (a chain of exceptions). The message may take
    `message_lines` lines below the first one.
    """

    language: str
    begins: "re.Pattern[str]"
    sample: str
    goes_on: "re.Pattern[str] | None" = None
    ends: "re.Pattern[str] | None" = None
    again: "re.Pattern[str] | None" = None
    message_lines: int = 0


def _regex(text: str) -> "re.Pattern[str]":
    return re.compile(text, re.ASCII)


_RAISED = r"[A-Za-z_]\w*(?:\.\w+)*:|(?:[a-z_]\w*\.)*[A-Z]\w*$"

CRASHES = (
    Crash(
        "Python",
        _regex(
            r"╭─+ Traceback \(most recent call last\)|(?:  \+ )?(?:Exception Group )?Traceback \(most recent call last\):|Exception in thread |Fatal Python error: |Exception ignored in: "
        ),
        'Traceback (most recent call last):\n  File "/app/orders.py", line 10, in take\n    pool.take()\n'
        "    ~~~~~~~~~^^\nRuntimeError: pool is closed",
        goes_on=re.compile(
            rf"{_RAISED}|[^\W\d]\w*(?:\.\w+)*:|(?:Current thread|Thread) 0x|Extension modules: |Traceback \(most|> File \"|[│╰╭]"
        ),
        ends=re.compile(rf"{_RAISED}|[^\W\d]\w*(?:\.\w+)*:"),
        again=_regex(
            r"During handling of the above exception, another|The above exception was the direct cause"
        ),
    ),
    Crash(
        "Java",
        _regex(
            r"Exception in thread \"|(?:Terminating due to )?java\.lang\.(?:OutOfMemory|StackOverflow)Error|# A fatal error has been detected by"
        ),
        'Exception in thread "main" java.lang.IllegalStateException: pool is closed\n\tat shop.Orders.take(Orders.java:10)\n'
        "Caused by: java.io.IOException: reset\n\t... 1 more",
        goes_on=_regex(r"#|Dumping heap|Heap dump file|Exception: java\.lang"),
    ),
    Crash(
        "Node",
        _regex(
            r"(?:file://)?(?:/|[A-Z]:\\|node:)\S+:[0-9]+$|Uncaught |\[UnhandledPromiseRejection: |<--- Last few GCs --->|FATAL ERROR: "
        ),
        "/app/db.js:10\n    throw new Error('pool is closed')\n    ^\n\nError: pool is closed\n    at take (/app/db.js:10:9)\n\nNode.js v20.20.2",
        goes_on=_regex(
            LOOKS_LIKE.pattern
            + r"|throw |Emitted 'error' event|Require stack:|- /|Thrown at:|<--- |[0-9]+: 0x|.* JavaScript heap out of memory"
        ),
    ),
    Crash(
        ".NET",
        _regex(r"Unhandled [Ee]xception[.:] |Fatal error\. |Process terminated\. "),
        "Unhandled exception. System.InvalidOperationException: pool is closed\n   at Shop.Orders.Take() in /src/Orders.cs:line 10",
        goes_on=_regex(r"System\.|Repeat [0-9]+ times:|-{10}"),
    ),
    Crash(
        "Go",
        _regex(
            r"panic: |fatal error: |http: panic serving |SIG[A-Z]{2,6}: |\[Recovery\] .* panic recovered:"
        ),
        "panic: pool is closed\n\ngoroutine 1 [running]:\nmain.take(...)\n\t/app/main.go:10\nexit status 2",
        goes_on=_regex(
            r"\S{1,400}?\(.{0,2000}\)$|panic: |goroutine |r[0-9a-z]{1,2} +0x|[a-z]{2}[0-9a-z]? +0x|\[recovered\]|PC=0x|runtime\.|(?:GET|POST|PUT|PATCH|DELETE|HEAD) |[\w-]+: |\[signal"
        ),
    ),
    Crash(
        "Rust",
        _regex(
            r"thread '[^']*'(?: \([0-9]+\))? (?:panicked at |has overflowed its stack)|fatal runtime error: "
        ),
        "thread 'tokio-runtime-worker' panicked at src/main.rs:10:5:\npool is closed\nnote: run with `RUST_BACKTRACE=1`",
        message_lines=1,
    ),
    Crash(
        "Ruby",
        _regex(
            r"[\w./-]+:[0-9]+:in [`'].{0,400}': .{0,2000}\((?:\w+::)*\w+\)$|.{0,200}: #<(?:\w+::)*\w+(?:Error|Exception): "
        ),
        "app.rb:10:in `take': pool is closed (RuntimeError)\n\tfrom app.rb:20:in `<main>'",
    ),
    Crash(
        "PHP",
        _regex(r"(?:PHP )?(?:Fatal error: +)?Uncaught (?:\w+\\)*\w+(?:Error|Exception)?: "),
        "Uncaught RuntimeException: pool is closed in /app/x.php:10\nStack trace:\n#0 {main}\n  thrown in /app/x.php on line 10",
        goes_on=_regex(r"Next |thrown in "),
    ),
    Crash(
        "Elixir",
        _regex(r"\*\* \((?:[A-Z]\w*\.)*[A-Z]\w*(?:Error|\))|=(?:CRASH|ERROR) REPORT="),
        "** (RuntimeError) pool is closed\n    lib/shop.ex:10: Shop.take/0",
    ),
    Crash(
        "native code",
        _regex(
            r"terminate called |(?:Segmentation fault|Aborted|Bus error|Illegal instruction)(?: \(core dumped\))?$"
            r"|\*\*\* stack smashing detected|double free or corruption|AddressSanitizer|!!! uWSGI process [0-9]+ got \w|munmap_chunk\(\): |Killed$"
        ),
        "terminate called after throwing an instance of 'std::runtime_error'\n  what():  pool is closed",
        goes_on=_regex(r"Aborted"),
    ),
)
_ANY_BEGINS = re.compile(
    "|".join(f"(?P<of{place}>{row.begins.pattern})" for place, row in enumerate(CRASHES)), re.ASCII
)


def crash_that_begins(text: str) -> Crash | None:
    """Return the language whose crash a line certainly begins, or None."""
    match = _ANY_BEGINS.match(text)
    return CRASHES[int((match.lastgroup or "")[2:])] if match is not None else None


def holds_crash(text: str) -> bool:
    """Return whether a text of several lines begins with a crash, certainly or by its stack."""
    if crash_that_begins(text) is not None:
        return True
    first, _, rest = text.partition("\n")
    return bool(rest) and LOOKS_LIKE.match(first) is not None and STACK_FRAME.match(rest) is not None
