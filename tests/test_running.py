"""A script forked from the preloaded process behaves as one that was started anew."""

import pytest

from tests import running

PROBE = """\
import atexit, json, os, signal, sys
atexit.register(print, "at exit")
shown = {"argv": sys.argv, "cwd": os.getcwd(), "path": sys.path[0], "environment": dict(os.environ)}
print(json.dumps(shown, sort_keys=True), sys.stdin.read(), __name__)
print("told", file=sys.stderr)
match sys.argv[1]:
    case "ends": pass
    case "exits": sys.exit(7)
    case "says why": sys.exit("the reason")
    case "is killed": os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def probe(tmp_path, monkeypatch):
    running._preloaded()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "probe.py").write_text(PROBE)
    monkeypatch.setattr(running, "ROOT", tmp_path)

    def run(*arguments, fresh):
        monkeypatch.setattr(running, "FRESH", fresh)
        done = running.script("probe", *arguments, cwd=tmp_path / "scripts", environment={"ONE": tmp_path})
        return done.args, done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize("way", ["ends", "exits", "says why", "is killed"])
def test_it_is_the_same(probe, way):
    assert probe(way, fresh=False) == probe(way, fresh=True)


def test_a_crash_is_told(monkeypatch):
    """Its traceback has the frames of who forked it above its own."""
    monkeypatch.setattr(running, "FRESH", False)
    monkeypatch.setattr(running, "program", lambda name: [str(running.ROOT / "scripts" / f"{name}.py")])
    done = running.script("no_such_script")
    assert (done.returncode, done.stderr[:9]) == (1, "Traceback")


def test_nothing_of_one_script_is_left_for_the_next(probe):
    assert probe("ends", fresh=False) == probe("ends", fresh=False)
