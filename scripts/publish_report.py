"""Post a judged window's report on GitHub: `deploy-verdict publish`, under its old name."""

from deploy_verdict.cli.command import script

if __name__ == "__main__":
    script(__file__, "publish")
