"""No secret in any disguise: encoded, escaped, cut in half, or beside what looks like one."""

import base64
import gzip
import html
import itertools
import json
import re
import textwrap
import zlib
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.redaction.derived_secrets import is_guessed
from deploy_verdict.redaction.redactor import DOTENV, Redactor, is_secret
from tests.examples import at_least

SECRET = 'p4/s+w=r"d<&>é\\1'
PLAIN = "hunter2hunter2"
ESCAPES = {
    "plain": lambda text: text,
    "address": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "lower": lambda text: quote(text, safe="").lower() if text.islower() else quote(text, safe=""),
    "every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "json": lambda text: json.dumps(text)[1:-1],
    "json as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json for php": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json for pages": lambda text: (
        json.dumps(text)[1:-1].replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    ),
    "unicode": lambda text: "".join(f"\\u{ord(character):04X}" for character in text),
    "page": html.escape,
    "entities": lambda text: "".join(f"&#x{ord(character):x};" for character in text),
    "repr": lambda text: repr(text)[1:-1],
}
CODES = {
    "hex": lambda data: data.hex(),
    "HEX": lambda data: data.hex().upper(),
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64 bare": lambda data: base64.b64encode(data).decode().rstrip("="),
    "base64 url": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base64 url bare": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
}


def redacted(text, value=SECRET):
    return Redactor({"MY_TOKEN": value}).text(text)


@pytest.mark.parametrize("inner", ESCAPES)
@pytest.mark.parametrize("outer", ESCAPES)
def test_escaped_once_and_twice(inner, outer):
    disguised = ESCAPES[outer](ESCAPES[inner](SECRET))
    told = redacted(f"before {disguised} after")
    assert disguised not in told
    assert "MY_TOKEN" in told


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("value", [SECRET, PLAIN])
def test_coded_whatever_stood_before_it(code, before, value):
    coded = CODES[code](f"{before}{value}".encode())
    left = redacted(f"x {coded} y", value).removeprefix("x ").removesuffix(" y")
    assert "[redacted:MY_TOKEN]" in left
    rest = left.replace("[redacted:MY_TOKEN]", "")
    # What is left holds the neighbour and at most the bits that it shares with the secret.
    assert len(rest) <= len(CODES[code](before.encode())) + 4


@given(
    text=st.text(max_size=30), outer=st.sampled_from(sorted(ESCAPES)), value=st.text(min_size=6, max_size=12)
)
@settings(max_examples=at_least(200), deadline=None)
def test_whatever_the_secret_is_it_does_not_get_through(text, outer, value):
    redactor = Redactor({"MY_TOKEN": value})
    told = redactor.text(f"{text}{ESCAPES[outer](value)}{text}" if _can(outer, value) else text)
    assert (
        value not in told or is_guessed(value) or value in "[redacted: this line held MY_TOKEN in disguise]\n"
    )


def _can(outer, value):
    try:
        ESCAPES[outer](value).encode()
    except UnicodeEncodeError:
        return False
    return True


