"""Record a program's answers to `init`: `python -m tests.record_adopted NAME URL`.

Of an HTML page only the start is kept, and of metrics only those without labels: init reads nothing else.
"""

import json
import sys
from pathlib import Path

from deploy_verdict.adopt.survey import is_html, survey
from deploy_verdict.base.clock import WallClock
from deploy_verdict.http.probe import Probe
from deploy_verdict.redaction.redactor import Redactor

FOLDER = Path(__file__).parent / "adopt" / "recorded"


def recorded(url):
    """Path → answer, without the paths that the service does not have."""
    probe = Probe(base_url=url, timeout_s=5, max_body_bytes=2**21, clock=WallClock(), redactor=Redactor({}))
    seen = survey(lambda path: probe.ask("GET", path))
    kept = {}
    for path, answer in seen.answers.items():
        if answer.status not in (None, 404):
            body = answer.body or ""
            if is_html(answer):
                start = body.lower().find("<title")
                body = f"<!doctype html>{body[start : start + 200]}" if start >= 0 else body[:60]
            elif "\n# TYPE " in body:
                lines = body.splitlines(keepends=True)
                body = "".join(line for line in lines if "{" not in line and not line.startswith("#"))
            kept[path] = {"status": answer.status, "body": body}
    return kept


if __name__ == "__main__":
    name, url = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(recorded(url), indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
