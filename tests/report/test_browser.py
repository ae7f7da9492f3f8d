"""The report of a hostile service in a real browser: no script runs, and nothing loads from elsewhere.

Shown without GitHub's own sanitizer too: what our filters alone let through must be harmless.
"""

import os
import shutil
import subprocess
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from demo.github.hub import Hub
from demo.github.page import issue_page
from demo.http_handler import Handler
from deploy_verdict.markup.markdown import cell, code, fenced, inline
from deploy_verdict.markup.tables import Code, Table, table
from tests.report.test_hostile_evidence import every_page
from tests.report.test_report import hostile
from tests.servers import served

RAW = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS
PAYLOADS = (
    "<script>document.title = 'taken'</script>",
    "<img src='TRAP/img' onerror=\"document.title = 'taken'\">",
    "![picture](TRAP/markdown.png)",
    "[link](javascript:document.title='taken')",
    "<svg/onload=document.title='taken'><style>@import 'TRAP/css';</style>",
    "<iframe src=TRAP/frame></iframe><link rel=stylesheet href=TRAP/link>",
    "`<img src=TRAP/code>`",
    "```\n<script src=TRAP/fence></script>\n```",
    "~~~\n<object data=TRAP/tilde></object>\n",
    "| a |\n|---|\n| <video src=TRAP/table autoplay> |",
    "--><script>document.title = 'taken'</script><!--",
    "<!-- deploy-verdict:x --><img src=TRAP/marker>",
    "</code></pre></td></table><img src=TRAP/closed>",
    "{{ ''.__class__ }} {% include 'x' %}<img src=TRAP/jinja>",
    "\x1b]8;;TRAP/osc\x07<img src=TRAP/ansi>\x1b[0m",
    "\u202e<img src=TRAP/bidi>\u2066",
    "<scr\x00ipt>document.title='taken'</scr\u200bipt>",
    "&lt;img src=TRAP/entity&gt; &#60;img src=TRAP/number&#62;",
    "\\<img src=TRAP/escaped>",
    "- a: &x {<<: *x}\n--- !!python/object/apply:os.system ['x']\n<img src=TRAP/yaml>",
    "::error::<img src=TRAP/command>",
    "<details open ontoggle=\"document.title='taken'\"><summary>x</summary></details>",
    "[x]: TRAP/ref 'x'\n\n![x]",
)


def batched(texts, size):
    return [texts[place : place + size] for place in range(0, len(texts), size)]


@contextmanager
def trap():
    """A server that nobody may ask; yields its address and who came."""
    seen = []

    class Refusing(Handler):
        def do_GET(self):
            seen.append(self.path)
            self.send_error(404)

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Refusing)) as server:
        yield f"http://127.0.0.1:{server.server_port}", seen


def shown(page, tmp_path):
    """The page's document after the browser has done all that it would do."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
        missing("there is no chromium here")
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000",
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]  # fmt: skip
    done = subprocess.run([found, *flags, path.as_uri()], capture_output=True, text=True, timeout=120)
    assert "</html>" in done.stdout, done.stderr[-2000:]
    return done.stdout


def framed(body):
    head = "<!DOCTYPE html><html><head><meta charset=utf-8><title>untouched</title></head>"
    return f"{head}<body>{body}</body></html>"


def renderings(text):
    """Each filter where templates use it, and a report and comment that hold the text everywhere."""
    yield f"- {inline(text)}\n\n- {code(text)}\n\n{fenced(text)}\n"
    yield f"| a | b |\n|---|---|\n| {cell(text)} | x |\n"
    yield table(Table(headers=("A", "B"), rows=((text, Code(text)),)))
    story = hostile(text)
    yield story.report()
    yield story.comment()


def test_the_trap_and_the_browser_work(tmp_path):
    """The control: what the filters did not see acts."""
    with trap() as (url, seen):
        told = shown(framed("".join(PAYLOADS[:2]).replace("TRAP", url)), tmp_path)
    assert "<title>taken</title>" in told
    assert seen == ["/img"]


def test_no_script_runs_and_nothing_loads(tmp_path):
    with trap() as (url, seen):
        texts = [text.replace("TRAP", url) for text in PAYLOADS]
        # Short ones first, each on its own, then all at once: one may open what another one closes.
        pages = [markdown for text in [*texts, "\n".join(texts)] for markdown in renderings(text)]
        html = "\n<hr>\n".join(github_flavored_markdown_to_html(markdown, options=RAW) for markdown in pages)
        told = shown(framed(html), tmp_path)
        hub = Hub()
        hub.add_issue(1, title=texts[0], body="\n\n".join(pages[:8]))
        for markdown in pages[8:40]:
            hub.add_comment(1, markdown)
        github = shown(issue_page(hub, 1), tmp_path)
    assert "<title>taken</title>" not in github
    is_untouched(told, seen)


@pytest.mark.parametrize("of_one_window", [4, pytest.param(1, marks=pytest.mark.complete)])
def test_no_script_runs_and_nothing_loads_from_any_free_text_of_the_evidence(tmp_path, of_one_window):
    """Report, comment, progress, lost and summary of windows whose every free text is such a payload."""
    with trap() as (url, seen):
        texts = [text.replace("TRAP", url) for text in PAYLOADS]
        pages = [
            markdown
            for seed, some in enumerate([*batched(texts, of_one_window), ["\n".join(texts)]])
            for markdown in every_page(some, seed)
        ]
        assert sum(url in markdown for markdown in pages) > len(PAYLOADS)
        html = "\n<hr>\n".join(github_flavored_markdown_to_html(markdown, options=RAW) for markdown in pages)
        is_untouched(shown(framed(html), tmp_path), seen)


def is_untouched(told, seen):
    assert "<title>untouched</title>" in told
    assert seen == []
    for tag in ("<script", "<img", "<iframe", "<svg", "<style", "<object", "<video", "<link"):
        assert tag not in told, tag
