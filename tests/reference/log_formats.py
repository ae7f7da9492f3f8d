"""docs/reference/log-formats.md, generated from the table of log formats."""

from deploy_verdict.stages.logs.lines.crashes import CRASHES
from deploy_verdict.stages.logs.lines.formats import FORMATS
from deploy_verdict.stages.logs.lines.json_lines import AGREED_KEYS, LEVEL_KEYS, TEXT_KEYS, TIME_KEYS
from deploy_verdict.stages.logs.lines.levels import NAMED
from deploy_verdict.stages.logs.lines.times import AMBIGUOUS_ZONES, ZONES

HEAD = """# Log formats

Which lines of a log are read, and as what. This page is generated from the table that reads them
(`scripts/deploy_verdict/stages/logs/lines/formats.py`): a new row there is a new row here, and its samples are its test.

A level is where the format puts it, never in the message. A line that fits no row has no level, and
that is said: where such lines could hide an error, the finding is inconclusive. A plan may say what they mean
(`logs.unlevelled: info`).

## Lines of text

Tried from top to bottom, the rows that a log has shown first. Behind a wrapper the rest of the line is read as a line
of its own. A request in an access log has no level, whatever its status.

| format | written by | a line | read as |
|---|---|---|---|
"""


def log_formats_page():
    """The page in Markdown, from the tables of formats, levels and crashes."""
    rows = "".join(_row(row, sample) for row in FORMATS for sample in row.samples)
    return "\n".join(
        (
            HEAD + rows,
            _logfmt(),
            _json(),
            _levels(),
            _crashes(),
            _times(),
        )
    )


def _cell(text):
    return text.replace("|", "\\|").replace("\t", " ⇥ ").replace("<", "&lt;")


def _row(row, sample):
    name = row.name + (" (a wrapper)" if row.rest else "")
    what = sample.level or ("a request" if row.kind == "access" else "no level")
    if row.awaits_level:
        what = "its level is on the next line"
    line = sample.line.replace("|", "\\|").replace("\t", " ⇥ ").replace("`", "'")
    return f"| {_cell(name)} | {_cell(sample.writer)} | `{line}` | {what} |\n"


def _logfmt():
    return """## logfmt

A line of `name=value` pairs: `level`, `lvl`, `levelname`, `loglevel`, `severity` or `at`, and `time`, `ts`,
`timestamp` or the like, in any order. Written by logrus, slog, go-kit, Heroku's router and others.
"""


def _json():
    return f"""## JSON

Keys count whatever their case, dots, hyphens and underscores; the first one that holds something counts. A key is
looked for on the first floor, then within `log`, `record`, `fields`, `jsonPayload`, `meta`, and within `body`, `data`,
`payload`, `attributes` where the line has no message, method or status of its own: what a request brought is no
logger's word. One line may hold many records: OpenTelemetry's `resourceLogs`, CloudWatch's `logEvents`, a list. An
object that is written indented, over several lines of a file, is one.

- time: {_names(TIME_KEYS)}
- level: {_names(LEVEL_KEYS)}; where nearly all lines of a log that have none of these agree on it, one of {_names(AGREED_KEYS)}
- message: {_names(TEXT_KEYS)}

A number means what its format says: 40 is a warning of pino and bunyan and an error of Python; journald, GELF and
syslog count from 0 to 7, Monolog and Google Cloud in hundreds, OpenTelemetry's `severityNumber` from 1 to 24. A 40
that neither pino nor Python shows to be theirs has no level. Serilog's `@l` that is missing means INFO. Docker's, Railway's
and journald's JSON are wrappers: their message is read as a line. The level that Railway gives to plain stderr is no proof.
"""


def _levels():
    by_level = {}
    for word, level in NAMED.items():
        by_level.setdefault(level, []).append(word)
    lines = "".join(f"| {level} | {_names(words)} |\n" for level, words in by_level.items())
    return f"""## Words

Where a format has a place for a level, in any case. Go's `ERROR+4` and `WARN-1` are counted in fours.

| level | words |
|---|---|
{lines}"""


def _crashes():
    rows = "".join(f"| {row.language} | `{row.sample.splitlines()[0]}` |\n" for row in CRASHES)
    return f"""## Crashes

An exception with its stack is one entry. Where no logger gave it a level it is an error; behind a line of WARNING or
DEBUG it belongs to that line. A line that only looks like an exception (`TypeError: …`) is one where a stack follows.

| language | begins like |
|---|---|
{rows}"""


def _times():
    return f"""## Zones

Abbreviations that are known: {_names(sorted(ZONES))}. Those that mean several offsets are not guessed, and the log is
not complete: {_names(sorted(AMBIGUOUS_ZONES))}. A time without a zone is read as UTC, and that is said. A year or a
date that is not written is the last one before the log ends.
"""


def _names(names):
    return ", ".join(f"`{name}`" for name in names)
