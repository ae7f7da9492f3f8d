"""Sends notifications in a process of its own, the only one that loads Apprise; delivery.py runs it.

Apprise waits for a service that answers drop by drop even past its own limit, so this process exits without
joining its threads. delivery.py discards all output except the results.
"""

import json
import os
import sys

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

TAG = "deploy-verdict-"


def main() -> None:
    """Read the order from stdin, send it, and print one [position, service, state] for each address."""
    order = json.load(sys.stdin)
    asset = AppriseAsset(app_id="deploy-verdict", app_desc="deploy-verdict", app_url="", secure_logging=True)
    sender = Apprise(asset=asset)
    results = {}
    for position, address in enumerate(order["addresses"], start=1):
        if sender.add(address, tag=f"{TAG}{position}"):
            results[f"{TAG}{position}"] = (position, "", "FAILURE")
        else:
            results[f"{TAG}{position}"] = (position, "", "UNKNOWN")
    if len(sender):
        sent = sender.notify(
            title=order["title"],
            body=order["body"],
            notify_type=NotifyType(order["kind"]),
            body_format=NotifyFormat.TEXT,
            interpret_escapes=False,
            timeout=order["total_s"],
        )
        for result in sent:
            for tag in results.keys() & set(result.tag):
                results[tag] = (results[tag][0], result.name, result.status.name)
    print(json.dumps(list(results.values())), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