UUID = "3f1c9a2e-7b64-4c1d-9e52-0a8d6b7c5f41"
# What a variable holds, and what in it nobody may read, however it is written.
DERIVED = {
    "a token": (UUID, UUID),
    "escaped in an address": ("redis://default:p%40ss%23w0rd%2Fx9@redis.internal:6379/0", "p@ss#w0rd/x9"),
    "bare in an address": ("postgres://shop:p:w/d@9z@db.internal/shop", "p:w/d@9z"),
    "one of several addresses": ("amqp://a.internal,amqp://u:Qw3rty-77@b.internal", "Qw3rty-77"),
    "an address's query": ("https://hooks.example/in?channel=a&token=Tk9-Zz8-Yy7", "Tk9-Zz8-Yy7"),
    "user and password": ("deploy-bot:s3cr3tpw!", "s3cr3tpw!"),
    "a driver's address": ("shop:s3cr3t-pw@tcp(db.internal:3306)/shop", "s3cr3t-pw"),
    "basic credentials": ("Basic " + base64.b64encode(b"svc:hunter2-X9").decode(), "hunter2-X9"),
    "base64": (base64.b64encode(b"hunter2-X9-and-more").decode(), "hunter2-X9-and-more"),
    "hex": (b"hunter2-X9-and-more".hex(), "hunter2-X9-and-more"),
    "a connection string": ("Server=db.internal;User Id=sa;Password=Zz9!kk-pw;Encrypt=true", "Zz9!kk-pw"),
    "a document": (json.dumps({"type": "service", "private_key": "MIIE-9x-Key-77"}), "MIIE-9x-Key-77"),
    "a scheme": ("Bearer Tk9-Zz8-Yy7", "Tk9-Zz8-Yy7"),
    "a value in braces": ("Driver={PG};Server=db;Uid=sa;Pwd={Zz9!kk;pw7};", "Zz9!kk;pw7"),
    "a line of YAML": ("db:\n  user: shop\n  password: Zk8-w2-Lp9\n", "Zk8-w2-Lp9"),
    "a .netrc": ("machine db.internal login shop password Zk8-w2-Lp9", "Zk8-w2-Lp9"),
    "one of several tokens": ("keyOne111x keyTwo222x", "keyTwo222x"),
    "a key with escaped line ends": (
        "-----BEGIN KEY-----\\nMIIBVgIBADANBgkq\\nhkiG9w0B\\n",
        "MIIBVgIBADANBgkq",
    ),
    "a key in base64": (
        base64.b64encode(b"-----BEGIN KEY-----\nMIIBVgIBADANBgkq\n").decode(),
        "MIIBVgIBADANBgkq",
    ),
}
WAYS = {
    "as it is": lambda text, at: text,
    "upper": lambda text, at: text.upper(),
    "lower": lambda text, at: text.lower(),
    "swapped": lambda text, at: text.swapcase(),
    "over two lines": lambda text, at: f"{text[:at]}\n{text[at:]}",
    "over two lines of JSON": lambda text, at: json.dumps(f"{text[:at]}\n{text[at:]}")[1:-1],
    "indented": lambda text, at: f"{text[:at]}\r\n      {text[at:]}",
    "over two texts": lambda text, at: f'"{text[:at]}" +\n  "{text[at:]}"',
    "behind a mark": lambda text, at: f"{text[:at]}\n> {text[at:]}",
    "with a backslash": lambda text, at: f"{text[:at]}\\\n{text[at:]}",
    "around an escape": lambda text, at: f"{text[:at]}\x1b[31m{text[at:]}",
    "around what is invisible": lambda text, at: f"{text[:at]}\u200b{text[at:]}",
}
LONG_WAYS = {
    "grouped": lambda text, at: " ".join(textwrap.wrap(text, 4)),
    "without hyphens": lambda text, at: text.replace("-", ""),
    "with colons": lambda text, at: ":".join(textwrap.wrap(text.encode().hex(), 2)),
    "base64 in lines": lambda text, at: "\n".join(
        textwrap.wrap(base64.b64encode(text.encode()).decode(), max(4, at))
    ),
    "base64 in lines of JSON": lambda text, at: "\\n".join(
        textwrap.wrap(base64.b64encode(text.encode()).decode(), max(4, at))
    ),
}


def readable(told, secret):
    """The longest run of the secret's letters and digits that can still be read, or decoded from base64."""
    left = re.sub(r"\[redacted:[^\]]*\]", "|", told)
    coded = re.sub(r"[^A-Za-z0-9+/|]", "", left)
    runs = [
        base64.b64decode(run[at : at + (len(run) - at) // 4 * 4])
        for run in coded.split("|")
        for at in range(4)
    ]
    texts = [left, *(run.decode("latin-1") for run in runs)]
    plain, held = (re.sub(r"[^a-z0-9|]", "", text.lower()) for text in ("|".join(texts), secret))
    sizes = range(len(held), 0, -1)
    return next((n for n in sizes for at in range(len(held) - n + 1) if held[at : at + n] in plain), 0)


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *itertools.product(DERIVED, WAYS),
        *((kind, way) for kind, way in itertools.product(DERIVED, LONG_WAYS) if len(DERIVED[kind][1]) >= 16),
    ],
)
def test_what_derives_from_a_secret_is_one(kind, way):
    value, part = DERIVED[kind]
    redactor = Redactor.from_environment({"MY_SECRET": value})
    for at in range(1, min(len(part), 20)):
        told = redactor.text(f"before {{{(WAYS | LONG_WAYS)[way](part, at)}}} after")
        assert readable(told, part) < 6, told
        assert told.startswith("before {"), told


