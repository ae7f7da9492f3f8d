"""The house: who may import whom, what is pure, where lists of stages stand, and what each script loads."""

import ast
import sys
from collections import defaultdict
from functools import cache

from deploy_verdict.stages.registry import STAGES, named
from tests.running import PACKAGE, ROOT, modules_loaded, tops

# In the order of the flow: a folder imports only those before it, and itself.
FOLDERS = (
    "base", "model", "stats", "redaction", "expect", "plan", "http", "evidence", "railway", "github",
    "markup", "stages", "verdict", "report", "window", "prove", "publish", "follow_up", "actions", "adopt",
    "relay", "cli",
)  # fmt: skip
# Data that everybody reads: it imports no other part of the package, and names functions by their path.
REGISTRY, ROW = "stages/registry.py", "stages/stage.py"
PURE_FOLDERS = {"model", "stats", "expect", "plan", "evidence", "markup", "verdict", "report"}
# The shell of a folder that is pure otherwise: it reads files.
NOT_PURE = {"prove/command.py"}
# A stage's folder that is judged under another name.
FOLDER_OF = {"exercise": "pools", "floor": "pools", "top_up": "exposure", "test_data": "writes"}
IMPURE_MODULES = {"os", "sys", "time", "pathlib", "subprocess", "random", "socket", "logging", "threading",
                  "shutil", "tempfile", "urllib.request"}  # fmt: skip
IMPURE_CALLS = {"open", "now", "today", "utcnow", "print", "input"}


@cache
def tree(path):
    return ast.parse(path.read_text())


@cache
def modules():
    return tuple(sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"))


def place(path):
    """stages/pools/judge.py, and the folder at the top."""
    relative = path.relative_to(PACKAGE)
    return relative.as_posix(), relative.parts[0] if len(relative.parts) > 1 else "cli"


@cache
def imports(path):
    """Every module that is imported at run time, wherever in the file."""
    found = []
    typing_only = {
        id(inner)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree(path)):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append(node.module)
    return tuple(found)


def ours(path):
    """What it imports of the package, as paths: stages.pools.judge."""
    prefix = "deploy_verdict."
    return [name.removeprefix(prefix) for name in imports(path) if name.startswith(prefix)]


def test_the_folders_are_those_of_the_flow():
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(
        FOLDERS
    )


def test_folders_import_only_those_above_them():
    for path in modules():
        name, folder = place(path)
        for other in ours(path):
            if other in ("stages.registry", "stages.stage"):
                continue
            top = other.split(".")[0]
            assert FOLDERS.index(top) <= FOLDERS.index(folder), f"{name} imports {other}"


def test_the_registry_imports_nothing_but_what_a_row_is():
    assert ours(PACKAGE / REGISTRY) == ["stages.stage"]
    assert ours(PACKAGE / ROW) == []


def test_a_stage_imports_another_only_where_the_registry_says_so():
    allowed = defaultdict(set)
    for stage in STAGES:
        folder = FOLDER_OF.get(stage.name, stage.name)
        allowed[folder] |= {FOLDER_OF.get(name, name) for name in stage.builds_on} | {folder}
    shared = {path.stem for path in (PACKAGE / "stages").glob("*.py")}
    for path in (PACKAGE / "stages").glob("*/**/*.py"):
        folder = path.relative_to(PACKAGE / "stages").parts[0]
        for other in ours(path):
            parts = other.split(".")
            if parts[0] == "stages" and len(parts) > 1 and parts[1] not in shared:
                assert parts[1] in allowed[folder], f"{place(path)[0]} imports {other}"


def test_collecting_and_judging_meet_only_in_files():
    """The modules that collect never import one that judges or reports, nor the other way round."""
    sides = {"collect": ("judge", "report"), "judge": ("collect", "report"), "report": ("collect",)}
    for path in (PACKAGE / "stages").glob("*/**/*.py"):
        side = next((side for side in sides if path.stem == side or path.stem.startswith(f"{side}_")), None)
        for other in ours(path) if side else ():
            last = other.split(".")[-1]
            is_other = any(last == name or last.startswith(f"{name}_") for name in sides[side])
            assert not (other.startswith("stages.") and is_other), f"{place(path)[0]} imports {other}"


def is_pure(path):
    name, folder = place(path)
    if name in NOT_PURE:
        return False
    of_stage = folder == "stages" and (path.stem.startswith("judge") or path.stem == "report")
    return folder in PURE_FOLDERS or folder == "prove" or of_stage or name in (REGISTRY, ROW)


def test_pure_modules_touch_nothing():
    for path in filter(is_pure, modules()):
        found = set(imports(path)) & IMPURE_MODULES
        assert not found, f"{place(path)[0]} imports {found}"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                assert name not in IMPURE_CALLS, f"{place(path)[0]}:{node.lineno} calls {name}"


def test_class_names_are_unique():
    places = defaultdict(list)
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(place(path)[0])
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_list_of_stages_but_the_registry():
    """Three names of stages in one tuple, list, set or dict are a list of stages, which soon lacks one."""
    known = {stage.name for stage in STAGES}
    for path in modules():
        if place(path)[0] == REGISTRY:
            continue
        for node in ast.walk(tree(path)):
            parts = getattr(node, "elts", None) or getattr(node, "keys", None)
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict) and parts:
                found = {part.value for part in parts if isinstance(part, ast.Constant)} & known
                assert len(found) < 3, f"{place(path)[0]}:{node.lineno} lists {sorted(found)}"


