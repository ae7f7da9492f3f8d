"""Watch a deployment through its complete window: `deploy-verdict watch`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "watch")
