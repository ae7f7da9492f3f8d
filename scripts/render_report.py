"""Render the report of a judged directory: `deploy-verdict report`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "report")
