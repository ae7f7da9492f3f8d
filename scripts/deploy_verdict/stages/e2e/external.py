"""Runs a plugged-in suite as a process: bounded, stopped with all its children, its results read.

The exit code alone proves nothing; what counts is the JUnit file that it wrote in this run.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from typing import IO, Any

from deploy_verdict.base.units import shown_duration
from deploy_verdict.model import CaseObservation, Fault, Whose
from deploy_verdict.model.window import window_frame
from deploy_verdict.plan import E2E
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.junit_in import Case, NotJUnitError, Ran, identities, read_cases

POLL_S = 0.1
GRACE_S = 5.0
KEPT_OUTPUT_BYTES = 2000


def run_command(
    context: Context, e2e: E2E, offset_s: float
) -> tuple[Mapping[str, Any], tuple[CaseObservation, ...]]:
    """Run the plan's command; return its fields of a SuiteObservation, and its cases.

    Never raises for what the command does. `command_timeout` is in real seconds at any speed.
    """
    fields: dict[str, Any] = {"command": tuple(context.redact(word) for word in e2e.command)}
    if context.stop.requested:
        return {**fields, "fault": _fault("stopped", "not started, because the run was stopped")}, ()
    junit = e2e.junit or ""
    before, clock = identities(junit), context.pace.clock
    started = clock.now()
    process, fault, output = _run(context, e2e)
    fields["exit_code"] = process.returncode if process else None
    cases: tuple[Case, ...] = ()
    if fault is None:
        try:
            cases = read_cases(junit, before, Ran(started, clock.now(), fields["exit_code"]))
            fields["cases"] = len(cases)
        except NotJUnitError as error:
            ended = f"exit code {fields['exit_code']}" + (f", last output: {output}" if output else "")
            fault = _fault("junit", context.redact(f"{error} ({ended})"))
    return {**fields, "fault": fault}, tuple(_observed(context, case, offset_s) for case in cases)


def _observed(context: Context, case: Case, offset_s: float) -> CaseObservation:
    return CaseObservation(
        check=context.redact(case.name),
        offset_s=offset_s,
        elapsed_ms=case.elapsed_ms,
        result=case.result,
        message=context.redact(case.message),
    )


def _fault(kind: str, detail: str) -> Fault:
    return Fault(kind=kind, whose=Whose.US, detail=detail)


def _run(context: Context, e2e: E2E) -> tuple[subprocess.Popen[bytes] | None, Fault | None, str]:
    """Return the ended process, why it proves nothing (or None), and the end of its output."""
    try:
        process = subprocess.Popen(
            list(e2e.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(context),
            # A process group of its own, so that its children can be ended with it.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, _fault("command", f"could not be started: {context.redact(reason)}"), ""
    tail = _Tail(process.stdout)
    try:
        fault = _awaited(context, process, e2e.command_timeout)
    finally:
        if process.poll() is None:
            _end(process)
    return process, fault, tail.text()


def _environment(context: Context) -> dict[str, str]:
    plan = context.plan
    window = window_frame(
        t0=context.pace.t0,
        length_s=plan.window.length,
        offsets_s=plan.window.offsets_s,
        speed=context.pace.speed,
        seed=plan.sha256,
    )
    return {**os.environ, "TARGET_URL": context.probe.base_url, "DEPLOY_VERDICT_WINDOW": window.id}


def _awaited(context: Context, process: subprocess.Popen[bytes], timeout_s: float) -> Fault | None:
    clock = context.pace.clock
    until_s = clock.monotonic_s() + timeout_s
    while True:
        if context.stop.requested:
            return _fault("stopped", "ended, because the run was stopped")
        remaining_s = until_s - clock.monotonic_s()
        if remaining_s <= 0:
            return _fault("timeout", f"no end within {shown_duration(timeout_s)}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=min(POLL_S, remaining_s))
            return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the complete process group: SIGTERM first, then SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_S)
    # Needed even if the command itself has ended: a child may remain.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Tail:
    """Reads a stream to its end, so that its writer never blocks, and keeps the last bytes."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept = b""
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        if stream is None:
            return
        with stream:
            while data := os.read(stream.fileno(), 65536):
                self._kept = (self._kept + data)[-KEPT_OUTPUT_BYTES:]

    def text(self) -> str:
        """Return the end of the output as one line. Does not wait for children that still hold the stream."""
        self._reader.join(timeout=1.0)
        return " ".join(self._kept.decode("utf-8", errors="replace").split())[-400:]
