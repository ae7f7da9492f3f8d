"""Count the modules that one reading passes from YAML to comment, with a tracer: `make rooms`.

Opens, samples, judges and publishes a plan of one pool and nothing else (as a dry run: without github/), each
in a process of its own. A module counts if one of its functions runs while the command works; what runs while
a module is imported (decorators, constants) does not, as no reading passes there.
"""

import argparse
import json
import runpy
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path

from demo.http_handler import Handler

ROOT = Path(__file__).resolve().parents[1]
AIM = 35
PLAN = """\
version: 1
name: one-pool
service: {{base_url: "{base_url}"}}
window: {{length: 10m, sample_every: 10m}}
pools: [{{name: redis, get: /stats, used: $.used, limit: $.limit, burst: {{for: 200ms, every: 200ms}}}}]
"""
STEPS = {
    # Sped up, as a sample may be some real seconds late: the machine decides when the next process starts.
    "open": ["deploy_verdict", "open", "--speed", "600"],
    "sample pools": ["sample_pools.py"],
    "judge": ["judge_evidence.py"],
    "publish --dry-run": ["publish_report.py", "--dry-run"],
}
# judge exits with its outcome: stable, or inconclusive, because two samples show no trend.
ENDINGS = {0, 10, 12}


class Stats(Handler):
    """A pool of eight connections, three of them in use."""

    def do_GET(self):
        body = b'{"used": 3, "limit": 8}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Suppress the access log."""


@contextmanager
def served() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Stats) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def traced(tree: Path = ROOT) -> dict[str, list[str]]:
    """The modules that each step passes, as paths in the package of `tree`."""
    passed = {}
    with tempfile.TemporaryDirectory() as name, served() as base_url:
        folder = Path(name)
        plan, found = folder / "plan.yml", folder / "modules.json"
        plan.write_text(PLAN.format(base_url=base_url))
        for step, (script, *more) in STEPS.items():
            # With -m, because running the file would put tests/ first on the path, where its http/ hides the
            # library's.
            command = [
                sys.executable,
                "-m",
                "tests.rooms",
                "--into",
                str(found),
                str(tree / "scripts" / script),
            ]
            command += [*more, "--plan", str(plan), "--out", str(folder / "out")]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode not in ENDINGS:
                raise RuntimeError(f"{step} ended with {done.returncode}: {done.stderr}")
            passed[step] = [path for path in json.loads(found.read_text()) if not path.startswith("github/")]
    return passed


def trace(script: Path, arguments: list[str], into: Path) -> None:
    """Run a script or the package as __main__ in this process, and write which of its modules it passed."""
    package = f"{script.parent / 'deploy_verdict'}/"
    # The script's folder instead of this file's, whose tests/github would hide PyGithub.
    sys.path[0] = str(script.parent)
    sys.argv = [str(script), *arguments]
    modules: set[str] = set()

    def on_call(frame, event, _):
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(package) and path not in modules and not _imports(frame):
            modules.add(path)

    threading.setprofile(on_call)
    sys.setprofile(on_call)
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.setprofile(None)
        into.write_text(json.dumps(sorted(path.removeprefix(package) for path in modules)))


def _imports(frame) -> bool:
    """Whether this frame runs for an import: a module's body, or what it calls."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def lines(passed: dict[str, list[str]]) -> Iterator[str]:
    """The lines to print: the modules of each step and the total, by folder."""
    total = sorted({module for modules in passed.values() for module in modules})
    for step, modules in {**passed, "in total": total}.items():
        folders = Counter(str(Path(module).parent) for module in modules)
        yield f"{step}: {len(modules)} modules in {len(folders)} folders"
        for folder in sorted(folders):
            names = [Path(module).stem for module in modules if str(Path(module).parent) == folder]
            yield f"  {folder:<20} {len(names):3}  {' '.join(names)}"
    yield f"aim: at most {AIM} modules in total"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tree", type=Path, default=ROOT, help="another clone (default: this one)")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into:
        trace(Path(options.command[0]), options.command[1:], options.into)
    else:
        print("\n".join(lines(traced(options.tree.resolve()))))


if __name__ == "__main__":
    main()
