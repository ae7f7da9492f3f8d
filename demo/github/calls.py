"""A request that GitHub's description knows, and its answer: what every endpoint takes and returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.github.description import Operation, smallest

PER_PAGE = 30
MAX_PER_PAGE = 100
DOCUMENTATION = "https://docs.github.com/rest"
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request; `api` and `web` are the repository's addresses."""

    operation: Operation
    query: Mapping[str, str]
    body: Any
    api: str
    web: str

    @property
    def name(self) -> str:
        """The key of the routing table, such as "get /issues/{issue_number}"."""
        return f"{self.operation.method} {self.operation.template.removeprefix('/repos/{owner}/{repo}')}"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The path's parameters, as text."""
        return self.operation.parameters


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer; `last_page` is set for lists only, `html` if a front answers instead of the API."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    last_page: int | None = None
    html: str | None = None


def made(body: Row) -> Answer:
    """Return a 201 with the new object's address."""
    return Answer(status=201, body=body, headers={"Location": body["url"]})


def refused(
    status: int, message: str, errors: Sequence[Row] = (), *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return a refusal as GitHub words it."""
    body: Row = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return Answer(
        status=status, body=body | ({"errors": list(errors)} if errors else {}), headers=headers or {}
    )


def not_found() -> Answer:
    """Return GitHub's answer for anything that is missing, or not visible to this token."""
    return refused(404, "Not Found")


def paged(
    call: Call, rows: Sequence[Any], shown: Callable[[Any], Row], *, under: str | None = None
) -> Answer:
    """Return one page of a list; with `under`, in an object with total_count, as GitHub has it for some."""
    size = min(max(int(call.query.get("per_page", PER_PAGE)), 1), MAX_PER_PAGE)
    page = max(int(call.query.get("page", 1)), 1)
    part = [shown(row) for row in rows[(page - 1) * size : page * size]]
    body = part if under is None else {"total_count": len(rows), under: part}
    return Answer(body=body, last_page=max(-(-len(rows) // size), 1))


def example(component: str, **fields: Any) -> Row:
    """Return the smallest value of one of GitHub's schemas, with these fields."""
    found: Row = smallest({"$ref": f"#/components/schemas/{component}"})
    return found | fields


def user(login: str) -> Row:
    """Return a user."""
    kind = "Bot" if login.endswith("[bot]") else "User"
    return example("simple-user", login=login, type=kind)
