"""The page of an issue shows what GitHub would show, and nothing on it can act."""

import os
import re
from html.parser import HTMLParser

import pytest
import requests

from demo.github.hub import Hub
from demo.github.markdown import html_of
from demo.github.page import MERMAID, _drawing_script, issue_page
from demo.github.serving import REPOSITORY
from deploy_verdict.markup.chart import percents
from tests.chromium import opened
from tests.demo.github_client import served
from tests.running import ROOT

HOSTILE = """
<script>alert(1)</script> text <script src="https://evil.test/x.js"></script>
<img src="https://evil.test/a.png" onerror="alert(1)"> ![b](https://evil.test/b.png)
![c](data:image/png;base64,AA)
[one](javascript:alert(1)) [two](JaVaScRiPt:alert(1)) [three](data:text/html,x) [four](vbscript:x)
<a href="java&#10;script:alert(1)" onclick="x()" style="position:fixed" target="_top">five</a>
<iframe src="https://evil.test"></iframe><object data="x"></object><svg onload="x()"><style>*{}</style></svg>
<form action="https://evil.test"><input type="password"><button>x</button></form>
<base href="https://evil.test"><link rel="stylesheet" href="https://evil.test/x.css">
<meta http-equiv="refresh">
<details open ontoggle="alert(1)"><summary style="x">fold</summary>in</details>
</div></article></main></body><h1 id="title" class="title">mine</h1>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>
"""
MARKDOWN = set(
    "p br hr h1 h2 h3 h4 blockquote ul ol li pre code em strong del sub sup a "  # noqa: SIM905
    "table thead tbody tr th td details summary".split()
)
# What the page's own frame is made of, besides what Markdown may give.
FRAME = set("html head meta title style body nav span main div article header b".split())  # noqa: SIM905


