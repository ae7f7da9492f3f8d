"""The generated pages are current, and the generators say what a parser and a schema say."""

import argparse

import pytest

from tests.reference import FOLDER, pages
from tests.reference.commands import SCRIPTS, section
from tests.reference.parsers import options, verbs, verbs_of
from tests.running import ROOT

CURRENT = pages()


@pytest.mark.parametrize("name", CURRENT)
def test_a_generated_page_is_current(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == CURRENT[name], "make docs"


def nested():
    top = argparse.ArgumentParser(prog="deploy-verdict")
    inner = top.add_subparsers()
    check = inner.add_parser("check", description="Check a plan.\n\n    deploy-verdict check PLAN\n")
    check.add_argument("plan", metavar="PLAN", help="the file")
    check.add_argument("--mode", choices=["a", "b"], default="a", help="a|b (%(default)s)")
    check.add_argument("--quiet", action="store_true", help=argparse.SUPPRESS)
    group = inner.add_parser("ci").add_subparsers()
    group.add_parser("gate").add_argument("--at", required=True, help="100%% sure")
    return top


def test_verbs_are_found_at_every_depth():
    found = verbs_of(nested())
    assert list(found) == ["check", "ci gate"]
    assert options(found["ci gate"]) == {"-h", "--help", "--at"}


def test_a_verbs_section_has_its_description_arguments_and_options():
    text = section("check", verbs_of(nested())["check"])
    assert text.splitlines() == [
        "## deploy-verdict check",
        "",
        "Check a plan.",
        "",
        "    deploy-verdict check PLAN",
        "",
        "| option | meaning |",
        "|---|---|",
        "| `PLAN` | the file |",
        "| `--mode a/b` | a/b (a) |",
    ]
    assert "| `--at AT` (required) | 100% sure |" in section("ci gate", verbs_of(nested())["ci gate"])


def test_the_nine_scripts_exist_and_stand_for_verbs():
    known = verbs()
    for script, verb in SCRIPTS.items():
        assert (ROOT / "scripts" / script).is_file()
        assert verb in known or verb.split()[0] in known


@pytest.mark.parametrize(("page", "row"), [
    ("plan.md", "| `name` | text | required | the plan's name; it stands in the report |"),
    ("plan.md", "| `timeout` | duration | `10s` | of one request, from connect to the last byte |"),
    ("plan.md", "| `attention` | share, such as 70% | `70%` |  |"),
    ("plan.md", "| `burst` | [Burst](#burst) | see there | the readings of one sample |"),
    ("evidence.md", "| `subject` | [Subject](#subject) | required |  |"),
])  # fmt: skip
def test_a_field_has_its_type_default_and_meaning(page, row):
    assert row in CURRENT[page].splitlines()


def test_a_choice_is_listed_and_a_verb_of_http_shares_its_row():
    assert "One of: `P0`, `P1`, `P2`." in CURRENT["plan.md"]
    assert (
        "| `post`, `put`, `patch`, `delete` | text or null | `null` | a path from the root, or host:/path"
        in CURRENT["plan.md"]
    )
