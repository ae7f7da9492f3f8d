"""Renders Markdown as GitHub shows it in a comment, made harmless.

GitHub's own parser reads it; an allow-list cuts the rest. GitHub shows pictures through its own proxy: here
nothing is loaded from anywhere, and a picture is its text. Of raw HTML only what our reports use is let
through.
"""

import re

import nh3
from cmarkgfm import github_flavored_markdown_to_html  # type: ignore[import-untyped]  # it ships none
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

# In comments, unlike in files, a line end is a line break.
_OPTIONS = Options.CMARK_OPT_HARDBREAKS | Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_GITHUB_PRE_LANG
_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li", "pre", "code"),
    *("em", "strong", "del", "sub", "sup", "a", "img", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"alt"},
    "ol": {"start"},
    "pre": {"lang"},
    "th": {"align"},
    "td": {"align"},
    "details": {"open"},
}
_PICTURE = re.compile(r'<img(?: alt="([^"]*)")?>')
_ALERTS = {"NOTE": "ℹ", "TIP": "💡", "IMPORTANT": "❗", "WARNING": "⚠", "CAUTION": "🛑"}
_ALERT = re.compile(rf"<blockquote>\n<p>\[!({'|'.join(_ALERTS)})\](?:<br>\n?|</p>\n<p>)")
_NESTING = re.compile(r"<(/?)(?:blockquote|details|li|td)\b")


def html_of(markdown: str) -> str:
    """Render text, tables, http(s) links and folds, and nothing else; the same text gives the same HTML."""
    parsed = github_flavored_markdown_to_html(markdown, options=_OPTIONS)
    parsed = parsed.replace('<input type="checkbox" checked="" disabled="" />', "☑")
    parsed = parsed.replace('<input type="checkbox" disabled="" />', "☐")
    clean = nh3.clean(
        parsed,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
    )
    return _with_alerts(
        _PICTURE.sub(lambda match: f"<em>[picture: {match[1] or 'without words'}]</em>", clean)
    )


def _with_alerts(html: str) -> str:
    """Draw alerts at the top level only, as GitHub does; nested ones stay quotes."""

    def drawn(match: re.Match[str]) -> str:
        before = _NESTING.findall(html, 0, match.start())
        if before.count("") > before.count("/"):
            return match[0]
        kind = match[1]
        title = f"{_ALERTS[kind]} {kind.capitalize()}"
        return f'<blockquote class="alert {kind.lower()}">\n<p class="alert-title">{title}</p>\n<p>'

    return _ALERT.sub(drawn, html)
