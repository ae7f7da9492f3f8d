"""The command: its help on two levels, its nine scripts, its completion, and what an error of usage says."""

import re
import subprocess
import sys

import pytest

from deploy_verdict.cli.command import GROUPS, build_parser, main, verb_parser
from deploy_verdict.stages import registry
from tests.reference.parsers import options
from tests.running import PACKAGE, ROOT, command, script, scrubbed

SCRIPTS = {
    "check_plan": ("check",),
    "watch_deployment": ("watch",),
    "check_health": ("sample", "health"),
    "run_e2e": ("sample", "e2e"),
    "sample_pools": ("sample", "pools"),
    "review_logs": ("sample", "logs"),
    "judge_evidence": ("judge",),
    "render_report": ("report",),
    "publish_report": ("publish",),
}


def leaves(parser, names=()):
    """Every verb that can be called, with the words that call it."""
    if not parser.parts:
        yield names
    for name, part in parser.parts.items():
        yield from leaves(part, (*names, name))


LEAVES = list(leaves(build_parser()))
IDS = [" ".join(names) for names in LEAVES]


def test_the_help_lists_every_verb_and_the_exit_codes_and_shows_two_commands():
    text = build_parser().format_help()
    for verbs in GROUPS.values():
        for verb in verbs:
            assert re.search(rf"^  {verb.name} +\w", text, re.MULTILINE), verb.name
    assert len(re.findall(r"^    deploy-verdict ", text, re.MULTILINE)) == 2
    assert "0 stable, 10 attention, 11 critical, 12 inconclusive, 2 wrong usage or plan, 3 could not" in text


def test_every_stage_can_be_sampled_and_the_help_lists_each_part():
    assert tuple(verb_parser("sample").parts) == registry.names()
    for verb in ("sample", "ci"):
        parser = verb_parser(verb)
        for name in parser.parts:
            assert re.search(rf"^  {name} +\w", parser.format_help(), re.MULTILINE), name


@pytest.mark.parametrize("names", LEAVES, ids=IDS)
def test_each_verbs_help_shows_an_example_whose_options_exist(names):
    parser = verb_parser(*names)
    name = f"deploy-verdict {' '.join(names)}"
    shown = re.findall(rf"^ .*\b{name}\b(.*?)(?:  #|$)", parser.description, re.MULTILINE)
    assert shown, parser.description
    for option in re.findall(r"--[\w-]+", " ".join(shown)):
        assert option in options(parser), option
    assert callable(parser.get_default("main"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_has_its_verbs_options_and_its_own_name(name, tmp_path):
    """As a process, from another folder."""
    parser = verb_parser(*SCRIPTS[name])
    text = script(name, "--help", cwd=tmp_path, environment={"COLUMNS": "80"}).stdout
    shown = set(re.findall(r"^  (?:-h, )?(--[\w-]+)", text, re.MULTILINE))
    assert shown == options(parser) - {"-h"}
    assert text.startswith(f"usage: scripts/{name}.py ")
    assert f"    python scripts/{name}.py " in text
    assert f"deploy-verdict {' '.join(SCRIPTS[name])}" not in text


def test_the_scripts_are_the_nine():
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == set(SCRIPTS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the following arguments are required: VERB"),
        (["wach"], "argument VERB: invalid choice: 'wach'"),
        (["sample"], "the following arguments are required: STAGE"),
        (["sample", "pool"], "argument STAGE: invalid choice: 'pool'"),
        (["ci", "open"], "argument STEP: invalid choice: 'open'"),
        (
            ["watch", "--pln", "x"],
            "deploy-verdict watch: error: the following arguments are required",
        ),
    ],
)
def test_wrong_usage_is_exit_2_with_the_words_of_what_is_missing(arguments, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("way", [["-m", "deploy_verdict"], [str(PACKAGE)], [str(PACKAGE / "__main__.py")]])
def test_the_package_runs_as_a_module_a_folder_and_a_file(way, tmp_path):
    """From another folder, whose modules are not taken for the library's."""
    path = {"PYTHONPATH": str(PACKAGE.parent)} if "-m" in way else {}
    if "-m" not in way:
        (tmp_path / "yaml.py").write_text("raise SystemExit('a module of the working directory was taken')")
    done = subprocess.run(
        [sys.executable, *way, "check", str(ROOT / "plans" / "zeues.yml")],
        cwd=tmp_path, env=scrubbed(path), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "zeues" in done.stdout


def completed(line, tmp_path):
    """What a shell that asks by argcomplete's protocol is offered for a line."""
    answer = tmp_path / "answer"
    environment = {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "_ARGCOMPLETE_SHELL": "bash",
        "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": " ",
    }  # fmt: skip
    done = subprocess.run(command(""), env=scrubbed(environment), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(answer.read_text().split())


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("deploy-verdict ", {"check", "watch", "setup-github"}, {"pools"}),
        ("deploy-verdict sam", {"sample"}, {"check"}),
        ("deploy-verdict sample ", {"pools", "e2e"}, {"watch"}),
        ("deploy-verdict sample e2e --", {"--junit", "--plan"}, {"--logs"}),
        ("deploy-verdict watch --plan x --wi", {"--without"}, {"--plan"}),
    ],
)
def test_a_shell_completes_verbs_stages_and_options(line, offered, not_offered, tmp_path):
    found = completed(line, tmp_path)
    assert offered <= found
    assert not not_offered & found


ENDING = """
import atexit, sys, threading
sys.path.insert(0, "scripts")
from deploy_verdict.cli import command

def main(_):
    print("half a line", end="")
    {more}
    return {code}

atexit.register(lambda: print("said good-bye", file=sys.stderr))
command.main = main
try:
    command.entry()
except SystemExit:
    print("the interpreter ends it", file=sys.stderr)
    raise
"""
# It ends after main, which says that it began.
THREAD = """
    began = threading.Event()
    def work():
        began.wait()
        threading.main_thread().join()
        print("thread ended", file=sys.stderr)
    threading.Thread(target=work).start()
    began.set()"""


def ended(code, more="pass"):
    text = ENDING.format(code=code, more=more.strip())
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, sorted(done.stderr.splitlines())


@pytest.mark.parametrize("code", [0, 11])
def test_a_process_ends_without_freeing_its_memory(code):
    """Yet what is registered for the end happens, and no output is lost."""
    assert ended(code) == (code, "half a line", ["said good-bye"])


def test_it_ends_as_usual_while_a_thread_works_and_for_a_tracer():
    usual = ["said good-bye", "the interpreter ends it"]
    assert ended(0, THREAD) == (0, "half a line", [*usual, "thread ended"])
    assert ended(0, "sys.settrace(lambda *_: None)") == (0, "half a line", usual)
