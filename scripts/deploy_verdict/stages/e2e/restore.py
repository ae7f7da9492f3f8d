"""Cleans up after a run that died: sends the cleanup that its ledger names.

This is the suite's own cleanup with the values captured then; a test without one gets the steps before each
test. Checks that belong together are sent again from the second to the last.
"""

from deploy_verdict.model import LedgerEntry
from deploy_verdict.plan import Check, Test
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.requests import TestRun
from deploy_verdict.stages.e2e.steps import clean_up, close_entry
from deploy_verdict.stages.guarded_request import NOT_SENT, ask_request, entry_of, unlike
from deploy_verdict.stages.write_ledger import OpenEntry


def restore(context: Context, unsettled: LedgerEntry) -> LedgerEntry:
    """Send what settles an entry; return the new entry, which says whether it did."""
    if unsettled.checks:
        _checks_again(context, unsettled)
    else:
        _cleaned(context, unsettled)
    return context.ledger.entries[-1]


def _cleaned(context: Context, unsettled: LedgerEntry) -> None:
    e2e = context.plan.e2e
    test: Test | None = (
        next((test for test in e2e.tests if test.name == unsettled.check), None) if e2e else None
    )
    entry = OpenEntry(context.ledger, unsettled.check, context.pace.clock.now, settles=unsettled.id)
    entry.record_write(unsettled.entities, unsettled.captured, lambda: unsettled.restore)
    before_each = e2e.before_each if e2e else ()
    cleanup = test.cleanup or before_each if test else ()
    if not cleanup:
        entry.close("the plan names no cleanup for it")
        return
    # Secrets are not in the evidence: a step that needs one must not send the redaction mark instead.
    captured = {name: value for name, value in unsettled.captured.items() if "[redacted" not in str(value)}
    test_run = TestRun(context, captured=captured, entry=entry, cleanup=cleanup)
    clean_up(test_run, cleanup)
    close_entry(test_run)


def _checks_again(context: Context, unsettled: LedgerEntry) -> None:
    known: list[Check] = [check for check in context.plan.health if check.name in unsettled.checks]
    entry = entry_of(context, known, settles=unsettled.id)
    entry.record_write(unsettled.entities, {})
    left: str | None = NOT_SENT
    # The first check takes, those after it give back. A single check does both.
    for check in known[1:] or known:
        left = unlike(check, ask_request(context, check, entry))
    entry.close(left)
