"""What was done about a window stands in its report, comment and page, as far as its directory shows it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy_verdict.model import RollbackFile, SentNotification
from deploy_verdict.publish.sent_notifications import keep_sent
from deploy_verdict.report.actions_taken import actions_taken
from deploy_verdict.window.judge_directory import write_reports, write_verdict
from tests.faults_on_record import bundle_of_fault, judged_fault, unpack_fault

AT = "2026-11-27T10:00:00Z"
ROLLED_BACK = {
    "target": "d0000003-aaaa", "target_commit": "b5acfc9" + "0" * 33, "subject": "d0000005-aaaa",
    "asked_at": AT, "known_before": [], "state": "live",
}  # fmt: skip
TARGET = "d0000003 of commit b5acfc90"
WHEN = "requested at 2026-11-27 10:00:00 UTC"
ROLLBACKS = {
    "live": f"rolled back to {TARGET}, {WHEN}; that is live",
    "failed": f"a rollback to {TARGET} was {WHEN}, and failed",
    "refused": f"a rollback to {TARGET} was {WHEN}, and the platform refused it",
    "asked": f"a rollback to {TARGET} was {WHEN}; what became of it is not known",
}


@pytest.mark.parametrize(("state", "words"), ROLLBACKS.items())
def test_what_became_of_a_rollback(state, words):
    bundle, _ = judged_fault("down")
    file = RollbackFile.model_validate(ROLLED_BACK | {"state": state})
    assert words in actions_taken(replace(bundle, rolled_back=file))


def test_an_alarm_of_another_job_says_neither_whom_nor_when():
    bundle, _ = judged_fault("down")
    sent = SentNotification(window=bundle.window.id, outcome="critical", judged_at=AT)
    words = "people were notified of CRITICAL ISSUES by the alarm during the window"
    assert words in actions_taken(replace(bundle, notified=sent))


def test_whom_by_the_kind_of_their_address_in_every_output(tmp_path):
    unpack_fault("down", tmp_path)
    (tmp_path / "rollback.json").write_text('{"state": "live"}')
    (tmp_path / "notified.json").write_text(
        json.dumps({"window": "x", "outcome": "critical", "judged_at": AT})
    )
    bundle = bundle_of_fault("down", tmp_path)
    assert (bundle.notified, bundle.rolled_back) == (None, None), "another window's, and one that is torn"
    at = bundle.window.t0 + timedelta(minutes=5)
    verdict = write_verdict(bundle, tmp_path, at, interrupted=False)
    addresses = ["slack://token@channel", "mailto://user:pass@mail.test", "https://hooks.test/secret"]
    keep_sent(tmp_path, verdict, addresses)
    assert json.loads((tmp_path / "notified.json").read_text())["services"] == ["slack", "mailto", "webhook"]
    write_reports(bundle_of_fault("down", tmp_path), verdict, tmp_path, at)
    for name in ("POST-DEPLOYMENT-MONITORING-REPORT.md", "comment.md", "report.html"):
        text = " ".join((tmp_path / name).read_text().split())
        assert "people were notified of CRITICAL ISSUES by slack, mailto, webhook at 20" in text
