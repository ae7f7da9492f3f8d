"""A plugged-in suite as a real process: what it wrote in this run counts, and nothing else."""

import json
import os
import shutil
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from deploy_verdict.stages.e2e.collect import run_suite
from deploy_verdict.stages.e2e.junit_in import MAX_CASES, MAX_JUNIT_BYTES, NotJUnitError, Ran, parsed_cases
from tests.stages.suites import context_of

GOOD = '<testsuite><testcase classname="c" name="a" time="0.25"/><testcase name="b"/></testsuite>'


def writes(xml, exit_code=0, before=""):
    return (
        f"import pathlib, sys\n{before}\npathlib.Path('junit.xml').write_text({xml!r})\nsys.exit({exit_code})"
    )


def context_for(script, timeout="60s", command=None, junit="junit.xml", **more):
    words = command or [sys.executable, "-c", script]
    text = f"e2e: {{command: {json.dumps(words)}, junit: {junit}, command_timeout: {timeout}}}"
    return context_of(text, "http://127.0.0.1:1", **more)


def run(script="", **more):
    suite, *cases = run_suite(context_for(script, **more), 0.0)
    return suite, cases


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_its_cases_are_read_in_its_own_words():
    xml = """<testsuites><testsuite>
      <testcase classname="c" name="good" time="0.25"/>
      <testcase name="bad"><failure message="not 200">body</failure></testcase>
      <testcase name="broken"><error message="boom"/></testcase>
      <testcase name="left out"><skipped/></testcase>
      <testcase name="disabled" status="notrun"/>
    </testsuite></testsuites>"""
    suite, cases = run(writes(xml, exit_code=1))
    assert [(case.check, case.result, case.message) for case in cases] == [
        ("c.good", "passed", ""),
        ("bad", "failed", "not 200 body"),
        ("broken", "error", "boom"),
        ("left out", "skipped", ""),
        ("disabled", "skipped", ""),
    ]
    assert (cases[0].elapsed_ms, cases[1].elapsed_ms) == (250, None)
    assert (suite.exit_code, suite.cases, suite.fault) == (1, 5, None)
    assert suite.elapsed_ms > 0


def test_it_is_told_the_target_and_the_window():
    context = context_for(
        "import os, pathlib\n"
        "name = os.environ['TARGET_URL'] + ' ' + os.environ['DEPLOY_VERDICT_WINDOW']\n"
        """pathlib.Path('junit.xml').write_text(f'<testsuite><testcase name="{name}"/></testsuite>')"""
    )
    _, case = run_suite(context, 0.0)
    assert case.check == f"http://127.0.0.1:1 {context.pace.t0:%Y%m%dT%H%M%SZ}-{context.plan.sha256[:6]}"


def test_its_output_may_be_long_and_names_why_it_wrote_nothing():
    suite, _ = run(
        "import sys\nprint('x' * 1_000_000)\nsys.exit('no module named suite, token hunter2x')",
        secrets={"T": "hunter2x"},
    )
    assert suite.fault.whose == "us"
    assert suite.fault.detail.startswith(
        "it wrote no junit.xml: let its reporter write JUnit XML there (exit code 1"
    )
    assert suite.fault.detail.endswith("no module named suite, token [redacted:T])")
    assert len(suite.fault.detail) < 1000


def test_an_older_file_proves_nothing(tmp_path):
    (tmp_path / "junit.xml").write_text(GOOD)
    suite, cases = run("pass")
    assert "the file there is an older one" in suite.fault.detail
    assert (cases, suite.cases, suite.exit_code) == ([], None, 0)


def test_an_older_file_that_is_written_again_alike_counts(tmp_path):
    (tmp_path / "junit.xml").write_text(GOOD)
    suite, cases = run(writes(GOOD))
    assert (suite.fault, len(cases)) == (None, 2)


def test_a_directory_is_no_file():
    suite, _ = run("import os\nos.mkdir('junit.xml')")
    assert "junit.xml is not a file" in suite.fault.detail


def test_a_command_that_is_not_there():
    suite, _ = run(command=["no-such-command-here"])
    assert suite.fault.detail == "could not be started: No such file or directory"
    assert suite.exit_code is None


def test_a_command_that_does_not_end_in_time_is_ended():
    suite, _ = run("import time\ntime.sleep(600)", timeout="200ms")
    assert suite.fault.detail == "no end within 200 ms"
    assert suite.exit_code == -15


def test_a_request_to_stop_ends_it_with_children_that_do_not_want_to():
    """The child holds a pipe and ignores SIGTERM: the pipe's end is seen only when the child is gone."""
    os.mkfifo("alive")
    child = """
import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with pathlib.Path("alive").open("w") as pipe:
    pipe.write("x")
    pipe.flush()
    time.sleep(600)
"""
    context = context_for(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])")
    rest = []

    def watch():
        with Path("alive").open("rb", buffering=0) as pipe:
            pipe.read(1)
            context.stop.request()
            rest.append(pipe.read())

    watching = threading.Thread(target=watch)
    watching.start()
    (suite,) = run_suite(context, 0.0)
    watching.join()
    assert rest == [b""]
    assert suite.fault.detail == "ended, because the run was stopped"
    assert suite.exit_code == -15


