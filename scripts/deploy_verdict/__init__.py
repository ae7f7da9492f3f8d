"""deploy-verdict: watches a deployment and says, with its evidence, whether the fix holds."""

__version__ = "0.1.0"
