"""Every document of ours is one that Railway's real schema takes; the known wrong ones are not."""

from pathlib import Path

import pytest
from graphql import parse, validate

from demo.railway.answering import schema
from deploy_verdict.railway.client import text_of
from tests.running import ROOT

DOCUMENTS = ROOT / "scripts" / "deploy_verdict" / "railway" / "documents"
NAMES = sorted(path.stem for path in DOCUMENTS.glob("*.graphql"))


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("_fields")])
def test_the_schema_takes_it(name):
    assert validate(schema(), parse(text_of(name))) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("mutation { deploymentRollback(id: 1) { id status } }", "must not have a selection"),
        (
            "query { deployments(input: {status: {successfulOnly: true}}) { edges { node { id } } } }",
            "successfulOnly",
        ),
    ],
)
def test_the_documents_in_railways_own_docs_are_refused(wrong, told):
    assert any(told in error.message for error in validate(schema(), parse(wrong)))


def test_no_graphql_stands_in_python():
    for path in (ROOT / "scripts").rglob("*.py"):
        text = path.read_text()
        assert "query {" not in text, path
        assert "mutation {" not in text, path


def test_each_document_asks_one_operation_of_its_own_name():
    for name in NAMES:
        text = Path(DOCUMENTS / f"{name}.graphql").read_text()
        assert name.endswith("_fields") or text.startswith((f"query {name}", f"mutation {name}"))
