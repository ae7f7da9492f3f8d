"""Are users turned away, or given errors, by the access lines of the log? Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.answers.exchanges import own_answers
from deploy_verdict.evidence.answers.refusals import ERRORS_TEXT, TEXT, judge_refusals, judge_server_errors
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Finding, LogObservation, Outcome, PathAnswers


def judge_answers(
    bundle: Bundle,
    observation: LogObservation | None,
    pointer: str | None,
    before: LogObservation | None,
    earlier: Sequence[LogObservation] = (),
) -> Iterator[Finding]:
    """Yield findings on refusals and server errors; none if the log has no access lines.

    Without a known time before, `earlier` parts of the window replace it.
    """
    logs = bundle.plan.logs
    if logs is None or observation is None or not observation.answers:
        return
    usual = _known(before) or [answers for item in earlier for answers in _known(item) or ()] or None
    own = own_answers(bundle.sent_to_service, observation.start, observation.end)
    ruling = judge_refusals(observation.answers, usual, own, may_rise=logs.may_rise)
    yield ruling.at(pointer).as_finding("logs", "answers", "refused", TEXT)
    ruling = judge_server_errors(observation.answers, usual, own)
    if ruling.outcome is not Outcome.PASS:
        yield ruling.at(pointer).as_finding("logs", "answers", "server errors", ERRORS_TEXT)


def _known(reading: LogObservation | None) -> Sequence[PathAnswers] | None:
    is_known = reading is not None and reading.fault is None and reading.answers
    return reading.answers if is_known and reading is not None else None
