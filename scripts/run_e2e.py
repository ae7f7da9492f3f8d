"""Run the plan's E2E suite once: `deploy-verdict sample e2e`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "sample", "e2e")
