"""Sample the plan's pools: `deploy-verdict sample pools`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "sample", "pools")
