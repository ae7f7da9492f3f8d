"""The redactor: replaces secrets before anything is written. Pure.

Secrets are the values of variables with telling names, every value in DEPLOY_VERDICT_DOTENV, and headers of
the plan that carry credentials, in all their encodings; and anything that looks like a credential.
"""

import base64
import binascii
import html
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from urllib.parse import unquote

from deploy_verdict.redaction.derived_secrets import (
    SHORTEST,
    is_guessed,
    keys_in_addresses,
    password_of,
)
from deploy_verdict.redaction.matching import SHORTEST_BEGINNING, Secrets, Span, lowered, overlap_of

DOTENV = "DEPLOY_VERDICT_DOTENV"
_TELLING = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|COOKIE|DSN|WEBHOOK"
    r"|(REDIS|DATABASE|POSTGRES)\w*_URL|PASSPHRASE|DOTENV|_NOTIFY|CONNECTION_STRING|KEY$|_PWD$|(?<!BY)PASS$"
)
# Settings about secrets: how long, whether, of which kind.
_SETTING = re.compile(
    r"_(TTL|TIMEOUT|EXPIR\w*|EXPIRES_IN|MAX_AGE|LIFETIME|(MIN_|MAX_)?LENGTH|ENABLED|DISABLED|REQUIRED|MODE|TYPE|DOMAIN"
    r"|ALG(ORITHM)?|ISSUER|AUDIENCE|SAMESITE|SECURE|REALM|ROUNDS)(_MS|_S|_SECONDS|_MINUTES|_HOURS|_DAYS)?$"
)
# An address with only a host, which every reader of the report may know.
_HOST_ONLY = re.compile(r"[A-Za-z][\w+.-]*://[\w.-]+(:\d+)?/?")
# A .env holds these too. Readers of the report need them, and they give access to nothing.
_NO_SECRETS = re.compile(
    r"TARGET_URL|RAILWAY_(PROJECT_ID|SERVICE_ID|ENVIRONMENT|ENVIRONMENT_ID|API_URL)|GITHUB_(REPOSITORY|API_URL)"
)
_ASSIGNED = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", re.MULTILINE)
_CREDENTIAL_HEADERS = (
    "authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token|project-access-token"
)
_PRIVATE_KEY = (
    r"(?P<key>-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]*PRIVATE KEY-----)?)"
)
# Keys that platforms build with an unmistakable prefix.
_VENDORS = (
    r"(?P<vendor>\b(?:A[KS]IA[A-Z0-9]{16}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{30,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|npm_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{24,}|pypi-[A-Za-z0-9_-]{24,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|dop_v1_[0-9a-f]{32,}|hf_[A-Za-z0-9]{30,}|whsec_[A-Za-z0-9+/=]{16,})|(?<=/bot)\d{6,}:[A-Za-z0-9_-]{30,})"
)
_HOOKS = r"(?:discord(?:app)?\.com/api/webhooks|webhook\.office\.com/\w+)/(?P<hook>[\w@/.-]{16,})"
# Values with a telling name that do not look like a word. A token within JSON is often what a later step of a
# test sends, so it stays.
_VALUES = (
    r"(?i:(?:\bpass|pass(?:word|wd|phrase)|pwd|secret|(?:access|private)[_-]?key)\\?[\"']?\s*[:=]\s*\\?[\"']?"
    r"|(?:token|api[_-]?key|session(?:[_-]?id)?|\bsid|credential|signature)\s*[:=]\s*"
    r"|[?&;](?:sig|x-amz-(?:signature|credential|security-token))=|[?&](?:key|code|auth)=(?=\w{20}))"
    r"(?P<value>[^\s\"'\\&;,<>(){}\[\]]{6,})"
)
_MIXED = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=\D*\d|.*[a-z][A-Z])")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAMED = r"(?i:(?:token|secret|password|api[_-]?key)\\?[\"']?\s*[:=]\s*\\?[\"']?)"
# The words that a shape needs, and the shape, so that a long text is searched for few shapes.
_SHAPES = tuple(
    (words, re.compile(shape))
    for words, shape in (
        (("://",), r"(?P<userinfo>(?<=://)[^/\s:@\"']*:[^/\s@\"']+(?=@))"),
        (("earer ",), r"(?<=earer )(?P<bearer>[A-Za-z0-9._~+/=-]{8,})"),
        (("asic ",), r"(?<=asic )(?P<basic>[A-Za-z0-9+/_-]{8,}={0,2})"),
        (("gh", "github_pat_"), r"(?P<github>\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}))"),
        (("private key",), _PRIVATE_KEY),
        (
            (
                "akia",
                "asia",
                "k_",
                "aiza",
                "glpat-",
                "npm_",
                "sk-",
                "pypi-",
                "sg.",
                "dop_",
                "hf_",
                "whsec_",
                "/bot",
            ),
            _VENDORS,
        ),
        (("webhook",), _HOOKS),
        (("://",), r"(?P<user>(?<=://)[A-Za-z0-9_-]{12,}(?=@))"),
        (
            (
                "pass",
                "pwd",
                "secret",
                "token",
                "key",
                "sess",
                "sid",
                "credential",
                "sig",
                "x-amz",
                "code",
                "auth",
            ),
            _VALUES,
        ),
        (("eyj",), r"(?P<jwt>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"),
        (
            ("xox", "hooks.slack"),
            r"(?P<slack>\bxox[abeposr]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/[A-Za-z0-9/]+)",
        ),
        (("token", "secret", "password", "key"), f"{_NAMED}(?P<named>(?i:{_UUID})\\b)"),
        (
            ("authorization", "cookie", "x-api-key", "x-auth-token", "project-access-token"),
            rf"(?i:\b(?:{_CREDENTIAL_HEADERS})(?:\\?[\"']\s*:\s*\\?[\"']|:\s?))(?P<header>[^\r\n\"'\\]{{4,}})",
        ),
    )
)
# The end of a text that may become one of these shapes: its last word, and the word that announces it.
_OPEN = re.compile(
    rf"(?:\b(?:bearer|basic)[ ]\S*|(?:token|secret|password|api[_-]?key)\\?[\"']?\s*[:=]?\s*\S*"
    rf"|\b(?:{_CREDENTIAL_HEADERS})\\?[\"']?\s*(?::[^\r\n]*)?|\S+)$",
    re.IGNORECASE,
)
# A private key whose end is still to come.
_OPEN_KEY = re.compile(
    r"-----BEGIN [A-Z ]*(?:PRIVATE KEY-{1,5}(?:(?!-----END [A-Z ]*PRIVATE KEY-----)[\s\S]){0,16384})?\Z"
)
_HEADERS = re.compile(_CREDENTIAL_HEADERS, re.IGNORECASE)
_HAS_ESCAPES = re.compile(r"%[0-9A-Fa-f]{2}|\\[ux\"'/\\]|&[#\w]+;")
_UNICODE_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"'/\\]))")
# Control characters of a page: html.unescape drops an escape, and so leaves the rest of its sequence.
_NUMERIC = re.compile(r"&#(?:[xX]0{0,4}([01][0-9a-fA-F])|0{0,4}([1-2]?[0-9]|3[01]));")
_MOST_ROUNDS = 3
# gzip and zlib, in base64.
_PACKED = re.compile(r"\b(?:H4sI|eJ[A-Za-z0-9+/]|eN[a-z])[A-Za-z0-9+/_-]{12,}")
_MOST_UNPACKED = 65_536
# Evidence repeats its keys, methods and addresses: the results for this many texts up to this length are
# cached.
_SHORT, _MOST_KEPT = 256, 8192


def is_secret(name: str) -> bool:
    """Return whether a variable's name means that its value is secret."""
    return _TELLING.search(name.upper()) is not None and not _SETTING.search(name.upper())


def carries_credentials(header: str) -> bool:
    """Return whether a header's name means that its value is secret."""
    return _HEADERS.fullmatch(header) is not None or is_secret(header.replace("-", "_"))


def joined(known: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return both mappings with every value, even if two share a name: a plan may send one header twice."""
    result = dict(known)
    for name, value in more.items():
        free = (
            key
            for key in chain([name], (f"{name}, {n}" for n in count(2)))
            if result.get(key, value) == value
        )
        result[next(free)] = value
    return result


class Redactor:
    """Replaces secrets in texts; built once from the environment, then passed to everything that writes."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.secrets = {name: value for name, value in secrets.items() if _hides(value)}
        # Each variable in that file is a secret of its own.
        self._known = Secrets(self.secrets, whole=(DOTENV,))
        self._kept: dict[str, str] = {}

    def learn(self, name: str, value: str) -> None:
        """Learn one more secret, such as a token that a service has issued."""
        if value not in self.secrets.values() and _hides(value):
            self.secrets = joined(self.secrets, {name: value})
            self._known = Secrets(self.secrets, whole=(DOTENV,))
            self._kept = {}

    def __repr__(self) -> str:
        return f"Redactor({', '.join(self.secrets)})"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], headers: Iterable[tuple[str, str]] = ()
    ) -> "Redactor":
        """Return a redactor for variables secret by name or place, and credentials in a plan's headers."""
        names = {name for name in environment if is_secret(name)}
        names |= {
            name for name in _ASSIGNED.findall(environment.get(DOTENV, "")) if not _NO_SECRETS.fullmatch(name)
        }
        found = {name: environment[name] for name in sorted(names) if name in environment}
        known = set(found.values())
        found |= {name: value for name, value in _inner(environment) if value not in known}
        for name, value in headers:
            if carries_credentials(name):
                # The word after a scheme ("Bearer …") also occurs alone.
                words = {f"header {name}": value, f"value of header {name}": value.partition(" ")[2]}
                found = joined(found, words)
        return cls(found)

    def text(self, text: str, *, is_cut: bool = False) -> str:
        """Return the text with each secret as [redacted:NAME]; `is_cut`: it may end within a secret."""
        if is_cut or len(text) > _SHORT:
            return self._text(text, is_cut=is_cut)
        # If another thread learns a secret meanwhile, no older result may get into the new cache.
        kept = self._kept
        if text not in kept:
            if len(kept) >= _MOST_KEPT:
                kept = self._kept = {}
            kept[text] = self._text(text, is_cut=False)
        return kept[text]

    def _text(self, text: str, *, is_cut: bool) -> str:
        text = _without(text, self._known.spans(text))
        if is_cut:
            text = self._without_beginning(text)
        if self.secrets and _HAS_ESCAPES.search(text):
            text = "".join(map(self._unescaped_line, text.splitlines(keepends=True)))
        text = _without(text, self._known.pieces(text))
        if self.secrets:
            text = _PACKED.sub(self._unpacked, text)
        low = text.lower()
        for words, shape in _SHAPES:
            if any(word in low for word in words):
                text = shape.sub(_shape_hidden, text)
        return text

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return headers without secrets; those that carry credentials lose their complete value."""
        return {
            self.text(name): "[redacted]" if _HEADERS.fullmatch(name) else self.text(value)
            for name, value in headers
        }

    def unfinished_secret(self, text: str) -> int:
        """Return how many of the last characters may start a secret whose rest is still to come."""
        low = lowered(text)
        start = len(text) - max((overlap_of(low, form) for form, _ in self._known.forms), default=0)
        shape = _OPEN.search(text, text.rfind("\n") + 1)
        start = min(start, shape.start() if shape else start)
        start -= _open_key(text[:start])
        while True:
            # The cut for one secret must not split another, complete one.
            begin = min((_begin_of(form, low, start) for form, _ in self._known.forms), default=start)
            if begin == start:
                return len(text) - start
            start = begin

    def broken_off(self, text: str) -> int:
        """Return how many of the last characters may be a secret that continues on the next line."""
        known = self._known.broken_off(text)
        return known + _open_key(text[: len(text) - known])

    def _without_beginning(self, text: str) -> str:
        low = lowered(text)
        overlaps = [(overlap_of(low, form), name) for form, name in self._known.forms]
        longest, name = max(overlaps, default=(0, ""))
        return f"{text[:-longest]}[redacted:{name}]" if longest >= SHORTEST_BEGINNING else text

    def _unpacked(self, match: re.Match[str]) -> str:
        """Return packed base64 unchanged, or the name of the secret in it."""
        coded = match.group().translate(str.maketrans("-_", "+/"))
        try:
            data = base64.b64decode(coded[: len(coded) // 4 * 4])
            # Either header; no secret is longer than this.
            plain = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, _MOST_UNPACKED)
        except (binascii.Error, zlib.error):
            return match.group()
        name = self._known.holds(plain.decode("utf-8", "replace"))
        return f"[redacted:{name}]" if name else match.group()

    def _unescaped_line(self, line: str) -> str:
        """Return the line, or a note in its place if a secret shows once its escapes are decoded."""
        if not _HAS_ESCAPES.search(line):
            return line
        for bare in _unescaped(line):
            name = self._known.holds(bare)
            if name is not None:
                return f"[redacted: this line held {name} in disguise]\n"
        return line


def _open_key(text: str) -> int:
    """Return how many of the last characters are a private key without its end."""
    found = _OPEN_KEY.search(text) if "-----BEGIN" in text else None
    return len(text) - found.start() if found else 0


def _hides(value: str) -> bool:
    """Return whether a value is worth hiding: not a word that everybody guesses, nor a host's address."""
    return len(value) >= SHORTEST and not is_guessed(value) and not _HOST_ONLY.fullmatch(value)