def test_after_a_request_to_stop_it_is_not_started(tmp_path):
    context = context_for(writes(GOOD))
    context.stop.request()
    (suite,) = run_suite(context, 0.0)
    assert "not started" in suite.fault.detail
    assert not (tmp_path / "junit.xml").exists()


def ended(exit_code=0, took_s=5.0):
    """A run that has just ended."""
    now = datetime.now(UTC)
    return Ran(now - timedelta(seconds=took_s), now, exit_code)


def results(xml, ran=None):
    return [(case.name, case.result) for case in parsed_cases(xml.encode(), ran)]


@pytest.mark.parametrize(
    "stale",
    [
        '<testsuite timestamp="2026-01-02T03:04:05"><testcase name="a"/></testsuite>',
        f'<testsuites timestamp="2026-01-02T03:04:05.678Z">{GOOD}</testsuites>',
        f'<testsuites><testsuite timestamp="2026-01-02T03:04:05+02:00"/>{GOOD}</testsuites>',
        '<testsuite timestamp="2999-01-02T03:04:05"><testcase name="a"/></testsuite>',
        '<testsuite><testcase name="a" time="900"/></testsuite>',
        '<testsuite><testcase name="a" timestamp="2026-01-02T03:04:05"/></testsuite>',
        '<testsuite timestamp="Fri, 02 Jan 2026 03:04:05 GMT"><testcase name="a"/></testsuite>',
        '<testsuite timestamp="2026/01/02 03:04:05"><testcase name="a"/></testsuite>',
        '<testsuite timestamp="1767323045678"><testcase name="a"/></testsuite>',
    ],
)
def test_a_copy_of_another_runs_file_proves_nothing(stale, tmp_path):
    """It is a new file, so what it says of its time decides."""
    (tmp_path / "old.xml").write_text(stale)
    suite, cases = run("import shutil; shutil.copy('old.xml', 'junit.xml')")
    assert "its JUnit file is of another run" in suite.fault.detail
    assert cases == []


def test_a_file_that_keeps_its_old_time_is_older(tmp_path):
    (tmp_path / "old.xml").write_text(GOOD)
    os.utime("old.xml", (1, 1))
    suite, _ = run("import shutil; shutil.copy2('old.xml', 'junit.xml')")
    assert "the file there is an older one" in suite.fault.detail


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5)), None])
def test_a_file_of_this_run_counts_in_whatever_zone_it_says_so(zone):
    at = datetime.now(zone).isoformat()
    assert results(f'<testsuite timestamp="{at}"><testcase name="a" time="3"/></testsuite>', ended()) == [
        ("a", "passed")
    ]


def test_all_files_of_a_pattern_are_read_and_each_must_be_new(tmp_path):
    several = """import pathlib
for name in "ab":
    folder = pathlib.Path("target") / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"TEST-{name}.xml").write_text(f'<testsuite><testcase name="{name}"/></testsuite>')
"""
    context = context_for(several, junit="target/*/TEST-*.xml")
    suite, *cases = run_suite(context, 0.0)
    assert ([case.check for case in cases], suite.cases, suite.fault) == (["a", "b"], 2, None)
    shutil.copytree(tmp_path / "target" / "a", tmp_path / "target" / "c")
    suite, *cases = run_suite(context, 0.0)
    assert suite.fault.detail.startswith(
        "it wrote 2 of 3 files of target/*/TEST-*.xml, target/c/TEST-a.xml is an older one"
    )


FLAKY = """<testsuite name="a.T" tests="5" failures="3"><testcase name="ok"/>
  <testcase name="flaky"><flakyFailure message="pool is closed"/></testcase>
  <testcase name="broken"><failure message="500"/><rerunFailure message="again"/></testcase></testsuite>"""


def test_surefires_repeated_cases_are_told_apart():
    assert results(FLAKY) == [("ok", "passed"), ("flaky", "flaky"), ("broken", "failed")]
    alone = FLAKY.replace("broken", "b").replace(
        '<failure message="500"/><rerunFailure message="again"/>', ""
    )
    assert results(alone.replace('"3"', '"1"').replace('"5"', '"4"')) == [
        ("ok", "passed"),
        ("flaky", "flaky"),
        ("b", "passed"),
    ]
    with pytest.raises(NotJUnitError, match="counts 2 failures"):
        results(alone.replace('"3"', '"2"'))


