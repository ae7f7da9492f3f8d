"""Executes documents against Railway's real schema; a field that the demo does not have is an error."""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_ast_schema,
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
def schema(retired: frozenset[str] = frozenset(), *, has_cancelled: bool = False) -> GraphQLSchema:
    """Build the complete public schema as printed, without what is retired (Type.field or Enum.VALUE)."""
    made = build_ast_schema(_schema_document(), assume_valid=True)
    if has_cancelled:
        statuses = made.type_map["DeploymentStatus"]
        if isinstance(statuses, GraphQLEnumType):
            statuses.values["CANCELLED"] = GraphQLEnumValue("CANCELLED")
    for name in retired:
        of, _, field = name.partition(".")
        kind = made.type_map[of]
        if isinstance(kind, GraphQLEnumType):
            del kind.values[field]
        elif isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            del kind.fields[field]
    return made


@cache
def _schema_document() -> DocumentNode:
    return parse(SCHEMA.read_text(encoding="utf-8"), no_location=True)


def _schema_of(story: Story) -> GraphQLSchema:
    switches = story.records.switches
    return schema(frozenset(switches.retired), has_cancelled=switches.cancelled > 0)


def answer(story: Story, body: Any, *, is_project_token: bool) -> Answer:
    """Return an HTTP status and a body: 400 for what does not parse or validate, else 200, even with errors.

    `body` is the decoded request: an object with query, variables and operationName.
    """
    asked = body if isinstance(body, dict) else {}
    query = asked.get("query")
    try:
        document, mistakes = _checked(_schema_of(story), query if isinstance(query, str) else "")
    except GraphQLSyntaxError as error:
        return 400, _errors([error], "GRAPHQL_PARSE_FAILED")
    if mistakes:
        with_place = not story.records.switches.no_locations
        return 400, _errors(mistakes, "GRAPHQL_VALIDATION_FAILED", with_place=with_place)
    return 200, _executed(story, document, asked, is_project_token)


@lru_cache(256)
def _checked(of: GraphQLSchema, query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """Parse a document and validate it; a window sends the same few again and again."""
    document = parse(query)
    return document, validate(of, document)


def _executed(
    story: Story, document: DocumentNode, asked: dict[str, Any], is_project_token: bool
) -> dict[str, Any]:
    variables, operation = asked.get("variables"), asked.get("operationName")
    result = execute_sync(
        _schema_of(story),
        document,
        variable_values=variables if isinstance(variables, dict) else {},
        operation_name=operation if isinstance(operation, str) else None,
        field_resolver=Resolvers(story, is_project_token).resolve,
    )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body |= _errors(result.errors, None)
    return body


def _errors(errors: Sequence[GraphQLError], code: str | None, *, with_place: bool = False) -> dict[str, Any]:
    return {"errors": [_told(error, code or _code(error), with_place) for error in errors]}


def _told(error: GraphQLError, code: str, with_place: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message, "extensions": {"code": code}, "traceId": TRACE}
    if with_place:
        told["locations"] = [place.formatted for place in error.locations or ()]
    return told | ({"path": error.path} if error.path else {})


def _code(error: GraphQLError) -> str:
    # Without a path no field was reached: the variables do not fit the document.
    known = (error.extensions or {}).get("code")
    return str(known) if known else INTERNAL if error.path else BAD_INPUT
