"""Judge the evidence of a directory: `deploy-verdict judge`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "judge")
