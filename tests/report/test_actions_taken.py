"""What was done about a window stands in its report, comment and page, as far as its directory shows it."""

import json
from datetime import timedelta

import pytest

from deploy_verdict.publish.sent_notifications import keep_sent
from deploy_verdict.window.judge_directory import write_reports, write_verdict
from tests.faults_on_record import bundle_of_fault, unpack_fault

AT = "2026-11-27T10:00:00Z"
ROLLED_BACK = {
    "target": "d0000003-aaaa", "target_commit": "b5acfc9" + "0" * 33, "subject": "d0000005-aaaa",
    "asked_at": AT, "known_before": [], "state": "live",
}  # fmt: skip
TARGET = "d0000003 of commit b5acfc90"
WHEN = "requested at 2026-11-27 10:00:00 UTC"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("down")
    unpack_fault("down", folder)
    return folder


def texts(out):
    bundle = bundle_of_fault("down", out)
    at = bundle.window.t0 + timedelta(minutes=5)
    verdict = write_verdict(bundle, out, at, interrupted=False)
    write_reports(bundle, verdict, out, at)
    names = ("POST-DEPLOYMENT-MONITORING-REPORT.md", "comment.md", "report.html")
    return verdict, [" ".join((out / name).read_text().split()) for name in names]


NOTIFIED = {"outcome": "critical", "judged_at": AT}
ROLLBACKS = {
    "live": f"rolled back to {TARGET}, {WHEN}; that is live",
    "failed": f"a rollback to {TARGET} was {WHEN}, and failed",
    "refused": "and the platform refused it",
    "asked": "what became of it is not known",
}


@pytest.mark.parametrize(
    ("name", "document", "words"),
    [
        *(("rollback.json", ROLLED_BACK | {"state": state}, words) for state, words in ROLLBACKS.items()),
        ("rollback.json", {"state": "live"}, None),
        ("notified.json", NOTIFIED | {"window": "another"}, None),
        ("notified.json", NOTIFIED, "notified of CRITICAL ISSUES by the alarm during the window"),
    ],
)
def test_what_the_directory_shows(name, document, words, out):
    if name == "notified.json":
        document = {"window": json.loads((out / "window.json").read_text())["window"]["id"]} | document
    (out / name).write_text(json.dumps(document))
    for text in texts(out)[1]:
        assert words is None or words in text
        assert ("rollback to" in text or "rolled back" in text or "were notified" in text) == bool(words)
    (out / name).unlink()


def test_whom_by_the_kind_of_their_address_and_never_by_more(out):
    verdict, _ = texts(out)
    keep_sent(
        out, verdict, ["slack://token@channel", "mailto://user:pass@mail.test", "https://hooks.test/secret"]
    )
    sent = json.loads((out / "notified.json").read_text())
    assert sent["services"] == ["slack", "mailto", "webhook"]
    for text in texts(out)[1]:
        assert "people were notified of CRITICAL ISSUES by slack, mailto, webhook at 20" in text
    (out / "notified.json").unlink()
