"""Read the service's log of the window: `deploy-verdict sample logs`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "sample", "logs")
