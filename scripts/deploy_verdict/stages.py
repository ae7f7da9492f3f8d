"""The stages: which collector takes which look, and its evidence file. The registry is one dict."""

from collections.abc import Callable
from pathlib import Path

from deploy_verdict.collectors import Context
from deploy_verdict.model import Observation
from deploy_verdict.session import Session, Sheet

Keep = Callable[[tuple[Observation, ...]], None]
Collector = Callable[[Session, Context, float, Keep], tuple[Observation, ...]]


def _health(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.collectors.health import check_health  # noqa: PLC0415  # each script loads its own

    return check_health(context, session.plan.health, offset_s, keep)


def _pools(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.collectors.pools import take_sample  # noqa: PLC0415

    return take_sample(context, offset_s, keep)


def _e2e(session: Session, context: Context, offset_s: float, keep: Keep) -> tuple[Observation, ...]:
    from deploy_verdict.collectors.e2e import run_suite  # noqa: PLC0415

    return run_suite(context, offset_s, keep)


COLLECTORS: dict[str, Collector] = {"health": _health, "pools": _pools, "e2e": _e2e}


def collect(session: Session, stage: str, offset_s: float) -> Path:
    """Take one look and write its evidence; a stopped look is written too, marked as interrupted."""
    context = Context(
        plan=session.plan,
        probe=session.probe,
        pace=session.pace,
        stop=session.stop,
        tell=session.tell,
        redact=session.redactor.text,
    )
    sheet = Sheet(session, stage, offset_s)

    def keep(partial: tuple[Observation, ...]) -> None:
        sheet.save(partial, interrupted=True)

    # A look that was begun leaves its mark, whatever becomes of this process.
    keep(())
    observations = COLLECTORS[stage](session, context, offset_s, keep)
    sheet.save(observations, interrupted=session.stop.requested)
    return sheet.path


def collect_logs(session: Session, path: Path | None) -> Path:
    """Review the log at the window's end; without a source the evidence says so."""
    from deploy_verdict.collectors.logs import FileSource, review  # noqa: PLC0415

    offset_s = session.plan.window.length
    sheet = Sheet(session, "logs", offset_s)
    if session.plan.logs is None or path is None:
        return sheet.path
    source = FileSource(
        path,
        undated_from_byte=session.file.log_bytes_at_t0,
        head_at_t0=session.file.log_head_at_t0,
    )
    observation = review(
        session.plan.logs,
        source,
        start=session.file.window.t0,
        end=session.pace.clock.now(),
        speed=session.file.window.speed,
        redact=session.redactor.text,
    )
    sheet.save((observation,), interrupted=False)
    session.tell(f"logs: {observation.lines_in_window} lines of the window in {observation.source}")
    return sheet.path
