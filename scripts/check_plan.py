"""Check a plan and say what it will do: `deploy-verdict check`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "check")
