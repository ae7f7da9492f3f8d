"""The tables of new, gone and changed kinds of log lines."""

from datetime import timedelta

from deploy_verdict.base.log_templates import fingerprint
from deploy_verdict.model import PatternCount, TemplateCount
from deploy_verdict.plan import Incident, Novelty
from tests.report.stories import T0, Story, the_log, the_plan

HOUR = timedelta(hours=1)


def kind(example, count=1, name="error"):
    at = T0 + timedelta(minutes=24)
    return TemplateCount(
        template=example, kind=name, count=count, first_at=at, level="ERROR", example=example
    )


def story(templates, before=(), plan=None, **more):
    told = Story(plan=plan or the_plan(), log=the_log(templates=templates, **more))
    if before is not None:
        told.before = the_log(
            check="baseline", source="d0000004", start=T0 - HOUR, end=T0, first_at=T0 - HOUR, templates=before
        )
    return told


def logs_part(told):
    return told.report().split("### Backend Error Logs")[1].split("### API Performance")[0]


def test_new_gone_and_changed_with_first_occurrence_and_example():
    before = (kind("ERROR gone", 40), kind("INFO rarer", 90, "other"), kind("ERROR old", 3))
    now = (kind("ERROR row | 7", 2), kind("INFO rarer", 20, "other"), kind("ERROR old", 6))
    text = logs_part(story(now, before))
    compared = "1 new kind of errors, 0 new kinds of warnings, 0 new kinds of other lines"
    assert f"{compared}, 1 gone, 1 changed in rate" in text
    assert "against 1,234 lines of 1 h before the deployment (d0000004)" in text
    new, rest = text.split("New errors:")[1].split("Gone:")
    gone, changed = rest.split("More or less frequent:")
    assert [part.split("|")[1:4] for part in new.splitlines() if "row" in part] == [
        [" 2       ", " 2026-02-02 14:24:00 UTC ", " ERROR   "]
    ]
    assert "`ERROR row \\| 7`" in new
    assert "| 40             | 0           | 0 × (0 to 0.0" in gone
    assert "| 90             | 20          | 0.11 × (" in changed
    assert "ERROR old" not in text.split("New since the deployment")[1]


def test_a_long_table_says_how_much_is_hidden():
    text = logs_part(story(tuple(kind(f"ERROR kind {n}") for n in range(40)))).split("New errors:")[1]
    assert text.count("`ERROR kind") == 15
    assert "and 25 more: the evidence has them." in text


def test_without_a_log_of_before_the_reason_stands_there():
    text = logs_part(story((kind("ERROR x"),), before=None))
    assert "**New since the deployment:** not known: the log before the deployment was not read" in text
    assert "New errors" not in text


def test_evidence_without_kinds_of_lines_tells_nothing_of_them():
    assert "New since the deployment" not in logs_part(Story())


def test_the_lines_of_the_incident():
    logs = the_plan().logs.model_copy(
        update={"incident": Incident(lines=("ERROR redis is gone",)), "novelty": Novelty()}
    )
    counted = PatternCount(pattern="x", sought=fingerprint("ERROR redis is gone"), count=3)
    plan = the_plan(logs=logs)
    assert "**Lines of the incident:** 3 lines of 1 kind" in logs_part(
        story((), plan=plan, incident=(counted,))
    )
    assert "**Lines of the incident:** not known" in logs_part(story((), plan=plan))
