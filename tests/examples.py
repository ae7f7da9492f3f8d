"""The number of examples of a property test: its own, or DEPLOY_VERDICT_EXAMPLES if that is larger."""

import os

ASKED = int(os.environ.get("DEPLOY_VERDICT_EXAMPLES") or 0)


def at_least(count):
    """The test's own number, or that of DEPLOY_VERDICT_EXAMPLES if it is larger."""
    return max(count, ASKED)
