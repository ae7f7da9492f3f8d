"""The records in files: evidence on one side of the judge, the verdict on the other.

Names carry units; times are UTC. Evidence holds observations and never an outcome, so that it can be judged
again under a corrected plan. Adding a field keeps the schema's number.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy_verdict.model.drives import (
        ExerciseObservation,
        ExerciseRound,
        FailedRun,
        FloorObservation,
        Tally,
        TopUpObservation,
    )
    from deploy_verdict.model.enums import (
        UNPROVEN_LEVEL,
        Outcome,
        Record,
        Severity,
        VerdictOutcome,
        Whose,
        dumped,
    )
    from deploy_verdict.model.files import (
        CapturedRun,
        Coverage,
        CriterionResult,
        Evidence,
        Finding,
        Layout,
        Loaded,
        MeasuredValue,
        Observation,
        RunFile,
        Slot,
        Subject,
        Unreadable,
        Verdict,
        WindowFile,
        WindowFrame,
        WindowRef,
    )
    from deploy_verdict.model.logs import (
        LogLine,
        LogObservation,
        PathAnswers,
        PatternCount,
        Silence,
        TemplateCount,
    )
    from deploy_verdict.model.observations import (
        Attempt,
        AwaitedAnswer,
        AwaitedObservation,
        BurstObservation,
        CaseObservation,
        Exchange,
        Fault,
        FingerprintAttempt,
        FingerprintObservation,
        HttpObservation,
        LedgerEntry,
        LedgerObservation,
        Race,
        Reading,
        StepRecord,
        StoppedObservation,
        SuiteObservation,
        TestObservation,
        Unrestored,
    )
    from deploy_verdict.model.platform import (
        Deployment,
        DeploymentObservation,
        DeploymentStep,
        Instance,
        Judged,
        MetricsObservation,
        PathTraffic,
        Point,
        PreviousTrafficObservation,
        Series,
        Settings,
        TrafficObservation,
        Waking,
    )

__all__ = [
    "UNPROVEN_LEVEL",
    "Attempt",
    "AwaitedAnswer",
    "AwaitedObservation",
    "BurstObservation",
    "CapturedRun",
    "CaseObservation",
    "Coverage",
    "CriterionResult",
    "Deployment",
    "DeploymentObservation",
    "DeploymentStep",
    "Evidence",
    "Exchange",
    "ExerciseObservation",
    "ExerciseRound",
    "FailedRun",
    "Fault",
    "Finding",
    "FingerprintAttempt",
    "FingerprintObservation",
    "FloorObservation",
    "HttpObservation",
    "Instance",
    "Judged",
    "Layout",
    "LedgerEntry",
    "LedgerObservation",
    "Loaded",
    "LogLine",
    "LogObservation",
    "MeasuredValue",
    "MetricsObservation",
    "Observation",
    "Outcome",
    "PathAnswers",
    "PathTraffic",
    "PatternCount",
    "Point",
    "PreviousTrafficObservation",
    "Race",
    "Reading",
    "Record",
    "RunFile",
    "Series",
    "Settings",
    "Severity",
    "Silence",
    "Slot",
    "StepRecord",
    "StoppedObservation",
    "Subject",
    "SuiteObservation",
    "Tally",
    "TemplateCount",
    "TestObservation",
    "TopUpObservation",
    "TrafficObservation",
    "Unreadable",
    "Unrestored",
    "Verdict",
    "VerdictOutcome",
    "Waking",
    "Whose",
    "WindowFile",
    "WindowFrame",
    "WindowRef",
    "dumped",
]

# From what all the others need to what needs all the others.
_MODULES = ("enums", "observations", "logs", "drives", "platform", "files")


def __getattr__(name: str) -> Any:
    """Load a name's module when the name is first used: a command's help needs no record."""
    if name in __all__:
        for module in _MODULES:
            held = vars(import_module(f"{__name__}.{module}"))
            if name in held:
                globals()[name] = held[name]
                return held[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
