"""Users who are turned away: what is usual passes, what is surely more fails, what nobody knows is open."""

import pytest

from deploy_verdict.evidence.answers.refusals import judge_refusals, judge_server_errors
from deploy_verdict.model import Outcome, PathAnswers, Severity

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def path(name="/orders", parts=(), **statuses):
    """Statuses as s200=100; `parts` as lists of such mappings."""
    counts = {key[1:]: count for key, count in statuses.items()}
    return PathAnswers(
        method="GET", path=name, requests=sum(counts.values()), statuses=counts, parts=tuple(parts)
    )


USUAL = [path(s200=480, s401=10, s404=10)]


@pytest.mark.parametrize(
    ("now", "before", "outcome", "severity"),
    [
        (path(s200=960, s401=20, s404=20), USUAL, PASS, None),
        (path(s200=900, s401=60, s404=20), USUAL, PASS, None),
        (path(s200=700, s401=300), USUAL, FAIL, Severity.P2),
        (path(s401=1000), USUAL, FAIL, Severity.P1),
        (path(s429=30), USUAL, FAIL, Severity.P1),
        (path(s200=700, s499=300), USUAL, FAIL, Severity.P2),
        (path(s409=1000), USUAL, PASS, None),
        # Few requests: nine of ten may be anybody's.
        (path(s200=1, s401=9), USUAL, PASS, None),
        (path(s401=1000), None, OPEN, None),
        (path(s401=1000), [], OPEN, None),
        (path(s200=950, s401=50), None, PASS, None),
        # A share that was as high before is no news.
        (path(s200=400, s401=600), [path(s200=200, s401=300)], PASS, None),
        (path(s200=100, s401=900), [path(s200=200, s401=300)], FAIL, Severity.P1),
    ],
)
def test_a_share_that_is_surely_higher_than_before_fails(now, before, outcome, severity):
    found = judge_refusals([now], before, {})
    assert (found.outcome, found.severity) == (outcome, severity), found.actual


def test_scanners_and_our_own_requests_are_nobody_turned_away():
    scanned = [path(s200=500), path("/wp-login.php", s404=60)]
    assert judge_refusals(scanned, [path(s200=250), path("/.env", s404=30)], {}).outcome is PASS
    own = {("GET", "/orders", "403"): 200}
    assert judge_refusals([path(s200=400, s403=200)], USUAL, own).outcome is PASS
    assert judge_refusals([path(s200=400, s403=200)], USUAL, {}).outcome is FAIL


def test_one_route_of_many_that_is_gone_fails():
    now = [path(s200=2000), path("/cart", s404=60, s200=2)]
    found = judge_refusals(now, [path(s200=900), path("/cart", s200=40)], {})
    assert found.outcome is FAIL
    assert (
        "60 of 62 (97 %) of the requests of others to GET /cart got 404; before the deployment 0 of 40"
        in found.actual
    )


def test_a_part_of_the_window_that_is_much_worse_than_the_rest_fails_though_nothing_is_known_of_before():
    parts = [{"200": 100}] * 7 + [{"200": 40, "401": 60}]
    now = path(s200=740, s401=60, parts=parts)
    found = judge_refusals([now], None, {})
    assert (found.outcome, "in part 8 of 8" in found.actual) == (FAIL, True)
    assert judge_refusals([path(s200=800, parts=[{"200": 100}] * 8)], None, {}).outcome is PASS


def test_a_rise_that_is_intended_is_allowed():
    assert judge_refusals([path(s200=500, s404=500)], USUAL, {}, may_rise=(404,)).outcome is PASS


# In one eighth of the window.
BURST = [{"200": 1400}] * 7 + [{"200": 60, "500": 40}]


@pytest.mark.parametrize(
    ("now", "before", "outcome", "severity"),
    [
        (path(s200=995, s500=5), USUAL, PASS, None),
        (path(s200=500, s500=250, s503=250), USUAL, FAIL, Severity.P1),
        (path(s200=950, s502=50), USUAL, FAIL, Severity.P2),
        (path(s200=950, s502=50), [path(s200=950, s502=50)], PASS, None),
        (path(s200=950, s502=50), None, OPEN, None),
        (path(s200=700, s500=300), None, OPEN, None),
        (path(s200=300, s500=700), None, FAIL, Severity.P1),
        (path(s200=9, s500=9), USUAL, PASS, None),
        (path(s200=9960, s500=40, parts=BURST), USUAL, FAIL, Severity.P2),
    ],
)  # fmt: skip
def test_server_errors_of_others_fail_where_they_are_surely_more_than_before(now, before, outcome, severity):
    found = judge_server_errors([now], before, {})
    assert (found.outcome, found.severity) == (outcome, severity), found.actual
    ours = {("GET", "/orders", status): count for status, count in now.statuses.items() if status >= "5"}
    assert judge_server_errors([now.model_copy(update={"parts": ()})], before, ours).outcome is PASS
