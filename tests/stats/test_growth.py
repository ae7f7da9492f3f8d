"""GROWING, FLAT or not known: the rule of growth on both sides of each of its bounds."""

import pytest

from deploy_verdict.model import MetricsObservation, Outcome, Point, Series
from deploy_verdict.stats.growth import Block, grows, growth_of, harmful_rate
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, burst, loaded
from tests.plans import plan_of

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
POOL = (
    "pools: [{{name: redis, get: /s, used: $.used, limit: $.limit, burst: {{for: 10s, every: 1s}}, "
    "safe_for: {h}h}}]\n"
)
WOBBLE = (0, 1, 0, 2, 0, 1, 1, 2, 0, 1)


def plan_for(safe_for=6, window="{length: 2h, sample_every: 15m}"):
    return plan_of(f"window: {window}\n" + POOL.format(h=safe_for))


PLAN = plan_for()


def growth(levels, plan=PLAN, limit=20, beside=()):
    """The finding for bursts that wobble above these levels; None is a burst that was never taken."""
    files = [
        loaded(plan, "pools", [burst("redis", [level + w for w in WOBBLE], at, limit)], at)
        for at, level in zip(plan.window.offsets_s, levels, strict=True)
        if level is not None
    ]
    verdict = judge(bundle_of(plan, *files, *beside), judged_at=T0, tool_version="0")
    return next(item for item in verdict.findings if item.rule == "growth")


def blocks(levels, step_h=0.25):
    return tuple(
        Block(at_h=index * step_h, floor=level, mean=level + 1) for index, level in enumerate(levels)
    )


def test_a_level_pool_is_flat_and_says_what_it_could_have_seen():
    found = growth([2] * 9)
    assert found.outcome is PASS
    assert found.actual == (
        "+0.0 connections/h (+0.0 … +1.7); this window would have shown 2.1/h with 80 % probability; "
        "2.9/h would use up the 17 free within 6 h; traffic over time is not known; "
        "the first 15 min are left out as warm-up"
    )


