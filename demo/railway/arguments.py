"""Reads a query's arguments as Railway does, and refuses those that the demo would have to ignore."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from demo.railway import ids

Row = dict[str, Any]
DEFAULT_PAGE, MAX_PAGE = 20, 1000
_OURS = {
    "projectId": ids.PROJECT_ID,
    "environmentId": ids.ENVIRONMENT_ID,
    "serviceId": ids.SERVICE_ID,
}
_OTHERS = {"serviceId": (ids.REDIS_SERVICE_ID,)}


def bad_input(message: str) -> GraphQLError:
    """Return Railway's error for a value that the schema allows and Railway does not."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def insist_known(unknown: Mapping[str, Any], *but: str) -> None:
    """Refuse arguments that would change the answer and that the demo does not know."""
    for name, value in unknown.items():
        if value is not None and name not in but:
            raise GraphQLError(f"Problem processing request: the demo does not know the argument {name}")


def insist_ours(given: Mapping[str, Any], *, or_others: bool = False) -> None:
    """Refuse the ids of another project, environment or service, as for a token that may not see them.

    `or_others` also allows the project's other services.
    """
    for name, ours in _OURS.items():
        if given.get(name) not in (None, ours, *(_OTHERS.get(name, ()) if or_others else ())):
            raise GraphQLError("Not Authorized")


def moment(value: Any) -> datetime | None:
    """Parse a DateTime, or a date in a String; one without a zone is in UTC."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise bad_input(f"DateTime cannot represent {value!r}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def connection(rows: Sequence[Row], first: int | None, after: str | None, *, key: str = "id") -> Row:
    """Return one page. A cursor names its row, so that a new row at the top shifts no page."""
    size = DEFAULT_PAGE if first is None else first
    if not 0 < size <= MAX_PAGE:
        raise bad_input(f"first must be between 1 and {MAX_PAGE}")
    cursors = [str(row[key]) for row in rows]
    if after is not None and after not in cursors:
        raise bad_input(f"there is no cursor {after!r}")
    start = cursors.index(after) + 1 if after is not None else 0
    page = rows[start : start + size]
    ends = cursors[start : start + len(page)]
    return {
        "edges": [{"node": row, "cursor": cursor} for row, cursor in zip(page, ends, strict=True)],
        "pageInfo": {
            "startCursor": ends[0] if ends else None,
            "endCursor": ends[-1] if ends else None,
            "hasNextPage": start + len(page) < len(rows),
            "hasPreviousPage": start > 0,
        },
    }
