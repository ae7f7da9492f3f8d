"""README and CONTRIBUTING say what is so: commands, exit codes, words, matchers, the example plan."""

import re
from pathlib import Path

import pytest

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
from tests.running import ROOT, script

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def section(title):
    return README.split(f"{title}\n", 1)[1].split("\n#", 1)[0]


def rows(text):
    """The rows of a table, without its head."""
    found = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found[1:]]


def coded(text):
    return re.findall(r"`([^`]+)`", text)


def test_each_make_target_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"[`\n]make ([\w-]+)", README + CONTRIBUTING))
    assert named <= targets


def test_ci_calls_the_readmes_test_command():
    assert 'make "${1:-test}"' in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "make test" in README


def test_each_script_and_file_that_is_named_exists():
    for name in re.findall(
        r"(?<!out/)(?:scripts|plans|schemas|docs|demo)/[\w./-]+\.\w+", README + CONTRIBUTING
    ):
        assert (ROOT / name).exists(), name


def test_every_script_for_users_is_in_the_readme():
    listed = {cell for row in rows(section("## One script for each step")) for cell in coded(row[0])}
    scripts = {f"scripts/{path.name}" for path in (ROOT / "scripts").glob("*.py")}
    assert listed == scripts - {"scripts/write_schemas.py"}


def test_options_of_the_commands_exist():
    text = section("## Watch a service")
    known = script("watch_deployment", "--help").stdout + script("check_plan", "--help").stdout
    for option in re.findall(r"--[a-z-]+", text):
        assert option in known


def test_exit_codes_are_the_codes():
    told = {int(code): words for code, words in rows(section("## Exit codes"))}
    assert set(told) == {*EXIT_CODES.values(), EXIT_USAGE, EXIT_COULD_NOT_RUN}
    for outcome, code in EXIT_CODES.items():
        assert told[code].startswith(outcome.value)


def test_every_operator_has_its_row():
    listed = [name for row in rows(section("### Matchers")) for name in coded(row[0])]
    assert sorted(listed) == sorted(OPERATORS)


@pytest.mark.parametrize("row", rows(section("### Matchers")), ids=lambda row: row[0])
def test_each_short_form_becomes_its_operator(row):
    import yaml

    operators = coded(row[0])
    for number, short in enumerate(coded(row[2])):
        matcher = Matcher.model_validate(parse_matcher(yaml.safe_load(short), "$.x"))
        assert matcher.operators == ((operators[number] if len(operators) > 1 else operators[0]),)


def test_the_example_of_claims_is_one():
    text = section("### Is this the code?").split("```yaml\n", 1)[1].split("```", 1)[0]
    check = "health: [{name: pool-stats, get: /, expect: {status: 200}}]\n"
    plan = read_plan(f"version: 1\nname: x\n{text}{check}".encode(), "README.md", {}, "2026-02-02")
    assert plan.fresh_within_s == plan.service.fresh_within == 180


def test_every_proof_has_its_row():
    told = {coded(row[0])[0]: row[2] for row in rows(section("### Prove that your plan can fail"))}
    assert told.keys() == {proof.value for proof in Proof}
    assert {name for name, counts in told.items() if counts == "unproven"} == {
        proof.value for proof in UNPROVEN
    }


def test_the_example_of_recorded_answers_is_one():
    plan_text = README.split("```yaml\n", 2)[1].split("```", 1)[0]
    fixtures = section("### Prove that your plan can fail").split("```yaml\n", 1)[1].split("```", 1)[0]
    assert read_plan((plan_text + fixtures).encode(), "README.md", {}, "2026-02-02").fixtures.incident


def test_every_selector_is_one():
    for row in rows(section("### Selectors")):
        check_selector(coded(row[0])[0])


def test_the_example_plan_is_a_good_plan_and_its_message_is_what_it_says():
    text = README.split("```yaml\n", 1)[1].split("```", 1)[0]
    plan = read_plan(text.encode(), "README.md", {}, "2026-02-02")
    check = plan.check("api")
    answer = observed("api", {"status": "healthy", "version": "1"})
    results = expect.tested_all(check.expect.lines, answer)
    line = next(item for item in results if item.expectation.selector == "$.pool.in_use")
    assert f"api: {line.expectation.text} — {line.actual}" in README
    assert answer.at == T0


def test_the_word_list_is_complete():
    words = {row[0] for row in rows(section("## The words"))}
    assert {"plan", "check", "stage", "window", "sample", "expectation", "observation", "evidence", "finding",
            "criterion", "verdict"} <= words  # fmt: skip


def test_contributing_names_rooms_that_exist():
    package = ROOT / "scripts" / "deploy_verdict"
    table = CONTRIBUTING.split("## To change X")[1].split("\n## ")[0]
    for name in coded(table):
        if re.fullmatch(r"[\w/]+(\.py|/)", name):
            places = [ROOT / name, package / name]
            assert any(place.exists() for place in places), name


def test_an_expectation_is_a_selector_and_a_matcher():
    """The sentence of the words table, in code: an expectation explains itself as one line."""
    assert Expectation("$.u", Matcher.model_validate({"below": 80})).text == "$.u < 80"
    assert Path(ROOT / "docs" / "report.png").stat().st_size > 10_000
