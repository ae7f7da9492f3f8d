"""Receive Railway's webhook and start GitHub's workflow by repository_dispatch; a small server.

    RELAY_SECRET=... RELAY_GITHUB_TOKEN=... RELAY_REPOSITORY=owner/name \\
    RELAY_SERVICES=backend RELAY_ENVIRONMENTS=production python scripts/relay_webhook.py --port 8080

For services that deploy by `railway up` or from an image, which make no deployment event at GitHub.
The webhook's address is https://RELAY/hooks/SECRET; /healthz tells the counters. What was accepted is
kept in --database until GitHub has answered. docs/relay.md tells how to deploy it on Railway.
"""

import argparse
import logging
import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from deploy_verdict.cli import run
from deploy_verdict.errors import UsageError


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    port = os.environ.get("PORT", "8080")
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on (all)")  # noqa: S104
    parser.add_argument("--port", type=int, default=port, help="default: PORT, or 8080")
    parser.add_argument("--database", type=Path, default=Path("/data/relay.sqlite3"), help="SQLite file")
    options = parser.parse_args(arguments)
    try:
        import uvicorn  # noqa: PLC0415  # only this server needs it
    except ModuleNotFoundError as error:
        raise UsageError("the relay needs deploy/relay/requirements.txt installed") from error
    from deploy_verdict.relay.app import build_relay  # noqa: PLC0415
    from deploy_verdict.relay.dispatching import Dispatcher  # noqa: PLC0415
    from deploy_verdict.relay.settings import settings_from  # noqa: PLC0415
    from deploy_verdict.relay.store import Store  # noqa: PLC0415

    settings = settings_from(os.environ)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    with closing(Store(options.database)) as store:
        dispatcher = Dispatcher(store, settings)
        dispatcher.start()
        # uvicorn raises the signal once more when it has ended; by then there is only tidying up to do.
        signal.signal(signal.SIGTERM, lambda number, frame: None)
        # No access log: the secret may stand in the path.
        server = build_relay(settings, store, dispatcher)
        uvicorn.run(server, host=options.host, port=options.port, log_config=None, access_log=False)
        dispatcher.end()
    return 0


if __name__ == "__main__":
    run(main)