def test_rows_of_the_registry_name_functions_that_exist():
    for stage in STAGES:
        views = [section.view for section in stage.sections]
        for name in filter(None, (stage.collect, stage.judge, stage.requests, *views)):
            module, _, function = name.partition(":")
            path = PACKAGE / f"{module.replace('.', '/')}.py"
            defined = {node.name for node in tree(path).body if isinstance(node, ast.FunctionDef)}
            assert function in defined, f"{stage.name}: {name}"
        for section in stage.sections:
            assert (ROOT / "report_templates" / "report" / f"{section.template}.md.j2").is_file()
    assert named("pools").name == "pools"


def test_nothing_catches_everything():
    for path in [*modules(), *(ROOT / "scripts").glob("*.py"), *(ROOT / "demo").rglob("*.py")]:
        for node in ast.walk(tree(path)):
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
        if path.name in ("atomic_files.py", "job_summary.py"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                modes = [str(item.value) for item in node.args if isinstance(item, ast.Constant)]
                opens = node.func.attr == "open" and any(set(mode) & set("wax+") for mode in modes)
                found = opens or node.func.attr in WRITING
                assert not found, f"{path.name}:{node.lineno} writes: atomic_files.py does that"


def scripts():
    return sorted((ROOT / "scripts").glob("*.py"))


def test_each_script_is_one_verb_under_its_own_name():
    """It imports nothing but the command, and shadows no module of the library."""
    assert len(scripts()) == 9
    for path in scripts():
        assert list(imports(path)) == ["deploy_verdict.cli.command"], path.name
        assert path.stem not in sys.stdlib_module_names
        assert len(path.read_text().splitlines()) <= 7, path.name


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
    sampler = ROOT / "scripts" / "sample_pools.py"
    loaded = tops(
        modules_loaded(sampler, "--plan", str(plan), "--out", str(tmp_path / "out"), "--offset", "0m")
    )
    assert (tmp_path / "out" / "evidence" / "pools.T+000.a1.json").exists()
    assert not loaded & HEAVY
    assert not tops(modules_loaded(sampler, "--help")) & HEAVY


def test_the_commands_help_loads_no_verb():
    """Whoever asks for the list of verbs waits for no library but argparse."""
    loaded = tops(modules_loaded(PACKAGE, "--help"))
    assert "argparse" in loaded
    assert not loaded & {*HEAVY, "pydantic", "requests", "urllib3", "yaml", "argcomplete", "starlette"}
