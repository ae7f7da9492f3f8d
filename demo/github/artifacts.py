"""The artifacts endpoints; artifacts come from Hub.add_artifact."""

import io
import zipfile

from demo.github.calls import Answer, Call, Row, example, not_found, paged, refused
from demo.github.hub import Hub

ARCHIVES = "/_archives/"


def listed(hub: Hub, call: Call) -> Answer:
    """The artifacts of one run, newest first."""
    run_id = int(call.parameters["run_id"])
    if run_id not in hub.runs:
        return not_found()
    name = call.query.get("name")
    rows = [row for row in hub.artifacts if row["run_id"] == run_id and name in (None, row["name"])]
    if call.query.get("direction", "desc") == "desc":
        rows.reverse()
    return paged(call, rows, lambda row: _shown(hub, call, row), under="artifacts")


def shown(hub: Hub, call: Call) -> Answer:
    """One artifact."""
    row = _found(hub, call.parameters["artifact_id"])
    return not_found() if row is None else Answer(body=_shown(hub, call, row))


def archive_named(hub: Hub, call: Call) -> Answer:
    """A redirect to the archive; 410 for an expired one."""
    row = _found(hub, call.parameters["artifact_id"])
    if row is None or call.parameters["archive_format"] != "zip":
        return not_found()
    if row["expired"]:
        return refused(410, "Artifact has expired")
    return Answer(status=302, headers={"Location": f"{hub.base_url}{ARCHIVES}{row['id']}"})


def archive(hub: Hub, identity: str) -> bytes | None:
    """Return an artifact's zip, as the storage behind the redirect gives it; None if there is none."""
    row = _found(hub, identity)
    if row is None:
        return None
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for name, text in row["files"].items():
            file.writestr(name, text)
    return held.getvalue()


def _found(hub: Hub, identity: str) -> Row | None:
    return next((row for row in hub.artifacts if str(row["id"]) == identity), None)


def _shown(hub: Hub, call: Call, row: Row) -> Row:
    url = f"{call.api}/actions/artifacts/{row['id']}"
    run = {"id": row["run_id"], "repository_id": 1, "head_repository_id": 1}
    run |= {"head_branch": hub.default_branch, "head_sha": hub.runs[row["run_id"]]["head_sha"]}
    return example(
        "artifact",
        id=row["id"],
        name=row["name"],
        expired=row["expired"],
        size_in_bytes=sum(len(text) for text in row["files"].values()),
        created_at=row["created_at"],
        updated_at=row["created_at"],
        url=url,
        archive_download_url=f"{url}/zip",
        workflow_run=run,
    )
