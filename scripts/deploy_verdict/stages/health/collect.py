"""Collects the health checks: one bounded request for each, in the plan's order where it matters.

Checks that write belong together, such as TOMAR and the COMPLETAR that releases again. They share one ledger
entry, which is closed when the last of them gives what the plan expects.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.answers.steps import tested_step
from deploy_verdict.model import (
    AwaitedAnswer,
    AwaitedObservation,
    Exchange,
    HttpObservation,
    Observation,
    Outcome,
)
from deploy_verdict.plan import Check
from deploy_verdict.plan.sections.claims import ASK_AGAIN_S
from deploy_verdict.stages.claims.collect import take_fingerprints
from deploy_verdict.stages.context import Context, Keep
from deploy_verdict.stages.guarded_request import NOT_SENT, ask_request, entry_of, unlike, unsent
from deploy_verdict.stages.write_ledger import OpenEntry


def collect_health(context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    """Take what shows the claims, if that is due, then every check that is due."""
    plan = context.plan
    done: tuple[Observation, ...] = ()
    if offset_s in plan.window.claim_offsets_s:
        # Claims come first: what older code answers says nothing of the new code. At later samples nothing
        # excuses it.
        is_first = offset_s == 0
        until_s = context.pace.offset_s() + (plan.fresh_within_s if is_first else 0.0)
        documents = take_fingerprints(context, offset_s, until_s)
        keep(documents)
        done = (*documents, *(await_checks(context, offset_s, until_s) if is_first else ()))
    checks = plan.checks_at(offset_s)
    return (*done, *check_health(context, checks, offset_s, lambda answers: keep((*done, *answers))))


def check_health(
    context: Context, checks: Sequence[Check], offset_s: float, keep: Keep | None = None
) -> tuple[HttpObservation, ...]:
    """Send each check's request once. After a request to stop, the rest is not sent and will be missing.

    `keep` gets the observations so far after each check. Once a check that writes was sent, the others that
    write are sent even after a request to stop, as the last of them restores.
    """
    writing = [check for check in checks if check.writes]
    requested = in_random_order(checks)
    entry = entry_of(context, writing)
    observations: list[HttpObservation] = []
    with context.ledger.lock() if writing else nullcontext(None) as held:
        left: str | None = NOT_SENT
        wrote = False
        for check in requested:
            if context.stop.requested and not (wrote and check.writes):
                continue
            if check.writes and held:
                observations.append(_observed(check, offset_s, unsent(context, check, "held", held)))
            else:
                observations.append(ask_check(context, check, offset_s, entry))
            if check.writes:
                wrote, left = True, unlike(check, observations[-1])
            if keep is not None:
                keep(tuple(observations))
        entry.close(left)
    return tuple(observations)


def in_random_order(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks that read in random order, with those that write, in their own order, among them.

    In a fixed order, a balancer that hands out connections in turn would send the same check to the same
    instance every time.
    """
    reading = [check for check in checks if not check.writes]
    random.shuffle(reading)
    place = random.randint(0, len(reading))  # noqa: S311  # not a secret
    writing = (check for check in checks if check.writes)
    return (*reading[:place], *writing, *reading[place:])


def ask_check(
    context: Context, check: Check, offset_s: float, entry: OpenEntry | None = None
) -> HttpObservation:
    """Send one check's request and return it as an observation."""
    return _observed(check, offset_s, ask_request(context, check, entry))


def _observed(check: Check, offset_s: float, exchange: Exchange) -> HttpObservation:
    return HttpObservation(check=check.name, offset_s=offset_s, **dict(exchange))


def await_checks(context: Context, offset_s: float, until_s: float) -> tuple[AwaitedObservation, ...]:
    """Take one observation of each awaited check. `until_s` ends the wait, which all of them share."""
    return tuple(
        _awaited(context, check, offset_s, until_s)
        for check in context.plan.awaited
        if not context.stop.requested
    )


def _awaited(context: Context, check: Check, offset_s: float, until_s: float) -> AwaitedObservation:
    began_s, at = context.pace.offset_s(), context.pace.clock.now()
    answers = tuple(_answers(context, check, until_s))
    waited_s = max(0.0, answers[-1].offset_s - began_s)
    if len(answers) > 1:
        context.tell(f"{check.name}: {len(answers)} tries in {shown_duration(waited_s)}")
    return AwaitedObservation(
        check=check.name, offset_s=offset_s, at=at, waited_s=round(waited_s, 3), answers=answers
    )


def _answers(context: Context, check: Check, until_s: float) -> Iterator[AwaitedAnswer]:
    while True:
        offset_s = round(context.pace.offset_s(), 3)
        exchange = ask_request(context, check)
        yield AwaitedAnswer(offset_s=offset_s, exchange=exchange)
        # The last attempt is made when the time is up, however long the previous one took.
        is_last = offset_s >= until_s or context.stop.requested
        if is_last or tested_step(check, exchange).outcome is Outcome.PASS:
            return
        context.pace.wait_until(min(offset_s + ASK_AGAIN_S, until_s))