@settings(max_examples=at_least(200), deadline=None)
@given(
    kind=st.sampled_from(sorted(DERIVED)),
    way=st.sampled_from(sorted(WAYS)),
    escape=st.sampled_from(sorted(ESCAPES)),
    at=st.integers(1, 11),
    around=st.text(max_size=10),
)
def test_whatever_derives_from_a_secret_is_one_escaped_too(kind, way, escape, at, around):
    value, part = DERIVED[kind]
    changed = WAYS[way](part, min(at, len(part) - 1))
    told = Redactor.from_environment({"MY_SECRET": value}).text(f"{around}{ESCAPES[escape](changed)}{around}")
    unescaped = re.sub(
        r"\\+[ux]([0-9a-fA-F]{4}|[0-9a-fA-F]{2})", lambda code: chr(int(code.group(1), 16)), told
    )
    for decoded in (told, html.unescape(unquote(told)), unescaped):
        assert readable(decoded, part) < 6, told


@pytest.mark.parametrize("at", range(3, len(UUID) - 2))
def test_each_half_of_a_broken_secret_is_hidden_where_the_other_is_elsewhere(at):
    """Lines of a log are examples of their own."""
    redactor = Redactor({"MY_TOKEN": UUID})
    told = [redactor.text(f"app: {half} refused") for half in (UUID[:at], UUID[at:])]
    assert max(readable(line, UUID) for line in told) < 8


def test_what_stands_in_an_address_beside_its_password_stays():
    redactor = Redactor.from_environment({"REDIS_URL": DERIVED["escaped in an address"][0]})
    text = "user default of redis.internal:6379, a default port"
    assert redactor.text(text) == text


