"""What a window can prove of a pool is said before the window."""

import pytest

from deploy_verdict.base.errors import PlanError
from deploy_verdict.plan.checks.horizon import horizons
from deploy_verdict.plan.checks.preview import preview, preview_lines
from tests.plans import plan_of

HEALTH = "health: [{{name: stats, get: {path}, expect: {{$.max: {max}}}}}]\n"
POOL = "window: {window}\npools: [{{name: redis, get: /stats, used: $.used, limit: $.max, safe_for: {h}}}]\n"
TWO_HOURS = "{length: 2h, sample_every: 15m}"


def plan_for(h="6h", window=TWO_HOURS, path="/stats", size="{equals: 20}"):
    return plan_of(HEALTH.format(path=path, max=size) + POOL.format(window=window, h=h))


def prove(plan):
    return next(line for line in preview_lines(plan, preview(plan)) if line.startswith("  prove"))


def test_the_preview_says_how_much_must_be_free():
    """3.0 × 6 h / 1.75 h is 10.3."""
    assert prove(plan_for()) == "  prove        that redis lasts 6 h, if at least 11 connections are free"


@pytest.mark.parametrize("window", ["{length: 2h, sample_every: 40m}", "{length: 30m, sample_every: 10m}"])
def test_a_window_of_too_few_blocks_proves_nothing(window):
    assert "too few, so the verdict is inconclusive at best" in prove(plan_for(window=window))


def test_a_horizon_that_no_reading_could_prove_is_refused_at_its_place():
    with pytest.raises(PlanError) as error:
        plan_for(h="12h")
    assert str(error.value).startswith(
        "p.yml:6:74: this window cannot prove 12 h, not even for an idle pool of 20: 1 h 45 min "
        "without a leak exclude only more than 1.7 an hour — write 11 h 30 min or less, or watch for "
        "2 h 15 min or more, or drive requests with return_to_floor"
    )


@pytest.mark.parametrize(
    ("h", "window"), [("11h30m", TWO_HOURS), ("12h", "{length: 2h15m, sample_every: 15m}")]
)
def test_what_the_message_proposes_is_taken(h, window):
    assert plan_for(h=h, window=window)


def test_the_default_horizon_is_checked_too():
    with pytest.raises(PlanError, match="cannot prove 6 h"):
        plan_of(
            HEALTH.format(path="/stats", max="10")
            + "pools: [{name: redis, get: /stats, used: $.used, limit: $.max}]\n"
        )


@pytest.mark.parametrize(
    "change", [{"path": "/other"}, {"size": "{above: 5}"}, {"size": "{type: integer}"}, {"size": "true"}]
)
def test_a_size_that_the_plan_does_not_know_refuses_nothing(change):
    plan = plan_for(h="12h", **change)
    assert next(horizons(plan)).size is None
    assert "if at least 21 connections are free" in prove(plan)
