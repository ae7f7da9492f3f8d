"""The docs say what is so: links, commands, options, paths, exit codes, words, matchers, plan examples."""

import posixpath
import re

import pytest
import yaml

from deploy_verdict import expect
from deploy_verdict.base.errors import EXIT_COULD_NOT_RUN, EXIT_USAGE
from deploy_verdict.expect import Expectation, Matcher, check_selector, parse_matcher
from deploy_verdict.expect.matchers import OPERATORS
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.plan import read_plan
from deploy_verdict.prove import Proof
from deploy_verdict.prove.decision import UNPROVEN
from tests.bundles import T0
from tests.bundles import http as observed
from tests.pages import PAGES, WRITTEN, anchors, blocks, coded, links, prose, rows, section
from tests.reference.commands import SCRIPTS
from tests.reference.parsers import options, verbs
from tests.running import ROOT

PACKAGE = ROOT / "scripts" / "deploy_verdict"
MATCHERS = rows(section("docs/plan/selectors-and-matchers.md", "## Matchers"))
EXAMPLES = [(name, text) for name, page in PAGES.items() for text in blocks(page, "yaml")]
# What an example of one section leaves out, as its reader has it already.
REST = """
version: 1
name: example
service: {base_url: "https://service.example.com"}
test_data: {may_write: {order: [TEST-1]}}
health:
  - {name: api, get: /health, expect: {status: 200}}
  - {name: pool-stats, get: /pool, expect: {status: 200}}
  - {name: order, get: /orders/1, expect: {status: 200}}
pools: [{name: db, get: /health, used: $.used, limit: $.limit}]
e2e:
  at: [0m]
  tests: [{name: Order, steps: [{name: take, post: /take, json: {order: TEST-1}, expect: {status: 200}}]}]
"""
FORMER = re.compile(
    r"\b(told|whole|holes?|sittings?|looks?(?! (like|healthy))|the way back)\b(?! a perfect)", re.I
)


def test_the_readme_is_read_in_ten_minutes():
    assert len(PAGES["README.md"].splitlines()) <= 200


def test_the_changelog_is_a_release_and_no_diary():
    assert len(PAGES["CHANGELOG.md"].splitlines()) <= 60


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    for target in links(PAGES[name]):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        assert (ROOT / place).exists(), target
        assert not anchor or anchor in anchors(PAGES[place]), target


def test_every_page_is_linked_from_another():
    reached = {"README.md"}
    for name, text in PAGES.items():
        inner = [target.partition("#")[0] for target in links(text) if "://" not in target]
        reached |= {posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in inner}
    assert PAGES.keys() <= reached


def commands(text):
    """The command lines of a page: from its blocks, with continued lines joined, and from its prose."""
    joined = [block.replace("\\\n", " ").splitlines() for block in blocks(text, "bash")]
    return [line.split("#")[0] for block in joined for line in block] + coded(prose(text))


def known_options(call):
    """The options of the verb that a call begins with; a group, such as `sample`, has those of all in it."""
    known, words = verbs(), call.split()
    exact = next((verb for verb in (" ".join(words[:2]), words[0]) if verb in known), None)
    parts = [exact] if exact else [verb for verb in known if verb.startswith(f"{words[0]} ")]
    assert parts, call
    return {"--help"}.union(*(options(known[verb]) for verb in parts))


@pytest.mark.parametrize("name", PAGES)
def test_every_verb_and_option_of_a_command_exists(name):
    for line in commands(PAGES[name]):
        for call in re.findall(r"deploy-verdict ([a-z][^|;&]*)", line):
            assert set(re.findall(r"--[a-z-]+", call)) <= known_options(call), line


@pytest.mark.parametrize("name", PAGES)
def test_every_script_is_one_of_the_nine_and_has_its_options(name):
    for line in commands(PAGES[name]):
        for script, rest in re.findall(r"scripts/(\w+\.py)([^|;&]*)", line):
            assert script in SCRIPTS, line
            assert set(re.findall(r"--[a-z-]+", rest)) <= known_options(SCRIPTS[script]), line


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_exists(name):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = [re.findall(r"\bmake ([a-z][\w-]*)", line) for line in commands(PAGES[name])]
    assert {target for found in named for target in found} <= targets


@pytest.mark.parametrize("name", WRITTEN)
def test_every_file_that_is_named_exists(name):
    text = PAGES[name]
    for path in re.findall(
        r"(?<![\w/.])(?:scripts|plans|schemas|docs|demo|tests|deploy|report_templates|\.github|\.ci)/[\w./-]+\w",
        text,
    ):
        assert (ROOT / path).exists(), path
    for path in coded(text):
        if re.fullmatch(r"[a-z_]+/[\w/]*(\.py)?", path) and "/" in path:
            places = (ROOT / path, PACKAGE / path, PACKAGE / "stages" / path, ROOT / "out" / path)
            assert any(place.exists() for place in places) or path.startswith(
                ("e2e/", "evidence/", "health/")
            ), path


@pytest.mark.parametrize("name", WRITTEN)
def test_no_page_uses_a_word_that_went(name):
    assert not FORMER.findall(prose(PAGES[name]))


def test_ci_calls_the_readmes_test_command():
    assert "    make test" in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "make test" in PAGES["README.md"]


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=lambda value: value.split("\n")[0][:40])
def test_every_example_of_a_plan_is_read(name, text):
    given = yaml.safe_load(text)
    rest = {key: value for key, value in yaml.safe_load(REST).items() if key not in given}
    whole = text + yaml.safe_dump(rest, allow_unicode=True, sort_keys=False)
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "of-the-example")
    assert read_plan(whole.encode(), name, variables, "2026-02-02").sha256