@pytest.mark.parametrize("text", [" ", "\\", '"', "\n", "\\n", "\x1b[", "%0a", "3f1c9a", "&#", "+\n"])
def test_no_text_stalls_it(text):
    """Its patterns look back over marks and spaces, so they are bounded."""
    redactor = Redactor({"MY_TOKEN": UUID})
    assert len(redactor.text(text * (65_536 // len(text)))) > 0


@given(cut=st.integers(4, len(PLAIN)))
def test_a_cut_text_does_not_end_in_half_a_secret(cut):
    told = Redactor({"MY_TOKEN": PLAIN}).text(f"body {PLAIN[:cut]}", is_cut=True)
    assert told == "body [redacted:MY_TOKEN]"


def test_what_is_half_told_is_known_until_the_rest_comes():
    redactor = Redactor({"MY_TOKEN": PLAIN})
    assert redactor.unfinished_secret("text hunter2h") == len("hunter2h")
    assert redactor.unfinished_secret("text ") == 0
    assert redactor.unfinished_secret("a text") == len("text")


SHAPES = [
    ("redis://default:s3cretpw@host:6379", "s3cretpw"),
    ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
    ('{"authorization": "Token abcdefgh"}', "abcdefgh"),
    ("Cookie: sid=abcdef; b=2", "abcdef"),
    ("RAILWAY_TOKEN=0f2d5a3e-1111-4c0f-9d59-2f6a1f0d0001", "0f2d5a3e"),
    ('"token": "0f2d5a3e-1111-4c0f-9d59-2f6a1f0d0001"', "0f2d5a3e"),
    ("github" + "_pat_11ABCDEFG0abcdefghijklm_opqrstuv", "11ABCDEFG0"),
    ("https://hooks.slack.com/services/T00000/B00000/abcdef", "B00000"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123", "ghp_"),
    ("xoxb-1234567890-abcdef", "xoxb"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0B\n-----END RSA PRIVATE KEY-----",
        "hkiG9w0B",
    ),
    ('{"k": "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkq\\n-----END PRIVATE KEY-----"}', "MIIEvQIBADAN"),
    ("key AKIAIOSFODNN7EXAMPLE used", "IOSFODNN7"),
    ("sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWD"),
    ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890"),
    ("glpat-" + "abcdefghij1234567890", "abcdefghij123"),
    ("https://discord.com/api/webhooks/123456789012345678/abcDEF_ghi-JKL1234567890", "abcDEF_ghi"),
    ("https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x", "AAHdqTcvCH1v"),
    ("https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1", "0123456789abcdef"),
    ("GET /c?sv=2020&sig=Abc%2Bdef123456789%3D&se=1", "Abc%2Bdef"),
    ("GET /k?X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027d0&a=1", "fe5f80f77d5f"),
    ("GET /cb?access_token=ya29.abcdefghijk&x=1", "ya29.abcdefghijk"),
    ("connecting with password=hunter2xyz host=db", "hunter2xyz"),
    ("Server=x;Uid=sa;Pwd=Zz9kkpw;", "Zz9kkpw"),
    ('{"password": "hunter2!x"}', "hunter2!x"),
    ("sessionid=abc123def456abc; Path=/", "abc123def456"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "eyJzdWIi"),
]


@pytest.mark.parametrize(("text", "gone"), SHAPES)
def test_the_shapes_of_credentials(text, gone):
    assert gone not in Redactor({}).text(text)


@pytest.mark.parametrize("text", ["deployment 0f2d5a3e-1111-4c0f-9d59-2f6a1f0d0001 is SUCCESS",
                                  "password: required", "secret=app-db-credentials", "token=123456 of 2",
                                  '{"password": ["has 8 characters"]}', "GET /x?key=order-1234&code=500",
                                  '{"lock_token": "abc123def456"}', "ssh://git@github.com/a",
                                  "task-abcdefghijklmnopqrstuvwxyz", "eNdpoint-listing-of-things",
                                  '{"token_count": 5, "authorization": true}', "Cookie banner: shown",
                                  "GET /a?b=c%20d \\u00e9 &amp; \"x\""])  # fmt: skip
def test_what_is_no_secret_stays(text):
    assert Redactor({"MY_TOKEN": PLAIN}).text(text) == text


@pytest.mark.parametrize(("name", "value", "text"), [
    ("DB_PASSWORD", "postgres", "the postgres pool, postgresql 16"),
    ("DATABASE_URL", "postgres://postgres:postgres@db/postgres", "the postgres pool"),
    ("ADMIN_PASSWORD", "admin1", "GET /admin1 200"),
    ("JWT_SECRET", "secret", "no secrets found"),
    ("AUTH_MODE", "delegated", "a delegated error"),
    ("TOKEN_TTL_MS", "3600000", "after 3600000 ms"),
    ("COOKIE_DOMAIN", "example.com", "https://example.com/health"),
    ("AUTH_URL", "https://auth.example.com", "https://auth.example.com/health"),
])  # fmt: skip
def test_words_and_settings_that_everybody_knows_stay(name, value, text):
    assert Redactor.from_environment({name: value}).text(text) == text


@pytest.mark.parametrize("coded", [
    lambda data: data[::-1].decode(),
    lambda data: "".join(chr(code + 0xFEE0) for code in data),
    lambda data: base64.b64encode(data.decode().encode("utf-16")).decode(),
    lambda data: data.decode().encode("utf-16-be").hex(),
    lambda data: base64.b64encode(base64.b64encode(data)).decode(),
    lambda data: base64.b64encode(data.hex().encode()).decode(),
    lambda data: base64.b64encode(data).hex(),
    lambda data: base64.b64encode(gzip.compress(b'{"a": "' + data + b'"}')).decode(),
    lambda data: base64.urlsafe_b64encode(zlib.compress(data)).decode(),
    lambda data: ", ".join(f"0x{byte:02x}" for byte in data),
    lambda data: str(list(data)),
    lambda data: " ".join(f"{byte:08b}" for byte in data),
    lambda data: "".join(f"\\{byte:03o}" for byte in data),
    lambda data: "".join(f"\\u{{{byte:x}}}" for byte in data),
    lambda data: "".join(f"\\U{byte:08x}" for byte in data),
])  # fmt: skip
def test_the_bytes_of_a_secret_however_they_are_printed(coded):
    text = coded(b"tk-9f8a7B6c5D4e3F2g")
    told = redacted(f"x {text} y", "tk-9f8a7B6c5D4e3F2g")
    assert "[redacted:MY_TOKEN]" in told
    assert text[4:16] not in told


def test_every_value_of_the_dotenv_secret_counts_but_addresses_and_ids():
    lines = f"SOME_PLACE={PLAIN}\nexport OTHER='another-value'\nTARGET_URL=https://a.example\n"
    environment = {DOTENV: lines, "SOME_PLACE": PLAIN, "OTHER": "another-value", "HOME": "/home/user",
                   "TARGET_URL": "https://a.example"}  # fmt: skip
    told = Redactor.from_environment(environment).text(f"{PLAIN} another-value https://a.example /home/user")
    assert told == "[redacted:SOME_PLACE] [redacted:OTHER] https://a.example /home/user"


def test_headers_of_the_plan_that_carry_credentials_count_with_and_without_their_scheme():
    redactor = Redactor.from_environment({}, [("Authorization", "Custom abcdefgh1"), ("X-Kind", "harmless")])
    told = redactor.text("seen: Custom abcdefgh1, abcdefgh1, harmless")
    assert "abcdefgh1" not in told
    assert "harmless" in told


def test_of_two_headers_with_one_name_both_count():
    """The second took the place of the first, so that the words behind its scheme went through."""
    headers = [("Authorization", "Custom abcdefgh1"), ("Authorization", "Other ijklmnop2")]
    redactor = Redactor.from_environment({}, [*headers, ("Authorization", "Third qrstuvwx3")])
    told = redactor.text("abcdefgh1 ijklmnop2 qrstuvwx3")
    assert not re.search("abcdefgh1|ijklmnop2|qrstuvwx3", told)


@pytest.mark.parametrize("names", [("A_TOKEN", "B_TOKEN"), ("B_TOKEN", "A_TOKEN")])
def test_of_two_secrets_that_begin_alike_the_longer_leaves_no_end(names):
    redactor = Redactor(dict(zip(names, ("hunter", "hunter2-and-its-end"), strict=True)))
    assert redactor.text("x hunter2-and-its-end y") == f"x [redacted:{names[1]}] y"


def test_the_password_in_an_address_and_the_lines_of_a_key_count_on_their_own():
    key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG9w0BAQEFAASC\n"
    redactor = Redactor({"REDIS_URL": "redis://u:pa55word@h:1", "PRIVATE_KEY": key})
    told = redactor.text("auth pa55word failed; hkiG9w0BAQEFAASC")
    assert told == "auth [redacted:REDIS_URL] failed; [redacted:PRIVATE_KEY]"


@pytest.mark.parametrize("name", ["STRIPE_KEY", "PGPASS", "DB_PWD", "AZURE_CONNECTION_STRING"])
def test_more_names_tell_a_secret(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "BYPASS", "KEYBOARD", "HOME"])
def test_and_these_tell_none(name):
    assert not is_secret(name)


def test_a_password_in_an_address_is_one_whatever_its_variable_is_called():
    redactor = Redactor.from_environment({"HTTPS_PROXY": "http://user:pass-w0rd-9@proxy.test:8080"})
    assert "pass-w0rd-9" not in redactor.text("proxy said pass-w0rd-9 to proxy.test")
    assert "proxy.test" in redactor.text("proxy said pass-w0rd-9 to proxy.test")


def test_parts_of_an_address_for_messages_are_secrets_and_its_host_is_none():
    address = (
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general,json://hooks.example.com/wayabcdefg"
    )
    redactor = Redactor.from_environment({"DEPLOY_VERDICT_NOTIFY": address})
    text = redactor.text("TIiajkdnlazkcOXrIdevi7FQ A1BRTD4JD wayabcdefg hooks.example.com general")
    assert re.sub(r"\[redacted:[^\]]*\]", "", text).split() == ["hooks.example.com", "general"]


def test_a_secret_that_is_learnt_is_hidden_also_in_a_text_that_was_kept():
    redactor = Redactor({"A_TOKEN": "Qm7pRz2kXw9v"})
    assert redactor.text("later-s3cret-value") == "later-s3cret-value"
    redactor.learn("B_TOKEN", "later-s3cret-value")
    assert redactor.text("later-s3cret-value") == "[redacted:B_TOKEN]"
