"""A plugged-in suite as a real process: what it wrote in this run counts, and nothing else."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from deploy_verdict.stages.e2e.collect import run_suite
from deploy_verdict.stages.e2e.junit_in import MAX_CASES, MAX_JUNIT_BYTES, NotJUnitError, parsed_cases
from tests.stages.suites import context_of

GOOD = '<testsuite><testcase classname="c" name="a" time="0.25"/><testcase name="b"/></testsuite>'


def writes(xml, exit_code=0, before=""):
    return (
        f"import pathlib, sys\n{before}\npathlib.Path('junit.xml').write_text({xml!r})\nsys.exit({exit_code})"
    )


def context_for(script, timeout="60s", command=None, **more):
    words = command or [sys.executable, "-c", script]
    text = f"e2e: {{command: {json.dumps(words)}, junit: junit.xml, command_timeout: {timeout}}}"
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
    assert suite.fault.detail.startswith("it wrote no junit.xml (exit code 1, last output: ")
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
