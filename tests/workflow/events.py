"""Events for the gate: GitHub's own example payload, and the variant that Railway sends.

deployment_status.json is from the npm package @octokit/webhooks-examples 7.6.1 (MIT, repository
octokit/webhooks), api.github.com/index.json, deployment_status, fourth example.
"""

import json
from pathlib import Path

EXAMPLE = Path(__file__).with_name("deployment_status.json")
LABEL = "zeues / production"


def railway_event(commit, *, label=LABEL, state="success", creator="railway-app[bot]"):
    """GitHub's example with the values seen in an event of Railway's."""
    event = json.loads(EXAMPLE.read_text())
    dashboard = "https://railway.com/project/p?environmentId=e"
    event["deployment"] |= {
        "sha": commit,
        "ref": commit,
        "environment": label,
        "payload": {"environmentId": "e"},
    }
    event["deployment"]["original_environment"] = label
    event["deployment"]["creator"] |= {"login": creator, "type": "Bot"}
    event["deployment_status"] |= {"state": state, "environment": label, "environment_url": dashboard}
    event["deployment_status"] |= {"target_url": dashboard, "log_url": dashboard}
    event["sender"] |= {"login": creator}
    return event


def dispatch_event(**payload):
    """A repository_dispatch as the relay sends it (docs/guide/relay.md)."""
    return {"action": "deployment-verify", "client_payload": payload}
