"""Sends a message to people from a process of its own, with a time limit and no secrets except the addresses.

Apprise's logs and output may hold an address, so only an address's position and its service's name are
reported.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy_verdict.base.errors import NotificationError
from deploy_verdict.markup.labels import counted
from deploy_verdict.publish.notification import Message
from deploy_verdict.redaction.redactor import Redactor, is_secret

SCRIPTS = Path(__file__).resolve().parents[2]
# The time that the interpreter and Apprise need to start on a busy machine.
START_S = 20.0
_STATES = {
    "FAILURE": "refused it or is unreachable",
    "TIMEOUT": "timed out",
    "UNKNOWN": "is not an address that Apprise knows",
}


def send(
    addresses: tuple[str, ...], message: Message, *, total_s: float, environment: Mapping[str, str]
) -> None:
    """Send a message to all addresses within `total_s`; raise NotificationError if one failed."""
    order = {"addresses": addresses, "total_s": total_s}
    order |= {"title": message.title, "body": message.body, "kind": message.kind}
    try:
        done = subprocess.run(
            # -P: modules of the working directory must not shadow ours or Apprise's.
            [sys.executable, "-P", "-m", "deploy_verdict.publish.apprise_worker"],
            input=json.dumps(order),
            env=without_secrets(environment) | {"PYTHONPATH": str(SCRIPTS)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=total_s + START_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # Drops the cause, which holds the sender's output.
        raise NotificationError(f"notification not sent: timed out after {total_s:g} s") from None
    except OSError as error:
        raise NotificationError(f"notification not sent: {os.strerror(error.errno or 0)}") from error
    _check(done, len(addresses))


def redact_with(environment: Mapping[str, str], addresses: Sequence[str]) -> Callable[[str], str]:
    """Return a function that redacts secrets, including the addresses, from a message."""
    secrets = {f"DEPLOY_VERDICT_NOTIFY_{number}": item for number, item in enumerate(addresses)}
    return Redactor.from_environment({**environment, **secrets}).text


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without secrets, for a library of others; proxies stay."""
    return {name: value for name, value in environment.items() if not is_secret(name)}


def _check(done: "subprocess.CompletedProcess[str]", count: int) -> None:
    try:
        rows = [(int(row[0]), _name(row[1]), str(row[2])) for row in json.loads(_last_line(done.stdout))]
    except (IndexError, KeyError, TypeError, ValueError):
        raise NotificationError(f"notification not sent: the sender ended with {_crash(done)}") from None
    failed = [
        f"address {position} {f'({name}) ' if name else ''}{_STATES.get(state, 'was not notified')}"
        for position, name, state in rows
        if state != "SUCCESS"
    ]
    if failed:
        raise NotificationError(
            f"{len(failed)} of {counted(count, 'notification')} failed: {'; '.join(failed)}"
        )


def _crash(done: "subprocess.CompletedProcess[str]") -> str:
    """Return only the crash's name, as its message may hold an address."""
    match = re.match(r"[A-Za-z_.]{0,80}(?:Error|Exception|Exit|Interrupt)(?=:|$)", _last_line(done.stderr))
    return match.group() if match else f"exit code {done.returncode}"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def _name(text: str) -> str:
    """Return a service's name as Apprise gives it, or "" for anything but a short name."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9 .()-]{0,30}", text) else ""
