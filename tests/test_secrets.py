"""A planted secret leaves the process nowhere, whatever service, log or API echoes it in any disguise."""

import itertools
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.model import Fault, Subject, Whose
from deploy_verdict.publish.job_summary import write_outputs
from deploy_verdict.redaction import output_guard as leaving
from deploy_verdict.redaction.derived_secrets import is_guessed
from deploy_verdict.redaction.output_guard import Guarded, _Known, _learn, _mask
from deploy_verdict.redaction.redactor import DOTENV, Redactor
from deploy_verdict.redaction.secret_encodings import encodings_of
from deploy_verdict.window.directory.evidence_store import write_json, write_text
from tests.examples import at_least
from tests.redaction.test_redactor import DERIVED, SHAPES, WAYS, readable
from tests.running import ROOT, script
from tests.servers import answers, raw_server

TOKEN, HEADER, DOTTED = 'tok/en+"ä=7&x', "Custom hdr-secret-99", "dotted value 42"
VARIABLES = {"SVC_TOKEN": TOKEN, "SVC_AUTH_LINE": HEADER, "RAILWAY_TOKEN": TOKEN}
VARIABLES |= {DOTENV: f"LOCAL_PLACE='{DOTTED}'\nTARGET_URL=http://127.0.0.1:1\n"}
SECRETS = (TOKEN, HEADER, "hdr-secret-99", DOTTED)
FORMS = sorted(
    {form for secret in SECRETS for form in encodings_of(secret) if form.isascii() or form == TOKEN}, key=len
)
PLAN = """
version: 1
name: "echo"
service: {{base_url: "{url}", headers: {{Authorization: "${{SVC_AUTH_LINE}}", X-Who: "${{SVC_TOKEN}}"}}}}
railway: {{project: p, service: s}}
window: {{length: 1m, sample_every: 1m}}
health:
  - {{name: echo, get: "/echo?who=me", expect: {{status: 200, text: {{contains: never-there}}, $.x: 1}}}}
  - {{name: away, get: /away, expect: {{status: 200}}}}
pools:
  - {{name: pool, get: /echo, used: $.used, limit: $.limit, burst: {{for: 1s, every: 1s}}}}
logs: {{must_not_appear: [{{text: leak}}]}}
"""


def assert_clean(data, where):
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    found = [form for form in FORMS if form in text]
    assert not found, f"{where}: {found[0]!r} in …{text[max(0, text.index(found[0]) - 80) :][:200]!r}"


def echoing(connection, head, stop):
    """Everything that it was sent, and every secret in every disguise, wherever a secret can stand."""
    everything = "\n".join(f"leak {form}" for form in FORMS)
    if head.startswith(b"GET /away"):
        location = f"http://elsewhere.example/{TOKEN.encode().hex()}?a={FORMS[0]}"
        answers("302 Found", b"", [f"Location: {location}", f"X-{FORMS[0]}: 1"])(connection, head, stop)
        return
    body = json.dumps({"echo": head.decode("latin-1"), "all": everything, "used": TOKEN, "limit": DOTTED})
    if head.startswith(b"POST"):
        body = json.dumps({"errors": [{"message": f"Not Authorized for {TOKEN}", "traceId": TOKEN}]})
    header = "hdr-secret-99"
    answers("200 OK", body.encode(), [f"X-Echo: {header}", f"X-Long: {'y' * 295}{header}"])(
        connection, head, stop
    )


def test_a_whole_run_among_servers_and_logs_that_echo_it(tmp_path):
    plan, log, out = tmp_path / "plan.yml", tmp_path / "backend.log", tmp_path / "out"
    log.write_text("\n".join(f"ERROR leak {form!s}" for form in FORMS))
    with raw_server(echoing) as url:
        plan.write_text(PLAN.format(url=url))
        environment = {**VARIABLES, "RAILWAY_API_URL": url, "GITHUB_API_URL": url, "GITHUB_TOKEN": TOKEN,
                       "GITHUB_REPOSITORY": "a/b", "GITHUB_STEP_SUMMARY": out / "summary.md"}  # fmt: skip
        base = ["--plan", plan, "--out", out]
        done = script("watch_deployment", *base, "--logs", log, "--speed", 240, environment=environment)
        assert done.returncode == 11, done.stderr
        published = script("publish_report", *base, "--number", 1, environment=environment)
        assert published.returncode == 3, published.stderr
    for process in (done, published):
        assert_clean(process.stdout, "stdout")
        assert_clean(process.stderr, "stderr")
    written = [path for path in out.rglob("*") if path.is_file()]
    assert {"verdict.json", "comment.md", "summary.md", "health.T+000.a1.json"} <= {
        path.name for path in written
    }
    for path in written:
        assert_clean(path.read_bytes(), path.name)
    evidence = (out / "evidence" / "health.T+000.a1.json").read_text()
    assert "[redacted:SVC_TOKEN]" in evidence