@pytest.mark.parametrize(
    ("case", "result"),
    [
        ('status="FAILED"/>', "failed"),
        ('result="failure"/>', "failed"),
        ('status="timed_out"/>', "failed"),
        ('success="false"/>', "failed"),
        ("><Failure/></testcase>", "failed"),
        ('><x:error xmlns:x="urn:x"/></testcase>', "error"),
        ('status="pending"/>', "skipped"),
        ('executed="false"/>', "skipped"),
        ('status="failed"><skipped/></testcase>', "skipped"),
        ('status="run" result="completed"/>', "passed"),
        ('status="PASSED"/>', "passed"),
    ],
)
def test_a_result_counts_however_the_reporter_writes_it(case, result):
    assert results(f'<testsuite><testcase name="a" {case}</testsuite>') == [("a", result)]


NOT_LOADED = """<testsuites name="jest tests" tests="1" errors="1">
  <testsuite name="s" tests="1"><testcase name="s ok"/></testsuite>
  <testsuite name="t" errors="1" tests="0"/></testsuites>"""


@pytest.mark.parametrize(
    ("xml", "name"),
    [
        (NOT_LOADED, "t"),
        (NOT_LOADED.replace('<testcase name="s ok"/>', "").replace('"1"><', '"0"><'), "t"),
        ('<testsuite name="t" tests="8"><testcase name="s ok"/></testsuite>', "t"),
        ('<testsuite name="t" failed="1"><testcase name="s ok"/></testsuite>', "t"),
        ('<testsuite name="t" failures="x"><testcase name="s ok"/></testsuite>', "t"),
    ],
)
def test_a_suite_that_did_not_load_failed_where_the_exit_code_says_so_too(xml, name):
    assert results(xml, ended(1))[-1] == (name, "error")
    with pytest.raises(NotJUnitError, match=r"and holds|holds no"):
        results(xml, ended(0))


@pytest.mark.parametrize("kind", ["error", "failure"])
def test_an_error_of_a_suite_is_a_case(kind):
    xml = f'<testsuite name="t"><{kind} message="set-up failed"/><testcase name="a"/></testsuite>'
    last = parsed_cases(xml.encode())[-1]
    assert (last.name, last.result in ("error", "failed"), last.message) == ("t", True, "set-up failed")


@pytest.mark.parametrize(
    "raw",
    [
        "\x1b[31mred\x1b[0m",
        "\x00",
        "&#27;[31mred",
        "&#x1B;red",
        "\x08\x0c",
        "\ufffe",
        "&#55296;",
        "\udce9\udcff",
    ],
)
def test_what_is_no_character_hides_no_failure(raw):
    xml = f'<testsuite><testcase name="bad"><failure message="x">{raw}</failure></testcase></testsuite>'
    for head in ("", '<?xml version="1.0" encoding="UTF-8"?>'):
        assert parsed_cases((head + xml).encode("utf-8", "surrogateescape"))[0].result == "failed"


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;"/></testsuite>"""
EXTERNAL = (
    """<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="x"/>&a;</testsuite>"""
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"not xml", "not well-formed"),
        (GOOD.encode()[:-5], "not well-formed"),
        (b"\xff\xfe\xfd", "not well-formed"),
        (b'<?xml version="1.0" encoding="no-such"?><testsuite/>', "not well-formed"),
        (b"<html/>", "is not JUnit XML"),
        (b"<testsuites/>", "holds no test case"),
        (b'<testsuite tests="8"/>', "holds no test case"),
        (b'<testsuite tests="8"><testcase name="a"/></testsuite>', "counts 8 tests, and holds 1"),
        (b'<testsuite errors="1"><testcase name="a"/></testsuite>', "counts 1 errors, and holds no such"),
        (b'<testsuite failures="2"><testcase name="a"/></testsuite>', "counts 2 failures"),
        (BOMB.encode(), "has a DOCTYPE"),
        (EXTERNAL.encode(), "has a DOCTYPE"),
        (EXTERNAL.encode("utf-16"), "has a DOCTYPE"),
        (b"<a>" * 60 + b"</a>" * 60, "nested more than"),
        (b"<testsuite>" + b"<testcase/>" * (MAX_CASES + 1) + b"</testsuite>", "more than 5000"),
        (b" " * (MAX_JUNIT_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_proves_nothing_is_refused(data, reason):
    with pytest.raises(NotJUnitError, match=reason):
        parsed_cases(data)


def test_a_message_that_quotes_a_doctype_is_no_doctype():
    xml = (
        b"<testsuite><testcase name='a'><failure><![CDATA[<!DOCTYPE html>]]></failure></testcase></testsuite>"
    )
    assert parsed_cases(xml)[0].message == "<!DOCTYPE html>"


@pytest.mark.parametrize("time", ["abc", "nan", "inf", ""])
def test_a_time_that_is_no_number_is_not_told(time):
    assert (
        parsed_cases(f'<testsuite><testcase name="a" time="{time}"/></testsuite>'.encode())[0].elapsed_ms
        is None
    )


def test_cases_at_any_depth_are_read():
    inner = b"<testsuite><testsuite><testcase name='in'/></testsuite></testsuite>"
    xml = b"<testsuites>" + inner + b"<testcase name='out'/></testsuites>"
    assert [case.name for case in parsed_cases(xml)] == ["in", "out"]