def test_a_leak_grows_and_says_when_the_pool_is_full_as_a_range():
    found = growth([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert (found.outcome, found.severity) == (FAIL, "P2")
    assert found.actual.startswith(
        "connections in use (fewest at a time) rose from 2.0 to 9.0 in 1 h 45 min; if this continues, "
        "the pool will be full in about 1.4 to 5.7 h; "
    )
    assert "; statistics: Mann-Kendall p < 0.001, +4.0 connections/h (+1.9 … +7.5); " in found.actual


def test_filling_up_in_the_first_quarter_of_an_hour_is_warm_up():
    assert growth([0, 6, 6, 6, 6, 6, 6, 6, 6], limit=30).outcome is PASS


@pytest.mark.parametrize(("limit", "outcome"), [(13, OPEN), (14, PASS)])
def test_what_is_free_decides_how_much_must_be_excluded(limit, outcome):
    """At best 1.7 an hour are excluded: in 6 h that takes 10.3 connections. 2.8 are in use."""
    assert growth([2] * 9, limit=limit).outcome is outcome


@pytest.mark.parametrize(("safe_for", "outcome"), [(9, PASS), (11, OPEN)])
def test_a_longer_horizon_asks_for_more(safe_for, outcome):
    assert growth([2] * 9, plan=plan_for(safe_for)).outcome is outcome


def test_no_significant_growth_is_not_flat():
    found = growth([2, 6, 2, 5, 3, 6, 4, 5, 6])
    assert found.outcome is OPEN
    assert "cannot be excluded" in found.actual


def test_two_leaked_connections_are_not_flat_though_the_slope_alone_says_so():
    """The bound of the slopes lies below 2.4 an hour; that of the count does not."""
    seen = growth_of(blocks([2, 2, 2, 2, 2, 3, 2, 3]), counted=True)
    assert max(seen.floor.slope.high, seen.mean.slope.high) < seen.high
    uncounted = growth_of(blocks([2, 2, 2, 2, 2, 3, 2, 3]), counted=False)
    assert uncounted.high < 2.4 < growth_of(blocks([2, 2, 2, 2, 3, 3, 3, 3]), counted=True).high


def test_ties_are_no_certainty():
    level = growth_of(blocks([2] * 8), counted=True)
    assert (level.floor.slope.high, round(level.high, 2)) == (0, 1.71)


def test_significant_but_small_is_no_growth():
    small = growth_of(blocks([2 + 0.2 * n for n in range(8)]), counted=True)
    assert small.floor.p < 0.001
    assert small.p == 1.0


def test_a_rise_that_only_one_series_shows_is_no_growth():
    """The floor rises by two and the mean falls: counted together, nothing has leaked."""
    rows = [Block(at_h=n / 4, floor=1 + 0.4 * n, mean=9 - 0.4 * n) for n in range(8)]
    assert growth_of(rows, counted=True).p == 1.0


def test_three_blocks_show_nothing():
    assert growth_of(blocks([1, 5, 9]), counted=True) is None
    found = growth([2] * 3, plan=plan_for(window="{length: 1h, sample_every: 30m}"))
    assert (found.outcome, found.actual) == (
        OPEN,
        "2 blocks after the first 15 min cannot show a trend; it takes 4",
    )


@pytest.mark.parametrize(
    ("missing", "outcome"),
    [((3,), PASS), ((5,), PASS), ((3, 5), OPEN), ((8,), OPEN), ((0,), PASS), ((1,), PASS)],
)
def test_seven_of_nine_blocks_and_no_hole_at_the_end(missing, outcome):
    """Of the eight blocks after the warm-up, 7 are more than 7/9, and 6 are less."""
    levels = [None if number in missing else 2 for number in range(9)]
    assert growth(levels).outcome is outcome


def test_a_leak_is_seen_in_what_was_read_whatever_is_missing():
    assert growth([1, 2, 3, None, None, 6, 7, 8, 9]).outcome is FAIL


def test_before_the_windows_end_one_look_is_not_enough():
    """The last block alone makes it significant: at the end that counts, in between it does not."""
    barely, clearly = blocks([2, 3, 2, 5, 4, 6]), blocks([1, 2, 3, 4, 5, 6, 7])
    for seen, before_the_end in ((barely, False), (clearly, True)):
        found, before = growth_of(seen, counted=True), growth_of(seen[:-1], counted=True)
        assert grows(found.p, None)
        assert grows(found.p, before.p) is before_the_end


@pytest.mark.parametrize(
    ("next_look", "outcome"), [(None, OPEN), (8, FAIL)], ids=["one look", "two in a row"]
)
def test_a_pool_that_grew_by_its_last_look_alone_is_not_said_to(next_look, outcome):
    """The window's last look is still to come, or was lost."""
    found = growth([2, 2, 3, 2, 5, 4, 6, next_look, None])
    assert found.outcome is outcome
    assert ("the window's end could not be read" in found.actual) is (outcome is OPEN)


def test_several_pools_share_one_level():
    """A rise that is just significant alone is not so as one of two pools."""
    one = "{{name: {0}, get: /{0}, used: $.used, limit: $.limit, burst: {{for: 10s, every: 1s}}}}"
    plan = plan_of(
        f"window: {{length: 2h, sample_every: 30m}}\npools: [{one.format('a')}, {one.format('b')}]\n"
    )
    alone = plan_of(f"window: {{length: 2h, sample_every: 30m}}\npools: [{one.format('a')}]\n")

    def outcome(plan, names):
        files = [
            loaded(
                plan, "pools",
                [burst(name, [(level if name == "a" else 2) + w for w in WOBBLE], at) for name in names], at,
            )
            for at, level in zip(plan.window.offsets_s, (1, 2, 4, 6, 8), strict=True)
        ]  # fmt: skip
        verdict = judge(bundle_of(plan, *files), judged_at=T0, tool_version="0")
        return next(i for i in verdict.findings if (i.check, i.rule) == ("a", "growth")).outcome

    assert outcome(alone, "a") is FAIL
    assert outcome(plan, "ab") is OPEN


def test_a_full_pool_leaves_no_harmless_rate():
    assert harmful_rate(-1, 21600) == 0.0
    assert harmful_rate(18, 21600) == 3.0


def counts(per_minute, plan=PLAN):
    """Everybody's requests, by minute."""
    points = tuple(Point(offset_s=float(at), value=per_minute(at)) for at in range(0, 7201, 60))
    series = (Series(name="http_200", deployment=None, points=points),)
    return loaded(
        plan, "metrics", [MetricsObservation(start=T0, end=T0, every_s=60.0, series=series)], 7200.0
    )


def rising(at):
    return 100 * (1 + at / 7200)


def falling(at):
    return 200 - 100 * at / 7200


def test_growth_beside_rising_traffic_is_not_known():
    found = growth(range(1, 10), beside=[counts(rising)])
    assert found.outcome is OPEN
    assert "but traffic rose by 47 %, which may be why" in found.actual


def test_growth_beside_falling_traffic_is_growth():
    found = growth(range(1, 10), beside=[counts(falling)])
    assert found.outcome is FAIL
    assert "traffic fell by 34 %" in found.actual


@pytest.mark.parametrize("traffic", [rising, falling])
def test_a_level_pool_in_traffic_that_moved_is_not_known(traffic):
    assert growth([2] * 9, beside=[counts(traffic)]).outcome is OPEN


def test_level_traffic_is_told():
    found = growth([2] * 9, beside=[counts(lambda at: 100.0)])
    assert found.outcome is PASS
    assert "traffic stayed level" in found.actual
