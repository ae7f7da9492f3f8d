"""How many examples a property is tried on: its test says so, or DEPLOY_VERDICT_EXAMPLES asks for more."""

import os

ASKED = int(os.environ.get("DEPLOY_VERDICT_EXAMPLES") or 0)


def at_least(count):
    """The test's own number, or the one that was asked for where it is larger."""
    return max(count, ASKED)
