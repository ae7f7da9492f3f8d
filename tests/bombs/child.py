"""Send one client to bombs, in a process of its own: python -m tests.bombs.child CLIENT ADDRESS...

Prints one line of JSON per address: how the request ended, and the process's peak memory so far in MB.
"""

import json
import sys

sys.path.insert(0, "scripts")

from demo.github.hub import REPOSITORY
from demo.railway import ids
from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.expect import read_json
from deploy_verdict.github import Connection, GitHub
from deploy_verdict.http.probe import Probe
from deploy_verdict.plan.plan import MOST_BODY
from deploy_verdict.railway import RailwayClient, RailwayError, Token
from deploy_verdict.redaction.redactor import Redactor
from tests.matrix.child import Hurried, peak_mb


def railway(url):
    token = Token(value=ids.DEMO_TOKEN, kind="project", variable="RAILWAY_TOKEN")
    client = RailwayClient(token, clock=Hurried(), redactor=Redactor({"A_TOKEN": "a-secret-value"}), url=url)
    try:
        data = client.read("project_token", {})
    except RailwayError as error:
        return error.fault.kind, str(error)
    return "read", str(len(data))


def github(url):
    connection = Connection(repository=REPOSITORY, token="x", api_url=url, author="a", timeout_s=30.0)
    try:
        GitHub(connection, clock=WallClock()).destination(number=1, commit=None, key="k", title="t")
    except ProviderError as error:
        return type(error).__name__, str(error)
    return "read", ""


def service(url):
    """Return what `read_json` says of the first of three answers; all three are kept, as in a window."""
    told = []
    probe = Probe(base_url=url, timeout_s=30.0, max_body_bytes=MOST_BODY, clock=WallClock(),
                  redactor=Redactor({"A_TOKEN": "a-secret-value"}))  # fmt: skip
    for number in range(3):
        exchange = probe.ask("GET", f"/{number}")
        told.append(getattr(read_json(exchange.body or ""), "reason", "read"))
    return "reason", told[0]


if __name__ == "__main__":
    for address in sys.argv[2:]:
        kind, words = globals()[sys.argv[1]](address)
        print(json.dumps({"kind": kind, "words": words, "peak_mb": peak_mb()}))