def test_every_page_on_plans_shows_one():
    shown = {name for name, _ in EXAMPLES}
    assert {name for name in PAGES if name.startswith("docs/plan/")} <= shown


def test_the_message_below_the_readmes_plan_is_what_the_tool_says():
    text = blocks(PAGES["README.md"], "yaml")[0]
    plan = read_plan(text.encode(), "README.md", {}, "2026-02-02")
    answer = observed("api", {"status": "healthy", "version": "1"})
    results = expect.tested_all(plan.check("api").expect.lines, answer)
    line = next(item for item in results if item.expectation.selector == "$.pool.in_use")
    assert f"api: {line.expectation.text} — {line.actual}" in PAGES["README.md"]
    assert answer.at == T0


@pytest.mark.parametrize("name", ["README.md", "docs/explanation/verdicts.md"])
def test_exit_codes_are_the_codes(name):
    if name == "README.md":
        shown = {int(code): words for code, words in rows(section(name, "## Exit codes"))}
        assert set(shown) == {*EXIT_CODES.values(), EXIT_USAGE, EXIT_COULD_NOT_RUN}
        assert all(shown[code].startswith(outcome.value) for outcome, code in EXIT_CODES.items())
    else:
        shown = {row[0]: int(row[2]) for row in rows(section(name, "## From a response to a verdict"))}
        assert shown == {outcome.shown: code for outcome, code in EXIT_CODES.items()}


def test_every_operator_has_its_row():
    assert sorted(name for row in MATCHERS for name in coded(row[0])) == sorted(OPERATORS)


@pytest.mark.parametrize("row", MATCHERS, ids=lambda row: row[0])
def test_each_short_form_becomes_its_operator(row):
    operators = coded(row[0])
    for number, short in enumerate(coded(row[2])):
        matcher = Matcher.model_validate(parse_matcher(yaml.safe_load(short), "$.x"))
        assert matcher.operators == ((operators[number] if len(operators) > 1 else operators[0]),)


def test_every_selector_is_one():
    for row in rows(section("docs/plan/selectors-and-matchers.md", "## Selectors")):
        check_selector(coded(row[0])[0])


def test_the_wait_for_new_code_is_the_examples():
    text = blocks(PAGES["docs/plan/claims.md"], "yaml")[0]
    check = "health: [{name: pool-stats, get: /, expect: {status: 200}}]\n"
    plan = read_plan(f"version: 1\nname: x\n{text}{check}".encode(), "claims.md", {}, "2026-02-02")
    assert plan.fresh_within_s == plan.service.fresh_within == 180


def test_every_proof_has_its_row():
    table = rows(PAGES["docs/plan/proving.md"])
    shown = {coded(row[0])[0]: row[2] for row in table}
    assert shown.keys() == {proof.value for proof in Proof}
    assert {name for name, counts in shown.items() if counts == "unproven"} == {
        proof.value for proof in UNPROVEN
    }


def test_the_recorded_answers_fit_the_readmes_plan():
    text = blocks(PAGES["README.md"], "yaml")[0] + blocks(PAGES["docs/plan/proving.md"], "yaml")[0]
    assert read_plan(text.encode(), "README.md", {}, "2026-02-02").fixtures.incident


def test_the_glossary_has_every_word():
    words = {row[0] for row in rows(PAGES["docs/explanation/glossary.md"])}
    assert {"plan", "check", "stage", "window", "sample", "reading", "sample job", "missed", "gap"} <= words
    assert {"expectation", "observation", "evidence", "finding", "criterion", "verdict", "claim"} <= words
    assert {"exposure", "subject", "root cause", "alarm", "rollback options"} <= words


def test_an_expectation_is_a_selector_and_a_matcher():
    """The glossary's sentence, in code: an expectation explains itself as one line."""
    assert Expectation("$.u", Matcher.model_validate({"below": 80})).text == "$.u < 80"


def test_every_variable_has_its_row():
    quoted = r'"((?:DEPLOY_VERDICT|RAILWAY|GITHUB|RELAY)_[A-Z_]+|TARGET_URL|PORT|REQUESTS_CA_BUNDLE)"'
    source = "".join(path.read_text() for path in (ROOT / "scripts").rglob("*.py"))
    flows = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    wanted = set(re.findall(quoted, source)) | set(re.findall(r"(?:secrets|vars)\.([A-Z_]+)", flows))
    wanted |= set(re.findall(r"\$\{([A-Z]+_[A-Z_]+)", (ROOT / "plans" / "zeues.yml").read_text()))
    shown = set(coded(PAGES["docs/reference/variables.md"]))
    assert wanted <= shown
    assert {name for name in shown if re.fullmatch(r"[A-Z][A-Z_]+_[A-Z_]+", name)} <= wanted


def test_every_file_of_a_run_has_its_row():
    quoted = r'"([\w-]+\.(?:json|jsonl|xml|md))"'
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    shown = PAGES["docs/reference/files.md"]
    for name in set(re.findall(quoted, source)):
        assert f"`{name}`" in shown, name


def test_the_picture_is_there():
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGES["README.md"])
    assert 10_000 < (ROOT / picture).stat().st_size < 300_000


def test_contributing_names_what_exists_in_few_rows():
    text = section("CONTRIBUTING.md", "## To change X, touch only Y")
    assert len(rows(text)) <= 14
