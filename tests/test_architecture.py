"""The house: who may import whom, what pure modules may not touch, and what each script loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "scripts" / "deploy_verdict"

# Arrows point down only: a module may import modules of lower levels, and those beside it in its own
# package. Where two modules of one level need each other, the lower one stands first here.
LEVELS = {
    0: ("model", "errors", "clock"),
    1: (
        "units",
        "strict_json",
        "disguises",
        "visible",
        "expect",
        "redact",
        "window",
        "waiting",
        "blocks",
        "templates",
        "rates",
    ),
    2: ("plan",),
    3: (
        "accepting",
        "capturing",
        "steps",
        "answers",
        "pool_samples",
        "novelty",
        "never",
        "bundle",
        "measures",
        "ledgers",
        "columns",
        "lifecycle",
        "platform_looks",
        "rollback",
        "sittings",
        "event",
        "rivals",
        "following",
        "status_line",
        "promises",
        "states",
        "setting_up",
    ),
    4: ("judge", "report", "comparing", "what_if", "junit", "schemas", "notifying", "proof"),
    5: (
        "faults",
        "wire",
        "conversation",
        "leaving",
        "whole_files",
        "probe",
        "entity_lock",
        "evidence",
        "railway",
        "history",
        "github",
        "apprise_child",
    ),
    6: ("collectors",),
    7: ("linking", "session", "progress", "topping_up", "stages", "log_stage", "settling"),
    8: (
        "keeping",
        "captures",
        "cli",
        "opening",
        "sampling",
        "watching",
        "ending",
        "verdicts",
        "judging",
        "escalating",
        "after_verdict",
        "relay",
        "at_the_end",
        "job_output",
        "posts",
        "publishing",
        "github_setup",
        "sending",
        "told",
        "continuing",
        "ownership",
        "recollecting",
        "spreading",
        "gating",
        "sitting",
        "between_looks",
        "closing",
        "concluding",
        "proving",
        "run_file",
        "rescuing",
        "looking_again",
    ),
}
PURE = {name for number in (1, 2, 3, 4) for name in LEVELS[number]} | {"model", "errors", "faults"}
NEVER_TOGETHER = {
    "collectors": {"judge", "report", "bundle", "measures", "answers", "junit"},
    "judge": {"report", "collectors", "probe", "evidence"},
    "report": {"judge", "collectors", "probe", "evidence"},
    "proof": {"report", "collectors", "probe", "evidence"},
}
IMPURE_MODULES = {"os", "sys", "time", "pathlib", "subprocess", "random", "socket", "logging", "threading",
                  "shutil", "tempfile", "urllib.request"}  # fmt: skip
IMPURE_CALLS = {"open", "now", "today", "utcnow", "print", "input"}


def room(path):
    """The module's name at the top of the package: plan/reading.py lives in plan."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level(name):
    return next(number for number, names in LEVELS.items() if name in names)


def modules():
    return sorted(
        path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE
    )


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def test_every_module_has_a_level():
    assert {room(path) for path in modules()} == {name for names in LEVELS.values() for name in names}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    mine = room(path)
    for name in imports(path):
        if not name.startswith("deploy_verdict."):
            continue
        other = name.split(".")[1]
        assert other == mine or level(other) <= level(mine), f"{path.name} imports {name}"
        assert other not in NEVER_TOGETHER.get(mine, ()), f"{path.name} imports {name}"


def test_collectors_do_not_import_each_other():
    stages = {
        "deployment",
        "health",
        "e2e",
        "pools",
        "exercise",
        "floor",
        "top",
        "logs",
        "traffic",
        "metrics",
    }
    for path in (PACKAGE / "collectors").glob("*.py"):
        mine = path.stem.split("_")[0]
        for name in imports(path):
            if name.startswith("deploy_verdict.stages.context."):
                other = name.split(".")[2].split("_")[0]
                # Samples, the load and top-ups ask health checks; a drive takes a test's steps;
                # a restoring, both.
                asking = {("health", "pools"), ("health", "exercise"), ("health", "top")}
                shared = mine == "restoring" or (other, mine) in {*asking, ("e2e", "floor"), ("e2e", "top")}
                assert other == mine or other not in stages or shared, f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if room(path) in PURE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_pure_modules_touch_nothing(path):
    found = set(imports(path)) & IMPURE_MODULES
    assert not found, f"{path.name} imports {found}"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            assert name not in IMPURE_CALLS, f"{path.name}:{node.lineno} calls {name}"


def test_nothing_catches_everything():
    for path in [*modules(), *(ROOT / "scripts").glob("*.py"), *(ROOT / "demo").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                kinds = {getattr(kind, "id", None) for kind in ast.walk(node.type)} if node.type else {None}
                assert node.type, f"{path.name}:{node.lineno} catches everything"
                assert not kinds & {"Exception", "BaseException"}, (
                    f"{path.name}:{node.lineno} catches everything"
                )


WRITING = ("write_text", "write_bytes", "unlink", "rename", "mkstemp", "touch")


def test_files_are_written_in_one_place():
    """Whole or not at all; GITHUB_OUTPUT and the summary are GitHub's files, which steps append to."""
    for path in [*modules(), *(ROOT / "scripts").glob("*.py")]:
        if path.name in ("whole_files.py", "job_output.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                modes = [str(item.value) for item in node.args if isinstance(item, ast.Constant)]
                opens = node.func.attr == "open" and any(set(mode) & set("wax+") for mode in modes)
                found = opens or node.func.attr in WRITING
                assert not found, f"{path.name}:{node.lineno} writes: whole_files.py does that"


def test_modules_and_functions_stay_small():
    for path in [*modules(), *(ROOT / "demo").rglob("*.py")]:
        assert len(path.read_text().splitlines()) <= 250, f"{path.name} is too long"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < 45, (
                    f"{path.name}:{node.lineno} {node.name} is too long"
                )


def scripts():
    return sorted((ROOT / "scripts").glob("*.py"))


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_scripts_are_thin_and_shadow_nothing(path):
    assert path.stem not in sys.stdlib_module_names
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_help_teaches_from_any_directory(path, tmp_path):
    """`--help` is the script's own docstring, with an example command, and exits 0."""
    done = subprocess.run(
        [sys.executable, str(path), "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"scripts/{path.name}" in done.stdout
    assert done.stderr == ""


def loaded_by(path, *arguments):
    code = (
        "import runpy, sys\n"
        f"sys.argv = {[str(path), *arguments]!r}\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.splitlines()}


HEAVY = {
    "github",
    "jinja2",
    "tabulate",
    "rich",
    "junitparser",
    "numpy",
    "pandas",
    "dotenv",
    "nacl",
    "jwt",
    "apprise",
}


def test_the_sampler_loads_nothing_heavy(tmp_path):
    """A sitting of one reading runs in a job of its own, nine times per deployment: it must start fast."""
    plan = tmp_path / "plan.yml"
    plan.write_text(
        'version: 1\nname: x\nservice: {base_url: "http://127.0.0.1:1"}\n'
        "pools: [{name: p, get: /, used: $.a, limit: $.b, burst: {for: 1s, every: 1s}}]\n"
    )
    script = ROOT / "scripts" / "sample_pools.py"
    loaded = loaded_by(script, "--plan", str(plan), "--out", str(tmp_path / "out"), "--offset", "0m")
    assert (tmp_path / "out" / "evidence" / "pools.T+000.a1.json").exists()
    assert not loaded & HEAVY
    assert not loaded_by(script, "--help") & HEAVY
