"""Inputs built to be slow or to grow: each as large as its reader accepts, or small and expanding."""

import json

_PLAN = 249_000
_HEAD = b'version: 1\nname: x\nservice: {base_url: "http://x"}\n'
_LAUGHS = b"".join(
    b"a%d: &a%d [%s]\n" % (number, number, b",".join([b"*a%d" % (number - 1)] * 9)) for number in range(1, 9)
)
_ROW = {"stage": "health", "check": "x", "observations": [{}] * 9}


def _plans():
    return {
    "values": b"- a\n" * (_PLAN // 4),
    "flow": b"[" + b"1," * (_PLAN // 2 - 2) + b"1]",
    "deep": b"[" * _PLAN,
    "deep and few": b"[" * 5_000,
    "deep mappings": b"{a: " * (_PLAN // 4),
    "billion laughs": b"a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + _LAUGHS,
    "keys": b"".join(b"k%d: 1\n" % number for number in range(20_000)),
    "one text": b'a: "' + b"x" * (_PLAN - 6) + b'"',
    "escapes": b'"' + b"\\" * (_PLAN - 2) + b'"',
    "line ends": b"\n" * _PLAN,
    "comments": b"#\n" * (_PLAN // 2),
    "digits": b"1" * _PLAN,
    "octal": b"a: 0" + b"7" * (_PLAN - 9) + b"x",
    "base 60": b"a: 1" + b":1" * (_PLAN // 2 - 9) + b"x",
    "variables": b'a: "' + b"${" * (_PLAN // 2 - 9) + b'"',
    "many mistakes": _HEAD + b"health:\n" + b"- {nme: x, get: /}\n" * 3200,
    "many criteria": _HEAD + b"criteria:\n" + b"- {name: x, findings: [y]}\n" * 2400,
    "many lines": _HEAD + b"health: [{name: x, get: /, expect: {"
    + b", ".join(b"$.a%d: 1" % number for number in range(4900)) + b"}}]\n",
}  # fmt: skip


_EVIDENCE = 4 * 1024 * 1024


def _evidence():
    return {
    "empty objects": b"[" + b"{}," * (_EVIDENCE // 3) + b"{}]",
    "deep": b"[" * _EVIDENCE,
    "deep and few": b"[" * 200_000,
    "numbers": b"[" + b"1.5," * (_EVIDENCE // 4) + b"1]",
    "observations": json.dumps({"schema": "deploy-verdict/evidence/1", **_ROW}).encode()[:-2]
    + b", {}" * (_EVIDENCE // 4) + b"]}",
    "digits": b"1" * 200_000,
    "one text": b'{"schema": "' + b"x" * _EVIDENCE + b'"}',
}  # fmt: skip


_LOG = 1_000_000


def _logs():
    return {
        "empty objects": b"{" + b'"a":{},' * 9_000 + b'"b":1}\n',
        "deep": b'{"a":' * 12_000 + b"\n",
        "deep attributes": json.dumps({"attributes": [{"key": "k", "value": "[" * 30_000}]}).encode() + b"\n",
        "no line end": b"x" * _LOG,
        "spaces": b" " * _LOG,
        "line ends": b"\n" * (_LOG // 10),
        "digits": b"1" * 60_000 + b"\n",
        "times": b"2026-02-02T12:00:01Z ERROR x\n" * (_LOG // 300),
        "escapes": b"\x1b[" * 30_000 + b"\n" + b"\x1b]" * 30_000 + b"\n",
        "tracebacks": b"Traceback (most recent call last):\n  File 'x'\n" * 2_000,
    }


_BODY = 64 * 1024


def _events():
    return {
        "empty objects": b"[" + b"{}," * (_BODY // 3 - 2) + b"{}]",
        "deep": b"[" * _BODY,
        "deep mappings": b'{"a":' * (_BODY // 5),
        "digits": b"9" * _BODY,
        "type": b'{"resource": {}, "type": "' + b"." * (_BODY - 40) + b'"}',
        "too large": b" " * (_BODY + 1),
    }


BOMBS = {"plan": _plans, "evidence": _evidence, "log": _logs, "relay": _events}
