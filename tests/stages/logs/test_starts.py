"""When the deployment of a log began, by its own lines."""

from datetime import timedelta

import pytest

from deploy_verdict.stages.logs.counting.starts import StartLines
from deploy_verdict.stages.logs.lines.source_lines import SourceLine
from tests.bundles import T0

MINUTE = timedelta(minutes=1)


def taken(*lines, regex=None):
    starts = StartLines(regex, T0)
    for minutes, text in lines:
        starts.add(SourceLine(text, T0 + timedelta(minutes=minutes)))
    return starts


@pytest.mark.parametrize(
    "text",
    [
        "INFO:     Started server process [1]",
        "INFO:     Application startup complete.",
        "[2026-02-02 12:00:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)",
        "Server listening on port 3000",
        "Example app listening on port 3000!",
        "[Nest] 1  - LOG [NestApplication] Nest application successfully started",
        "Started ShopApplication in 4.2 seconds (process running for 5)",
        "info: Microsoft.Hosting.Lifetime[14] Now listening on: http://[::]:8080",
        "* Listening on http://0.0.0.0:3000",
        "1:M 27 Nov 2026 09:12:44.123 * Ready to accept connections tcp",
    ],
)
def test_usual_servers_say_that_they_start(text):
    assert taken((-10, text)).began_at() == T0 - 10 * MINUTE


@pytest.mark.parametrize(
    "text", ['Started GET "/orders" for 10.0.0.1', "order started in store 7", "GET /start 200"]
)
def test_what_a_request_does_is_no_start(text):
    assert taken((-10, text)).began_at() is None


@pytest.mark.parametrize(
    ("minutes", "began"), [([-90, -10], -10), ([-12, -10, -9], -12), ([-10, 5], -10), ([5], None), ([], None)]
)
def test_the_last_start_before_t0_counts_with_all_of_its_processes(minutes, began):
    found = taken(*((at, "boot shop") for at in minutes), regex="boot shop").began_at()
    assert found == (None if began is None else T0 + began * MINUTE)


def test_lines_of_one_start_are_one():
    starts = taken(*((at, "Started server process [1]") for at in (1, 10, 10.2, 20, 40, 140)))
    assert starts.starts(T0 + 5 * MINUTE, T0 + 120 * MINUTE, MINUTE) == 3


def test_workers_are_counted_apart_and_begin_no_deployment():
    starts = taken(
        (-5, "[7] [INFO] Booting worker with pid: 7"), (30, "[7] [INFO] Booting worker with pid: 8")
    )
    whole = T0 - 60 * MINUTE, T0 + 120 * MINUTE, MINUTE
    assert (starts.began_at(), starts.starts(*whole), starts.starts(*whole, of_workers=True)) == (None, 0, 2)
