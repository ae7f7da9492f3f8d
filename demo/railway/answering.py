"""Executing documents against Railway's real schema; a field without an answer of ours is an error."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from demo.railway.resolvers import Resolvers
from demo.railway.story import Story

SCHEMA = Path(__file__).with_name("schema.graphql")
BAD_INPUT, INTERNAL = "BAD_USER_INPUT", "INTERNAL_SERVER_ERROR"
TRACE = "000000000000demo"
Answer = tuple[int, dict[str, Any]]


@cache
def schema() -> GraphQLSchema:
    """The whole public schema, as it was printed."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid=True)


def answer(story: Story, body: Any, *, is_project_token: bool) -> Answer:
    """An HTTP status and a body: 400 for what does not parse or validate, else 200, errors or not.

    `body` is the decoded request: an object with query, variables and operationName.
    """
    asked = body if isinstance(body, dict) else {}
    query = asked.get("query")
    try:
        document = parse(query if isinstance(query, str) else "")
    except GraphQLSyntaxError as error:
        return 400, _errors([error], "GRAPHQL_PARSE_FAILED")
    mistakes = validate(schema(), document)
    if mistakes:
        return 400, _errors(mistakes, "GRAPHQL_VALIDATION_FAILED")
    return 200, _executed(story, document, asked, is_project_token)


def _executed(
    story: Story, document: DocumentNode, asked: dict[str, Any], is_project_token: bool
) -> dict[str, Any]:
    variables, operation = asked.get("variables"), asked.get("operationName")
    result = execute_sync(
        schema(),
        document,
        variable_values=variables if isinstance(variables, dict) else {},
        operation_name=operation if isinstance(operation, str) else None,
        field_resolver=Resolvers(story, is_project_token).resolve,
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body |= _errors(result.errors, None)
    return body


def _errors(errors: Sequence[GraphQLError], code: str | None) -> dict[str, Any]:
    return {"errors": [_told(error, code or _code(error)) for error in errors]}


def _told(error: GraphQLError, code: str) -> dict[str, Any]:
    told = {"message": error.message, "extensions": {"code": code}, "traceId": TRACE}
    return told | ({"path": error.path} if error.path else {})


def _code(error: GraphQLError) -> str:
    # Without a path no field was reached: the variables do not fit the document.
    known = (error.extensions or {}).get("code")
    return str(known) if known else INTERNAL if error.path else BAD_INPUT
