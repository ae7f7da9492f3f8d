"""What a run that died left behind: the cleanup that its ledger names, sent now.

It is the suite's own cleanup with the values that were captured then; a test without one gets the steps that
come before each test. Checks that belong together are asked to their end again.
"""

from deploy_verdict.model import LedgerEntry
from deploy_verdict.plan import Check, Test
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.requests import Trial
from deploy_verdict.stages.e2e.steps import clean_up, settle
from deploy_verdict.stages.guarded_request import NOT_ASKED, ask_request, pending_entry, unlike
from deploy_verdict.stages.write_ledger import PendingEntry


def restore(context: Context, entry: LedgerEntry) -> LedgerEntry:
    """Send what settles an entry; the new entry says whether it did."""
    if entry.checks:
        _checks_again(context, entry)
    else:
        _cleaned(context, entry)
    return context.ledger.entries[-1]


def _cleaned(context: Context, entry: LedgerEntry) -> None:
    e2e = context.plan.e2e
    test: Test | None = next((test for test in e2e.tests if test.name == entry.check), None) if e2e else None
    pending = PendingEntry(context.ledger, entry.check, context.pace.clock.now, settles=entry.id)
    pending.record_write(entry.entities, entry.captured, lambda: entry.restore)
    before_each = e2e.before_each if e2e else ()
    cleanup = test.cleanup or before_each if test else ()
    if not cleanup:
        pending.close("the plan names no cleanup for it")
        return
    # What was a secret is not in the evidence: a step that needs it must not send the mark in its place.
    captured = {name: value for name, value in entry.captured.items() if "[redacted" not in str(value)}
    trial = Trial(context, captured=captured, pending=pending, cleanup=cleanup)
    clean_up(trial, cleanup)
    settle(trial)


def _checks_again(context: Context, entry: LedgerEntry) -> None:
    known: list[Check] = [check for check in context.plan.health if check.name in entry.checks]
    pending = pending_entry(context, known, settles=entry.id)
    pending.record_write(entry.entities, {})
    left: str | None = NOT_ASKED
    # The first one takes; what follows gives back. A check that stands alone is both.
    for check in known[1:] or known:
        left = unlike(check, ask_request(context, check, pending))
    pending.close(left)
