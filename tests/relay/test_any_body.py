"""Whatever is sent to the relay: never a crash, never an event without a deployment."""

import json
import re
import sqlite3

import pytest
import requests
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from tests.relay.process import SECRET, WITHIN_S, current, free_port, older, relay
from tests.relay.test_payload import ODD

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relay")
    # Nobody listens there: what is accepted stays.
    with relay(folder, f"http://127.0.0.1:{free_port()}") as started, requests.Session() as session:
        yield started, session
        started.kill()
        database = sqlite3.connect(folder / "x.sqlite3")
        rows = database.execute("SELECT deployment, payload FROM events").fetchall()
        database.close()
        assert rows
        for deployment, payload in rows:
            assert ID.fullmatch(deployment)
            assert json.loads(payload)["deployment"] == deployment


def nearly(deployment, parts):
    """A good payload with some parts replaced by anything."""
    return {**deployment, **parts}


IDENTITY = st.text(max_size=70) | st.text(alphabet="aB9-._", max_size=66) | st.just("a b") | ODD
NEAR = st.builds(
    nearly,
    st.builds(lambda identity: current(deployment=identity), IDENTITY)
    | st.builds(lambda identity: older(deployment=identity), IDENTITY),
    st.dictionaries(
        st.sampled_from(["type", "status", "resource", "details", "deployment", "meta"]), ODD, max_size=1
    ),
)
ANY = st.one_of(
    st.builds(lambda body: json.dumps(body).encode(), ODD | NEAR),
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"[" * 30_000,
            b'{"a":' * 9_000,
            b"9" * 6_000,
            b'{"type": NaN}',
            b"\xef\xbb\xbf{}",
            b"",
            b'"\\ud800"',
        ]
    ),
)


@example_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=ANY)
def test_any_body(running, body):
    started, session = running
    answer = session.post(f"{started.url}/hooks/{SECRET}", data=body, timeout=WITHIN_S)
    assert (answer.status_code, answer.json().get("state")) in {
        (200, "ignored"), (202, "accepted"), (202, "duplicate"), (400, None)
    }  # fmt: skip
