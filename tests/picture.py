"""README's picture: the comment that the demo's slow leak gets, as Chromium shows it (`make picture`).

Needs Chromium and a font with emoji (fonts-noto-color-emoji on Debian). The demo runs anew, so the words are
those of today's comment.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.running import ROOT, scrubbed

PICTURE = ROOT / "docs" / "images" / "comment.png"
WIDTH, HEIGHT = 880, 740
# Only the comment is shown: the issue's own text is the demo's. Digits come from the font with emoji unless
# an installed one is named first.
STYLE = """<style>nav, h1.title, article:first-of-type { display: none } main { padding: 8px 16px }
body { font-family: "Liberation Sans", "DejaVu Sans", sans-serif }</style></head>"""


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed, so no picture was made")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        demo = [sys.executable, "-m", "demo", "--fault", "slow-leak", "--out", str(out)]
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