CRASHING = """
import sys
sys.path.insert(0, "scripts")
from deploy_verdict.cli.command import run
def main(arguments):
    secret = {secret!r}
    print("half of it " + secret[:5], end="", flush=True)
    print(secret[5:])
    print("::error::obeyed\\x1b[31m", secret, file=sys.stderr)
    raise RuntimeError(f"it broke with {{secret}}")
run(main)
"""


def test_a_crash_still_looks_like_one_and_its_traceback_tells_no_secret():
    done = subprocess.run([sys.executable, "-c", CRASHING.format(secret=DOTTED)], capture_output=True,
                          text=True, cwd=ROOT, env={"CRASH_TOKEN": DOTTED})  # fmt: skip
    assert done.returncode == 1
    assert "RuntimeError: it broke with [redacted:CRASH_TOKEN]" in done.stderr
    assert done.stdout == "half of it [redacted:CRASH_TOKEN]\n"
    assert DOTTED not in done.stderr
    assert "| ::error::obeyed [redacted" in done.stderr


def test_a_wrong_option_that_holds_a_secret_does_not_repeat_it():
    done = script("watch_deployment", "--plan", DOTTED, "--out", "x", "--speed", DOTTED,
                  environment={"A_SECRET": DOTTED})  # fmt: skip
    assert done.returncode == 2
    assert DOTTED not in done.stderr
    assert "[redacted:A_SECRET]" in done.stderr


def test_the_runner_is_told_what_it_cannot_know(tmp_path):
    """GitHub hides a secret of many lines line by line; the values in it must be named to it."""
    plan = tmp_path / "plan.yml"
    plan.write_text(PLAN.format(url="http://127.0.0.1:1"))
    environment = {**VARIABLES, "GITHUB_ACTIONS": "true"}
    done = script("check_plan", plan, environment=environment)
    assert f"::add-mask::{DOTTED}\n" in done.stderr
    assert "::add-mask::" not in done.stdout
    assert TOKEN not in done.stderr


def test_no_line_of_a_secret_is_masked_that_an_output_could_hold(capsys, monkeypatch):
    """The runner drops an output that holds a masked text, such as open=true."""
    monkeypatch.setattr(_Known, "masked", set())
    _mask(Redactor({"A_KEY": "{\n  true\n  long-enough-line\n}"}), {"A_KEY": "from the .env"})
    assert capsys.readouterr().err == "::add-mask::long-enough-line\n"


@pytest.fixture
def known():
    before = _Known.redactor
    yield
    _Known.redactor = before


class Raw:
    encoding, errors = "utf-8", "strict"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


PRINTABLE = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp"))
PLANTED = st.text(PRINTABLE, min_size=6, max_size=20).filter(
    lambda text: text == text.strip() and not set(text) & set("[]: ") and not is_guessed(text)
)


@settings(max_examples=at_least(150), deadline=None)
@given(secret=PLANTED, cuts=st.lists(st.integers(0, 60), max_size=6), data=st.data())
def test_no_writer_lets_it_through_in_whatever_pieces_it_comes(secret, cuts, data, tmp_path_factory):
    before = _Known.redactor
    try:
        _learn(Redactor({"A_TOKEN": secret}))
        form = data.draw(st.sampled_from(sorted(encodings_of(secret))))
        text = f"before {form} after"
        places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
        raw = Raw()
        guarded = Guarded(raw)
        for start, end in itertools.pairwise(places):
            guarded.write(text[start:end])
            guarded.flush()
        guarded.write("\n")
        guarded.finish()
        folder = tmp_path_factory.mktemp("writers")
        write_text(folder / "a.md", text)
        write_json(folder / "b.json", Subject(target=text, environment=form))
        write_outputs({"GITHUB_OUTPUT": str(folder / "output")}, {"reason": text})
        told = [raw.text, *(path.read_text() for path in folder.iterdir())]
        told.append(str(leaving.cleaned_document({form: [form, 1]})))
        assert [item for item in told if form in item.replace("[redacted:A_TOKEN]", "")] == []
        json.loads((folder / "b.json").read_text())
    finally:
        _Known.redactor = before


