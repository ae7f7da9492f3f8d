"""Draft a plan from what a live service answers: health, OpenAPI document, pools; at most 40 lines.

    deploy-verdict init https://service.example.com
    deploy-verdict init http://localhost:8000 --out plan.yml --log service.log --yes

Asks about fifty addresses at which services usually tell how they are, each once, with GET. Each line of the
draft held when it was written. What could not be found is said. In a terminal three questions come
first; their answers are options too, and --yes asks none.

Exit codes: 0 the plan is written, 2 wrong usage, or the file is there, 3 the service does not answer.
"""

import argparse
import os
import re
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deploy_verdict.base.errors import ProviderError, UsageError

if TYPE_CHECKING:
    from deploy_verdict.adopt.survey import Survey

LAST_LINES = 5000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add = parser.add_argument
    add("url", metavar="URL", help="the service's address")
    words = "where the plan is written (verification.yml); - prints it"
    add("--out", default="verification.yml", metavar="FILE", help=words)
    add("--force", action="store_true", help="replace the file that is there")
    add("--name", metavar="NAME", help="the service's name (its host)")
    add("--log", type=Path, metavar="FILE", help="the service's log file")
    add("--railway", action="store_true", help="the service runs on Railway: log, traffic and deployment")
    add(
        "--header",
        action="append",
        default=[],
        metavar="NAME: VALUE",
        help="sent with each request, as it is to stand in the plan: 'Authorization: Bearer ${API_TOKEN}'",
    )
    add("--yes", action="store_true", help="ask nothing, take the options as they are")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    from deploy_verdict.adopt.plan_draft import Wishes, drafted  # noqa: PLC0415  # --help needs none of it
    from deploy_verdict.adopt.release import release_source  # noqa: PLC0415
    from deploy_verdict.base.atomic_files import write_complete  # noqa: PLC0415
    from deploy_verdict.plan import checked_address, read_plan  # noqa: PLC0415

    try:
        address = checked_address(options.url if "://" in options.url else f"http://{options.url}")
    except ValueError as error:
        raise UsageError(f"init: {error}") from error
    out = Path(options.out)
    if options.out != "-" and out.exists() and not options.force:
        raise UsageError(f"{out} is there already — choose another --out, or replace it with --force")
    if sys.stdin.isatty() and not options.yes:
        _ask(options)
    headers = dict(_header(text) for text in options.header)
    seen = _surveyed(address, headers, options.log)
    source = release_source()
    schema = f"https://raw.githubusercontent.com/{source.repository}/{source.commit}/schemas/plan.schema.json"
    wishes = Wishes(
        base_url=address,
        name=options.name or _host_name(address),
        is_on_railway=options.railway,
        log=str(options.log) if options.log else None,
        headers=headers,
        schema_url=schema if all(source) else None,
    )
    draft = drafted(seen, wishes)
    # Never write a plan that its own check refuses.
    read_plan(draft.text.encode(), str(out), {**os.environ, **_set_for_reading(headers)}, "2026-01-01")
    if options.out == "-":
        print(draft.text, end="")
    else:
        write_complete(out, draft.text)
    _tell(draft.found, draft.not_found, str(out), address, options.log)
    return 0


def _tell(
    found: tuple[str, ...], not_found: tuple[str, ...], out: str, address: str, log: Path | None
) -> None:
    """Print what was found to stderr, as the plan may go to stdout."""
    lines = ["found:", *(f"  ✓ {text}" for text in found or ("an address that answers",))]
    lines += ["not found:", *(f"  – {text}" for text in not_found)]
    if out != "-":
        logs = f" --logs {log}" if log else ""
        lines += [
            f"{out} is written. Next:",
            f"  deploy-verdict doctor {out}",
            f"  deploy-verdict watch --plan {out} --out out/first --speed 120{logs}   # a rehearsal",
            f"  deploy-verdict adopt --plan {out}   # after each deployment, on GitHub",
        ]
    print("\n".join(lines), file=sys.stderr)


def _surveyed(address: str, headers: dict[str, str], log: Path | None) -> "Survey":
    from deploy_verdict.adopt.survey import CONTROL, survey  # noqa: PLC0415
    from deploy_verdict.base.clock import WallClock  # noqa: PLC0415
    from deploy_verdict.http.probe import Probe  # noqa: PLC0415
    from deploy_verdict.plan.plan import MOST_BODY  # noqa: PLC0415
    from deploy_verdict.plan.reading.reader import fill  # noqa: PLC0415
    from deploy_verdict.redaction.output_guard import guard  # noqa: PLC0415
    from deploy_verdict.redaction.redactor import Redactor  # noqa: PLC0415
    from deploy_verdict.window.sampling.signals import stop_on_signals  # noqa: PLC0415

    try:
        sent = {name: fill(value, os.environ, "") for name, value in headers.items()}
    except ValueError as error:
        raise UsageError(f"--header: {error}") from error
    guard(os.environ, tuple(sent.items()))
    probe = Probe(
        base_url=address,
        timeout_s=5.0,
        max_body_bytes=MOST_BODY,
        clock=WallClock(stop_on_signals()),
        redactor=Redactor.from_environment(os.environ, tuple(sent.items())),
        headers=sent,
    )
    seen = survey(lambda path: probe.ask("GET", path), lambda: _last_lines(log))
    control = seen.answers[CONTROL]
    if control.status is None:
        why = control.fault.detail if control.fault else "no answer"
        raise ProviderError(f"{address} does not answer: {why} — start the service, or correct the address")
    return seen


def _last_lines(log: Path | None) -> tuple[str, ...]:
    if log is None:
        return ()
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return tuple(deque(file, LAST_LINES))
    except OSError as error:
        raise UsageError(f"--log {log}: cannot be read ({error.strerror})") from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()) or not value.strip():
        raise UsageError(f"--header {name}: write NAME: VALUE, such as 'X-API-Key: ${{API_KEY}}'")
    return name.strip(), value.strip()


def _set_for_reading(headers: dict[str, str]) -> dict[str, str]:
    """Return values for the variables that the headers name, so that the draft can be read."""
    names = (name for value in headers.values() for name in re.findall(r"\$\{(\w+)", value))
    return {name: os.environ.get(name, "") or "set" for name in names}


def _host_name(address: str) -> str:
    host = urlsplit(address).hostname or "service"
    return "service" if re.fullmatch(r"localhost|[\d.]+|\[?[0-9a-f:]+\]?", host) else host.split(".")[0]


def _ask(options: argparse.Namespace) -> None:
    """Ask three questions; an empty answer is the value in brackets."""

    def answer(question: str, default: str) -> str:
        print(f"{question} [{default}] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip() or default

    address = options.url if "://" in options.url else f"http://{options.url}"
    options.name = options.name or answer("The service's name?", _host_name(address))
    if not options.railway and not options.log:
        options.railway = answer("Does it run on Railway? y/n", "n").lower().startswith("y")
    if not options.railway and not options.log:
        named = answer("Its log file, if there is one here?", "none")
        options.log = None if named == "none" else Path(named)