class Tags(HTMLParser):
    """Every tag with its attributes, as a browser would find them."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def page(body, **issue):
    hub = Hub()
    hub.add_issue(1, **issue)
    hub.add_comment(1, body)
    return issue_page(hub, 1)


def assert_harmless(text):
    for tag, attributes in Tags(text).found:
        assert tag in FRAME | MARKDOWN, tag
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset")]
        assert re.match(r"https?://|mailto:|#|$", attributes.get("href") or ""), attributes


def test_hostile_markdown_is_neutralised():
    assert_harmless(page(HOSTILE))
    found = Tags(html_of(HOSTILE)).found
    assert {tag for tag, _ in found} <= MARKDOWN
    allowed = {"href", "title", "rel", "lang", "align", "open", "start"}
    assert {name for _, attributes in found for name in attributes} <= allowed


def test_hostile_names_are_text():
    hub = Hub()
    name = '"><script>alert(1)</script>'
    hub.add_issue(1, title=name, author=name, labels=(name,))
    hub.labels[name]["color"] = name
    text = issue_page(hub, 1)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 4


def test_nothing_is_loaded_from_elsewhere():
    text = page("![b](https://evil.test/b.png)")
    assert "[picture: b]" in text
    assert "evil.test" not in text
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    assert not re.search(r"@import|url\(", text)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**a** ~~b~~ `<c>`", "<p><strong>a</strong> <del>b</del> <code>&lt;c&gt;</code></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("|a|\n|--:|\n|1|", '<td align="right">1</td>'),
        ("a <!-- hidden --> b", "<p>a  b</p>"),
        ("<!-- marker -->\n## x", "<h2>x</h2>"),
        ("<details>\n<summary>s</summary>\n\n*in*\n\n</details>", "<summary>s</summary>\n<p><em>in</em></p>"),
        ("H<sub>2</sub>O<sup>x</sup>", "<p>H<sub>2</sub>O<sup>x</sup></p>"),
        ("```mermaid\nxychart-beta\n```", '<pre lang="mermaid"><code>xychart-beta\n</code></pre>'),
        ("- [x] a\n- [ ] b", "<li>☑ a</li>\n<li>☐ b</li>"),
        ("https://a.test/x", '<a href="https://a.test/x" rel="nofollow noopener">https://a.test/x</a>'),
        (
            "> [!WARNING]\n> x",
            '"alert warning">\n<p class="alert-title">⚠ Warning</p>\n<p>x',
        ),
        ("> [!NOTE]\n>\n> x", '<p class="alert-title">ℹ Note</p>\n<p>x</p>'),
        ("> > [!NOTE]\n> > x", "<p>[!NOTE]<br>\nx</p>"),
        ("> a\n\n> b\n\n<br>\n\n> [!TIP]\n> c", '<p class="alert-title">💡 Tip</p>\n<p>c</p>'),
        ("<details>\n\n> [!NOTE]\n> x\n\n</details>", "<p>[!NOTE]<br>\nx</p>"),
    ],
)
def test_markdown_is_read_as_github_reads_it(markdown, html):
    assert html in html_of(markdown)


def test_the_page_tells_state_labels_authors_and_comments():
    hub = Hub()
    issue = hub.add_issue(1, title="A & B", author="sescanella", labels=("verdict: stable",))
    hub.labels["verdict: stable"]["color"] = "1a7f37"
    comment = hub.add_comment(1, "held")
    issue["state"] = "closed"
    text = issue_page(hub, 1)
    assert "A &amp; B <span>#1</span>" in text
    assert '<span class="state closed">Closed</span>' in text
    assert 'style="background: #1a7f37; color: #ffffff">verdict: stable<' in text
    assert "<b>sescanella</b> commented on" in text
    assert '<b>github-actions</b> <span class="bot">bot</span>' in text
    assert "No description provided." in text
    assert f'id="issuecomment-{comment["id"]}"' in text
    assert "edited" not in text
    comment["updated_at"] = "2030-01-01T00:00:00Z"
    assert "· edited" in issue_page(hub, 1)


def test_the_page_is_served_where_an_answer_says():
    hub = Hub()
    hub.add_issue(1)
    with served(hub) as api:
        made = api.ask("POST", "/issues/1/comments", {"body": "**held**"}).json()
        address, _, anchor = made["html_url"].partition("#")
        answer = requests.get(address, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert f'id="{anchor}"' in answer.text
        assert "<strong>held</strong>" in answer.text
        assert requests.get(f"{api.url}/{REPOSITORY}/issues/9", timeout=10).status_code == 404


def test_mermaid_draws_every_chart_of_the_reports(tmp_path):
    """As GitHub would; a chart that it cannot read would be an error in the comment."""
    if not MERMAID.is_file():
        missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
        missing("mermaid is not here: python3 -m tests.npm")
    folder = ROOT / "tests"
    reports = [*folder.glob("cases/*/report.md"), *folder.glob("report/golden/*.report.md")]
    charts = {
        chart for path in reports for chart in re.findall(r"```mermaid\n.*?```", path.read_text(), re.S)
    }
    charts.add(percents('a "quoted" <b>title</b>; %%', [0.0, 900.0], {"#0550ae": [1.0, 2.0]}))
    assert len(charts) > 5
    hub = Hub()
    hub.add_issue(1, title="charts", body="\n\n".join(sorted(charts)))
    path = tmp_path / "page.html"
    path.write_text(issue_page(hub, 1, draws=True), encoding="utf-8")
    with opened(tmp_path) as page:
        page.open(path)
        assert page.run("drawing.then(() => document.querySelectorAll('.chart svg').length)") == len(charts)
        assert "Unable to render" not in page.run("document.querySelector('main').textContent")
        assert page.requests == [path.as_uri()]


def test_where_mermaid_was_not_fetched_the_chart_is_its_text(monkeypatch, tmp_path):
    monkeypatch.setattr("demo.github.page.MERMAID", tmp_path / "absent.js")
    _drawing_script.cache_clear()
    hub = Hub()
    hub.add_issue(1, body="```mermaid\nxychart-beta\n```")
    assert issue_page(hub, 1, draws=True) == issue_page(hub, 1)
    assert '<pre lang="mermaid">' in issue_page(hub, 1)
    assert "<script" not in issue_page(hub, 1)
    _drawing_script.cache_clear()