@settings(max_examples=at_least(150), deadline=None)
@given(
    kind=st.sampled_from(sorted(DERIVED)),
    way=st.sampled_from(sorted(WAYS)),
    at=st.integers(1, 11),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_no_writer_lets_through_what_derives_from_a_secret(kind, way, at, cuts, tmp_path_factory):
    before = _Known.redactor
    value, part = DERIVED[kind]
    try:
        _learn(Redactor.from_environment({"A_TOKEN": value}))
        text = f"before {WAYS[way](part, min(at, len(part) - 1))} after"
        raw = Raw()
        guarded = Guarded(raw)
        for start, end in itertools.pairwise(
            sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
        ):
            guarded.write(text[start:end])
        guarded.write("\n")
        guarded.finish()
        folder = tmp_path_factory.mktemp("writers")
        write_text(folder / "a.md", text)
        write_json(folder / "b.json", Subject(target=text, environment=text))
        write_outputs({"GITHUB_OUTPUT": str(folder / "output")}, {"reason": text})
        told = [raw.text, *(path.read_text() for path in folder.iterdir())]
        told.append(str(leaving.cleaned_document({text: [text, 1]})))
        assert [item for item in told if readable(item, part) >= 6] == []
        json.loads((folder / "b.json").read_text())
    finally:
        _Known.redactor = before


@pytest.mark.parametrize("flushes", [False, True])
def test_a_secret_broken_over_two_printed_lines_is_one(known, flushes):
    _learn(Redactor({"A_TOKEN": "hunter2-X9"}))
    raw = Raw()
    guarded = Guarded(raw)
    for line in ("hunter\n", "2-X9 refused\n", "another hunt\n", "done\n"):
        guarded.write(line)
        if flushes:
            guarded.flush()
    assert raw.text == "[redacted:A_TOKEN] refused\nanother hunt\ndone\n"


@pytest.mark.parametrize(("shape", "gone"), SHAPES)
def test_no_shape_comes_through_by_half_where_a_line_is_flushed(shape, gone):
    """Nobody knows these values: what may become one of them waits for its end."""
    text = f"before {shape} after\n"
    for cut in range(1, len(text)):
        raw = Raw()
        guarded = Guarded(raw)
        for piece in (text[:cut], text[cut:]):
            guarded.write(piece)
            guarded.flush()
        assert raw.text == Redactor({}).text(text), cut
        assert gone not in raw.text


@pytest.mark.parametrize("form", [r"\\u0041\\u0030\\u0030\\u0030\\u0030\\u004A", "QTAwMDBK"])
def test_a_secret_whose_end_begins_another_is_not_cut_in_two(known, form):
    """Found by ten thousand examples: its last letter waited, so the rest of it was let go."""
    _learn(Redactor({"A_TOKEN": "A0000J", "B_TOKEN": "K0000B"}))
    raw = Raw()
    guarded = Guarded(raw)
    guarded.write(f"before {form}")
    guarded.flush()
    guarded.write(" after\n")
    guarded.finish()
    assert raw.text == "before [redacted:A_TOKEN] after\n"


def test_numbers_stay_numbers(tmp_path, known):
    """A secret of digits must not make JSON of something else."""
    _learn(Redactor({"PIN_TOKEN": "123456"}))
    write_json(tmp_path / "x.json", Fault(kind="x", whose=Whose.US, detail="pin 123456"))
    assert json.loads((tmp_path / "x.json").read_text())["detail"] == "pin [redacted:PIN_TOKEN]"
    assert leaving.cleaned_document({"n": 123456}) == {"n": 123456}


def test_what_is_learned_later_takes_nothing_away(known):
    """Two plans, or a plan and its correction, name one header with two values."""
    _learn(Redactor({"header X": "abcdefgh1"}))
    _learn(Redactor({"header X": "ijklmnop2"}))
    assert leaving.cleaned("abcdefgh1 ijklmnop2") == "[redacted:header X] [redacted:header X, 2]"
