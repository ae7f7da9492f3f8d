"""The switches of the demo's Railway: read from words, and set while it runs."""

import sys
from contextlib import closing
from subprocess import run

import pytest
import requests

from demo.railway.switches import MEANINGS, Switches, switches_from


def test_every_switch_is_described():
    assert set(MEANINGS) == set(vars(Switches()))


def test_words_become_switches():
    made = switches_from(["retired=A.b,C.d", "no_locations", "skipped=3", "waking_s=0.5", "sleeping=listed"])
    assert (made.retired, made.no_locations, made.skipped) == ({"A.b", "C.d"}, True, 3)
    assert (made.waking_s, made.sleeping) == (0.5, "listed")


@pytest.mark.parametrize(
    "word", ["nonsense=1", "skipped=many", "skipped", "no_locations=1", "sleeping=deeply"]
)
def test_what_makes_no_sense_is_refused(railway, tmp_path, word):
    with pytest.raises(ValueError, match=r"."):
        switches_from([word])
    address = railway.url.replace("/graphql/v2", "/switches")
    with closing(requests.put(address, json=[word], timeout=10)) as answer:
        assert answer.status_code == 400


def test_one_that_is_unknown_ends_the_demo_with_usage(tmp_path):
    command = [sys.executable, "-m", "demo.serve", "--log", tmp_path / "log", "--railway", "nonsense"]
    done = run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "there is no switch 'nonsense'" in done.stderr) == (2, True)
