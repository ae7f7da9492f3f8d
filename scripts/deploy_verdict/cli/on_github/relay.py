"""Receive Railway's webhook and start GitHub's workflow by repository_dispatch; a small server.

    RELAY_SECRET=... RELAY_GITHUB_TOKEN=... RELAY_REPOSITORY=owner/name \\
    RELAY_SERVICES=backend RELAY_ENVIRONMENTS=production deploy-verdict relay --port 8080

For services that deploy by `railway up` or from an image, which make no deployment event at GitHub.
The webhook's address is https://RELAY/hooks/SECRET; /healthz tells the counters. What was accepted is
kept in --database until GitHub has answered; on Railway it does not start without a volume for it.
docs/guide/relay.md tells how to deploy it there.

Exit codes: 0 ended by a signal; 2 wrong usage or variables; 3 the database or the port cannot be used.
"""

import argparse
import os
import sys
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.relay.settings import event_place, settings_from


def port_number(text: str) -> int:
    """Parse a port, for argparse."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port — write a number from 1 to 65535")
    return int(text)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    port = os.environ.get("PORT") or "8080"
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on (all)")  # noqa: S104
    parser.add_argument("--port", type=port_number, default=port, help="default: PORT, or 8080")
    words = "SQLite file (default: relay.sqlite3 in RAILWAY_VOLUME_MOUNT_PATH, else in /data)"
    parser.add_argument("--database", type=Path, metavar="FILE", help=words)


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    settings, kept = settings_from(os.environ), event_place(os.environ, options.database)
    try:
        from deploy_verdict.relay.server import log_to, serve  # noqa: PLC0415  # only this needs a server
    except ModuleNotFoundError as error:
        install = "install deploy-verdict[relay], or deploy/relay/requirements.txt"
        raise UsageError(f"{error.name} is missing — {install}") from error
    redactor = Redactor({"RELAY_GITHUB_TOKEN": settings.token, "RELAY_SECRET": settings.secret})
    log_to(sys.stderr, redactor)
    serve(settings, redactor, kept, options.host, options.port)
    return 0
