"""Ask the plan's health checks once: `deploy-verdict sample health`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "sample", "health")
