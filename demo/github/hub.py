"""What the demo's GitHub holds: issues with comments and labels, statuses, pull requests of commits."""

from dataclasses import dataclass, field
from typing import Any

from demo.github.description import Operation, smallest

BOT = "github-actions[bot]"
PER_PAGE = 30
Row = dict[str, Any]


@dataclass
class Hub:
    """The state. `mistakes` are requests that GitHub's description does not know or does not take."""

    author: str = BOT
    issues: dict[int, Row] = field(default_factory=dict)
    comments: dict[int, list[Row]] = field(default_factory=dict)
    pulls: dict[str, list[int]] = field(default_factory=dict)
    statuses: list[Row] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    locked: set[int] = field(default_factory=set)
    next_id: int = 1000
    base_url: str = ""

    def new_id(self) -> int:
        """Ids grow."""
        self.next_id += 1
        return self.next_id

    def add_issue(
        self, number: int, *, body: str = "", author: str = BOT, labels: tuple[str, ...] = ()
    ) -> Row:
        """An issue, or the issue side of a pull request."""
        self.issues[number] = {
            "number": number,
            "body": body,
            "state": "open",
            "author": author,
            "labels": list(labels),
            "title": f"issue {number}",
        }
        self.comments.setdefault(number, [])
        return self.issues[number]

    def add_comment(self, number: int, body: str, author: str = BOT) -> Row:
        """A comment of somebody."""
        row = {"id": self.new_id(), "body": body, "author": author}
        self.comments[number].append(row)
        return row

    def answer(self, operation: Operation, query: dict[str, str], body: Any) -> tuple[int, Any, bool]:
        """Status, body, and whether there is a further page."""
        name = f"{operation.method} {operation.template.removeprefix('/repos/{owner}/{repo}')}"
        parameters = operation.parameters
        number = int(parameters.get("issue_number", 0))
        if number and number not in self.issues:
            return 404, {"message": "Not Found", "documentation_url": "https://docs.github.test"}, False
        if name == "get /issues":
            return self._page(operation, self._listed(query), query, self._issue)
        if name == "post /issues":
            made = self.add_issue(
                max(self.issues, default=0) + 1, body=body.get("body") or "", author=self.author
            )
            made |= {"title": body["title"], "labels": list(body.get("labels", []))}
            return 201, self._issue(operation, 201, made), False
        if name == "get /issues/{issue_number}":
            return 200, self._issue(operation, 200, self.issues[number]), False
        if name == "patch /issues/{issue_number}":
            self.issues[number] |= {key: body[key] for key in ("state", "body", "title") if key in body}
            return 200, self._issue(operation, 200, self.issues[number]), False
        if name.endswith("/labels") and number:
            labels = self.issues[number]["labels"]
            labels += [label for label in body["labels"] if label not in labels]
            return 200, [], False
        if name == "delete /issues/{issue_number}/labels/{name}":
            self.issues[number]["labels"].remove(parameters["name"].replace("%20", " ").replace("%3A", ":"))
            return 200, [], False
        return self._comments_and_more(name, operation, query, body)

    def _comments_and_more(
        self, name: str, operation: Operation, query: dict[str, str], body: Any
    ) -> tuple[int, Any, bool]:
        number = int(operation.parameters.get("issue_number", 0))
        if name == "get /issues/{issue_number}/comments":
            return self._page(operation, self.comments[number], query, self._comment)
        if name == "post /issues/{issue_number}/comments":
            if number in self.locked:
                told = "Unable to create comment because issue is locked."
                return 403, {"message": told, "documentation_url": "https://docs.github.test"}, False
            made = self.add_comment(number, body["body"], self.author)
            return 201, self._comment(operation, 201, made), False
        if "{comment_id}" in name:
            return self._one_comment(name, operation, body)
        return self._commits(name, operation, query, body)

    def _commits(
        self, name: str, operation: Operation, query: dict[str, str], body: Any
    ) -> tuple[int, Any, bool]:
        if name == "get ":
            return 200, _filled(operation, 200, {"url": self._root(operation)}), False
        if name == "get /commits/{ref}":
            sha = operation.parameters["ref"]
            return (
                200,
                _filled(operation, 200, {"sha": sha, "url": f"{self._root(operation)}/commits/{sha}"}),
                False,
            )
        if name == "post /statuses/{sha}":
            self.statuses.append({"sha": operation.parameters["sha"], **body})
            made = _filled(
                operation, 201, {"state": body["state"], "context": body.get("context", "default")}
            )
            return 201, made, False
        if name == "get /commits/{commit_sha}/pulls":
            rows = [{"number": item} for item in self.pulls.get(operation.parameters["commit_sha"], [])]
            return self._page(operation, rows, query, self._pull)
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.test"}, False

    def _one_comment(self, name: str, operation: Operation, body: Any) -> tuple[int, Any, bool]:
        identity = int(operation.parameters["comment_id"])
        for rows in self.comments.values():
            for row in rows:
                if row["id"] == identity and name.startswith("delete"):
                    rows.remove(row)
                    return 204, None, False
                if row["id"] == identity:
                    row["body"] = body["body"] if body else row["body"]
                    return 200, self._comment(operation, 200, row), False
        return 404, {"message": "Not Found"}, False

    def _listed(self, query: dict[str, str]) -> list[Row]:
        wanted = [label for label in query.get("labels", "").split(",") if label]
        states = ("open", "closed") if query.get("state") == "all" else (query.get("state", "open"),)
        rows = [row for row in self.issues.values() if row["state"] in states]
        return [row for row in reversed(rows) if set(wanted) <= set(row["labels"])]

    def _page(
        self, operation: Operation, rows: list[Row], query: dict[str, str], shown: Any
    ) -> tuple[int, Any, bool]:
        size, page = int(query.get("per_page", PER_PAGE)), int(query.get("page", 1))
        part = rows[(page - 1) * size : page * size]
        return 200, [shown(operation, 200, row) for row in part], page * size < len(rows)

    def _issue(self, operation: Operation, status: int, row: Row) -> Row:
        labels = [{"id": 1, "node_id": "x", "url": "https://github.test/l", "name": name, "description": None,
                   "color": "ededed", "default": False} for name in row["labels"]]  # fmt: skip
        made = {"number": row["number"], "body": row["body"], "state": row["state"], "labels": labels}
        made |= {"title": row["title"], "html_url": f"https://github.test/issues/{row['number']}"}
        made["url"] = f"{self._root(operation)}/issues/{row['number']}"
        return _filled(operation, status, made, author=row["author"])

    def _comment(self, operation: Operation, status: int, row: Row) -> Row:
        made = {"id": row["id"], "body": row["body"], "html_url": f"https://github.test/comments/{row['id']}"}
        made["url"] = f"{self._root(operation)}/issues/comments/{row['id']}"
        return _filled(operation, status, made, author=row["author"])

    def _root(self, operation: Operation) -> str:
        return f"{self.base_url}/repos/{operation.parameters['owner']}/{operation.parameters['repo']}"

    def _pull(self, operation: Operation, status: int, row: Row) -> Row:
        return _filled(operation, status, {"number": row["number"], "state": "open"})


def _filled(operation: Operation, status: int, fields: Row, author: str | None = None) -> Row:
    """A smallest answer of GitHub's with these fields."""
    schema = operation.answer_schema(status) or {}
    schema = schema.get("items", schema) if schema.get("type") == "array" else schema
    made: Row = smallest(schema) | fields
    if author is not None:
        user = smallest({"$ref": "#/components/schemas/simple-user"})
        made["user"] = user | {"login": author}
    return made
