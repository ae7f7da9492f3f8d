"""The tracer of `make rooms` counts what a reading passes, and nothing that is only imported."""

from tests.rooms import STEPS, lines, traced


def test_every_step_passes_its_own_modules_and_no_others():
    passed = traced()
    assert list(passed) == list(STEPS)
    everywhere = {path for modules in passed.values() for path in modules}
    assert "stages/pools/collect.py" in passed["sample pools"]
    assert "stages/pools/judge.py" in set(passed["judge"]) - set(passed["sample pools"])
    assert "stages/pools/report.py" in set(passed["publish --dry-run"]) - set(passed["judge"])
    # Imported by every step, for the models of sections that this plan does not have.
    assert "plan/sections/e2e.py" not in everywhere
    assert not [path for path in everywhere if path.startswith(("github/", "/"))]


def test_the_total_counts_a_module_once():
    shown = list(
        lines({"open": ["base/clock.py", "plan/plan.py"], "judge": ["base/clock.py", "__init__.py"]})
    )
    assert "open: 2 modules in 2 folders" in shown
    assert "in total: 3 modules in 3 folders" in shown
    assert "  base                   1  clock" in shown
