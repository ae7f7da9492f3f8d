"""JSON that grows when it is read stays below 200 MB, from Railway, GitHub and the service, and is told."""

import json
import subprocess
import sys

import pytest

from tests.fuzz.limits import MOST_MB
from tests.running import ROOT, scrubbed
from tests.servers import answers, raw_server

SIZES = {"railway": 4_990_000, "github": 8_000_000, "service": 2_000_000}
HEADS = {"railway": b'{"data": {"projectToken": {"a": %s}}}', "github": b'{"a": %s}', "service": b'{"a": %s}'}
TOO_MANY = "values, which is too many"


def filled(piece, size):
    return b"[" + piece * (size // len(piece)) + b"0]"


BOMBS = {
    "empty objects": lambda size: filled(b"{},", size),
    "empty lists": lambda size: filled(b"[],", size),
    "objects of one": lambda size: filled(b'{"a":1},', size),
    "numbers": lambda size: filled(b"1.5,", size),
    "short texts": lambda size: filled(b'"ab",', size),
    "keys": lambda size: b'{"x":0' + b"".join(b',"%x":0' % number for number in range(size // 12)) + b"}",
    "half a text": lambda size: b'"' + b'\\",' * (size // 3),
}
# What is no bomb, only as large and as wide as it may be: one character of four bytes makes all of them wide.
WIDE = {
    "one text of commas": lambda size: b'["' + b"{," * (size // 2 - 10) + b'"]',
    "one text": lambda size: '["😀'.encode() + b"x" * (size - 20) + b'"]',
    "and many values": lambda size: (
        '["😀'.encode() + b"x" * (size - 800_000) + b'"' + b',{"a":1}' * 33_000 + b"]"
    ),
}


def came_of(client, bodies):
    """What came of each body in turn, in one process."""

    def converse(connection, head, stop):
        number = int(head.split(b"/bomb-")[1][:2])
        body = HEADS[client] % bodies[number](SIZES[client])
        answers(body=body, headers=["Content-Type: application/json"])(connection, head, stop)

    with raw_server(converse) as url:
        addresses = [f"{url}/bomb-{number:02d}" for number in range(len(bodies))]
        command = [sys.executable, "-m", "tests.bombs.child", client, *addresses]
        done = subprocess.run(command, cwd=ROOT, env=scrubbed(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# GitHub's answers go through the same reader as Railway's, whose are the largest that are read.
SOME = ("empty objects", "keys", "half a text")


def shortly(client):
    return pytest.param(client, marks=[] if client == "railway" else pytest.mark.complete)


@pytest.mark.parametrize(
    ("client", "names"),
    [
        ("service", SOME),
        ("railway", SOME[:1]),
        *(pytest.param(client, tuple(BOMBS), marks=pytest.mark.complete) for client in SIZES),
    ],
)
def test_a_bomb_is_a_typed_fault_and_takes_no_memory(client, names):
    for name, told in zip(names, came_of(client, [BOMBS[name] for name in names]), strict=True):
        assert told["peak_mb"] < MOST_MB, name
        assert TOO_MANY in told["words"] or name == "half a text", told
        assert told["kind"] == {"railway": "protocol", "github": "ProviderError", "service": "reason"}[client]


@pytest.mark.parametrize("client", [shortly(client) for client in SIZES])
def test_what_is_as_large_and_wide_as_it_may_be_is_read(client):
    for name, told in zip(WIDE, came_of(client, list(WIDE.values())), strict=True):
        assert told["peak_mb"] < MOST_MB, name
        assert TOO_MANY not in told["words"], told
