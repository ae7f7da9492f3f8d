"""docs/reference/log-formats.md, of the table that reads logs."""

from deploy_verdict.stages.logs.lines.crashes import CRASHES
from deploy_verdict.stages.logs.lines.formats import FORMATS
from deploy_verdict.stages.logs.lines.json_lines import AGREED_KEYS, LEVEL_KEYS, TEXT_KEYS, TIME_KEYS
from deploy_verdict.stages.logs.lines.levels import NAMED
from deploy_verdict.stages.logs.lines.times import AMBIGUOUS_ZONES, ZONES

HEAD = """# Log formats

This page lists the log lines that are recognised, and how they are read. It is generated from the table that reads them
(`scripts/deploy_verdict/stages/logs/lines/formats.py`): a new row there is a new row here, and its samples are its test.

The level is read where the format puts it, never from the message. A line that fits no row has no level. If such lines could
hide an error, the finding is inconclusive and says so. A plan may say what they mean (`logs.unlevelled: info`).

## Lines of text

Rows are tried from top to bottom, but rows that the log has already matched come first. After a wrapper, the rest of the line is
read like a line of its own. A request in an access log has no level, whatever its status.

| format | written by | a line | read as |
|---|---|---|---|
"""


def log_formats_page():
    """The page, from the tables of formats, levels and crashes."""
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

A line of `name=value` pairs in any order: `level`, `lvl`, `levelname`, `loglevel`, `severity` or `at`, and `time`, `ts`,
`timestamp` or the like. logrus, slog, go-kit, Heroku's router and others write it.
"""


def _json():
    return f"""## JSON

- Case, dots, hyphens and underscores of a key do not matter. The first key with a value counts.
- A key is searched at the top level, then within `log`, `record`, `fields`, `jsonPayload`, `meta`. If the line has no message, method
  or status of its own, `body`, `data`, `payload` and `attributes` are searched too; otherwise they belong to a request and not to
  the logger.
- One line may hold many records: OpenTelemetry's `resourceLogs`, CloudWatch's `logEvents`, a list. An object that is indented over
  several lines of a file is one record.

The keys:

- time: {_names(TIME_KEYS)}
- level: {_names(LEVEL_KEYS)}; if none of these is there and nearly all lines of the log agree on it, one of {_names(AGREED_KEYS)}
- message: {_names(TEXT_KEYS)}

A number means what its format says: 40 is a warning in pino and bunyan and an error in Python. journald, GELF and syslog count
from 0 to 7, Monolog and Google Cloud in hundreds, OpenTelemetry's `severityNumber` from 1 to 24. A 40 that cannot be assigned to
pino or Python has no level. In Serilog, a missing `@l` means INFO. Docker's, Railway's and journald's JSON are wrappers: their
message is read as a line. The level that Railway gives to plain stderr proves nothing.
"""


def _levels():
    by_level = {}
    for word, level in NAMED.items():
        by_level.setdefault(level, []).append(word)
    lines = "".join(f"| {level} | {_names(words)} |\n" for level, words in by_level.items())
    return f"""## Words

These words count where a format has a place for a level, in upper or lower case. Go's `ERROR+4` and `WARN-1` count in fours.

| level | words |
|---|---|
{lines}"""


def _crashes():
    rows = "".join(f"| {row.language} | `{row.sample.splitlines()[0]}` |\n" for row in CRASHES)
    return f"""## Crashes

An exception with its stack is one entry. It is an error if no logger gave it a level; after a line of WARNING or DEBUG it belongs to
that line. A line that only looks like an exception (`TypeError: …`) is one if a stack follows.

| language | starts like |
|---|---|
{rows}"""


def _times():
    return f"""## Zones

Known abbreviations: {_names(sorted(ZONES))}. An abbreviation with several meanings is not guessed, and the log counts as incomplete:
{_names(sorted(AMBIGUOUS_ZONES))}. A time without a zone is read as UTC, and the report says so. A missing year or date is taken
to be the last one before the log's end.
"""


def _names(names):
    return ", ".join(f"`{name}`" for name in names)
