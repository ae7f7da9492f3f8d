"""The last step of the demo: posts a judged window on a GitHub of its own, and keeps the pages."""

import os
import subprocess
import sys
from pathlib import Path

from demo.github.hub import Hub
from demo.github.page import issue_page
from demo.github.serving import TOKEN, github

ROOT = Path(__file__).resolve().parents[2]
PAGE, REVIEW_PAGE = "github.html", "review.html"
INCIDENT = """TOMAR and COMPLETAR fail: the backend has used up its Redis connections.

| phase | commit | what it brings |
|---|---|---|
| 2 | `ac0502b` | one connection pool, at most 20 connections |
| 3 | `b5acfc9` | the E2E tests follow the new schema |
| 3 | `f0ec7b5` | the request model of COMPLETAR |

All three are deployed. Does it hold for two hours?
"""


def post(plan: Path, out: Path, *, review: bool = False) -> list[Path]:
    """Publish on a temporary GitHub, and with `review` open the review; return the pages.

    Raise RuntimeError with the command's error if it could not publish.
    """
    hub = Hub()
    hub.add_issue(1, title="Redis crisis: the connection pool is exhausted", body=INCIDENT, author="on-call")
    commands = [["publish", "--plan", str(plan), "--out", str(out), "--number", "1"]]
    commands += [["review", str(out), "--open"]] if review else []
    with github(hub) as url:
        for arguments in commands:
            done = subprocess.run(
                [sys.executable, str(ROOT / "scripts" / "deploy_verdict"), *arguments],
                check=False, env=_environment(hub, url), capture_output=True, text=True,
            )  # fmt: skip
            if done.returncode != 0:
                raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
    pages = dict(zip(sorted(hub.issues), (out / PAGE, out / REVIEW_PAGE), strict=False))
    for number, path in pages.items():
        path.write_text(issue_page(hub, number, draws=True), encoding="utf-8")
    return list(pages.values())


def _environment(hub: Hub, url: str) -> dict[str, str]:
    """Return the environment without the real GitHub in whose job the demo may run."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GITHUB_", "GH_"))}
    ours = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": hub.repository, "GITHUB_TOKEN": TOKEN}
    return {**kept, **ours, "GITHUB_ACTIONS": ""}
