"""The docs' pictures, as Chromium shows them (`make picture`): the comment of a slow leak, and report.html.

Needs Chromium and a font with emoji (fonts-noto-color-emoji on Debian). For the comment the demo runs anew;
the pages are of recorded evidence. `python -m tests.picture pages` makes only these.
"""

import itertools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy_verdict.report.page import render_page
from deploy_verdict.window.judge_directory import TEMPLATES
from tests.chromium import opened
from tests.faults_on_record import judged_fault
from tests.running import ROOT, scrubbed

PICTURE = ROOT / "docs" / "images" / "comment.png"
WIDTH, HEIGHT = 880, 740
# Only the comment is shown: the issue's own text is the demo's. Digits come from the font with emoji unless
# an installed one is named first.
STYLE = """<style>nav, h1.title, article:first-of-type { display: none } main { padding: 8px 16px }
body { font-family: "Liberation Sans", "DejaVu Sans", sans-serif }</style></head>"""


# By fault: what is shown, from the one selector to the other. The verdict of what is broken at once, the
# charts of what grows, and the steps of a test that fails.
PARTS = {
    "completar-bug": ("body", "#charts"),
    "pool-leak": ("#timeline", "#findings"),
    "lock-broken": ("#e2e", "#e2e > details + details"),
}


def pages() -> None:
    """A part of each page, in light and dark."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as page:
        for fault, scheme in itertools.product(PARTS, ("light", "dark")):
            bundle, verdict = judged_fault(fault)
            path = Path(folder) / "report.html"
            text = render_page(bundle, verdict, TEMPLATES, generated_at=verdict.judged_at, tool_version="0")
            path.write_text(text, encoding="utf-8")
            page.open(path, scheme=scheme, width=1000)
            top, bottom = (
                page.run(f"document.querySelector('{place}').getBoundingClientRect().top + scrollY")
                for place in PARTS[fault]
            )
            picture = PICTURE.parent / f"report-{fault}-{scheme}.png"
            page.picture(picture, top=top, height=bottom - top, scale=0.75)
            print(picture)


def main() -> None:
    if sys.argv[1:] != ["pages"]:
        comment()
    pages()


def comment() -> None:
    """The comment, with a demo that runs anew."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed, so no picture was made")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        demo = [sys.executable, "-m", "demo", "--fault", "slow-leak", "--speed", "150", "--out", str(out)]
        ended = subprocess.run(demo, cwd=ROOT, env=scrubbed(), check=False).returncode
        if ended != 10:
            raise SystemExit(f"the slow leak ended with {ended} and not with 10, so no picture was made")
        page = out / "github.html"
        page.write_text(page.read_text().replace("</head>", STYLE))
        shot = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}"]
        shot += [f"--screenshot={PICTURE}", page.as_uri()]
        subprocess.run(shot, check=True, stderr=subprocess.DEVNULL)
    print(PICTURE)


if __name__ == "__main__":
    main()
