"""Fills in the workflow files of a service's repository from the templates in docs/adopt. Pure."""

import re
from collections.abc import Iterator, Mapping

from deploy_verdict.adopt.release import Source
from deploy_verdict.plan import Plan

CALLERS = ("verify-deployment.yml", "verify-watchdog.yml", "verify-later.yml", "verify-preview.yml")
IN_ONE_JOB = ("verify-in-one-job.yml", "verify-preview.yml")
_PLACE = re.compile(r"OWNER/deploy-verdict(?P<path>[^@\s]*)@0{40} # v\S+")
_COPY = re.compile(r"# Copy this file to .*?(?:\. |$)", re.MULTILINE)
# Variables of the plan that are no secrets: they become variables of the repository.
_OPEN = ("TARGET_URL", "RAILWAY_PROJECT_ID", "RAILWAY_SERVICE_ID", "RAILWAY_ENVIRONMENT")


def caller_file(template: str, source: Source, version: str, plan_path: str) -> str:
    """Fill in one file: the release's repository and commit, and the plan's path as the default."""
    text = _PLACE.sub(rf"{source.repository}\g<path>@{source.commit} # v{version}", template)
    text = text.replace("'verification.yml'", f"'{plan_path}'")
    text = re.sub(r"plan: verification\.yml$", f"plan: {plan_path}", text, flags=re.MULTILINE)
    return _COPY.sub(f"# Written by `deploy-verdict adopt` {version}. ", text, count=1)


def settings(plan: Plan, plan_text: str, repository: str) -> Iterator[str]:
    """Yield the commands that set each secret and variable that the plan needs, with a comment on each."""
    where = f" --repo {repository}" if repository else ""
    named = dict.fromkeys(re.findall(r"(?<!\$)\$\{([A-Za-z_]\w*)", plan_text))
    if plan.railway is not None:
        yield f"gh secret set RAILWAY_TOKEN{where}   # a project token: Railway, project settings, Tokens"
    own = [name for name in named if name not in (*_OPEN, "TODAY") and not name.startswith("RAILWAY_")]
    if own:
        yield (f"gh secret set DEPLOY_VERDICT_DOTENV{where} < .env   # the lines of a .env: {', '.join(own)}")
    yield f"gh secret set DEPLOY_VERDICT_NOTIFY{where}   # if you like: Apprise addresses, one a line"
    for name in _OPEN:
        if name in named:
            yield f"gh variable set {name}{where}"


def written(templates: Mapping[str, str], source: Source, version: str, plan_path: str) -> dict[str, str]:
    """Return file name → text."""
    return {name: caller_file(text, source, version, plan_path) for name, text in templates.items()}