def _without(text: str, spans: Sequence[Span]) -> str:
    for span in reversed(spans):
        text = f"{text[: span.start]}[redacted:{span.name}]{text[span.end :]}"
    return text


def _inner(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield secrets within addresses, whatever the variable's name: HTTPS_PROXY=http://user:password@host."""
    for name, value in environment.items():
        password = password_of(value)
        if password:
            yield f"password of {name}", password
        if name.endswith("_NOTIFY"):
            for number, key in enumerate(dict.fromkeys(keys_in_addresses(value)), start=1):
                yield f"{name}, part {number}", key


def _shape_hidden(match: re.Match[str]) -> str:
    """Return the replacement of a shape; what precedes a named value stays."""
    kind = match.lastgroup or ""
    before = match.group(0)[: match.start(kind) - match.start()]
    value = match.group(kind)
    # A word, a number or a selector is not a secret.
    if kind == "value" and not _MIXED.match(value):
        return match.group(0)
    return match.group(0) if value.startswith("[redacted") else f"{before}[redacted:{kind}]"


def _unescaped(line: str) -> Iterator[str]:
    """Yield the line with its escapes decoded once, twice, …, until none is left."""
    for _ in range(_MOST_ROUNDS):
        numbered = _NUMERIC.sub(_numbered, unquote(line))
        bare = _UNICODE_ESCAPE.sub(_character, html.unescape(numbered))
        if bare == line:
            return
        yield bare
        line = bare


def _numbered(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16) if match.group(1) else int(match.group(2)))


def _character(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    return chr(int(code, 16)) if code else str(match.group(3))


def _begin_of(form: str, text: str, place: int) -> int:
    """Return where a form that spans a place begins; the place itself if no form does."""
    found = text.find(form, max(0, place - len(form) + 1), place + len(form) - 1)
    return found if found >= 0 else place
