"""The logs stage: each log of the plan in the window, and in the time before the deployment.

During the window it reads what is new, of the window's logs alone.
"""

from deploy_verdict.base.units import shown_offset
from deploy_verdict.model import LogObservation
from deploy_verdict.model.logs import COMPLETE
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.model.window import CUT_TIMES
from deploy_verdict.stages.context import Context, Keep
from deploy_verdict.stages.logs.log_sources import PlacedLog
from deploy_verdict.stages.logs.review import review, review_before


def collect_logs(context: Context, offset_s: float, keep: Keep) -> tuple[LogObservation, ...]:
    """Review each log of the plan at the window's end, or what is new of it before."""
    logs, file = context.plan.logs, context.file
    if logs is None or file is None:
        return ()
    observed: tuple[LogObservation, ...] = ()
    for name, rules in logs.asked(file.left_out):
        log = PlacedLog(context=context, file=file, name=name, rules=rules)
        # The window's own log is safe before another one is read.
        observed += (_window(log, offset_s),)
        keep(observed)
        if context.since is None:
            observed += (_before(log),)
            keep(observed)
    return observed


def _window(log: PlacedLog, offset_s: float) -> LogObservation:
    context, window = log.context, log.file.window
    end = context.pace.clock.now()
    observation = review(
        log.rules,
        log.of_window(end),
        start=context.since or window.t0,
        end=end,
        speed=window.speed,
        redact=context.redact,
        check=INTERIM if context.since else COMPLETE,
    )
    count = f"{observation.lines_in_window} lines"
    if context.since is None:
        context.tell(f"{log.label}: {count} of the window in {observation.source}")
    else:
        new = f"{count} since {context.since:%H:%M:%SZ} in {observation.source}"
        context.tell(f"{log.label} {shown_offset(offset_s)}: {new}")
    return observation.model_copy(update={"log": log.name})


def _before(log: PlacedLog) -> LogObservation:
    """The time before the deployment: of the same file, or of the deployment that served until then."""
    # The window's own reading begins a moment early.
    source, end = log.of_time_before(log.file.window.t0 - 2 * CUT_TIMES)
    earlier = review_before(log.rules, source, start=end - log.length, end=end, redact=log.context.redact)
    text = earlier.fault.detail if earlier.fault else f"{earlier.lines_in_window} lines in {earlier.source}"
    log.context.tell(f"{log.label} before the deployment: {text}")
    return earlier.model_copy(update={"log": log.name})
