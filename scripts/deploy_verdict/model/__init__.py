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
        EarlierVerdict,
        Evidence,
        Finding,
        Layout,
        Loaded,
        MeasuredValue,
        NextAction,
        Observation,
        RollbackFile,
        RootCause,
        RunFile,
        SentNotification,
        Slot,
        Subject,
        Unreadable,
        Verdict,
        WindowFile,
        WindowFrame,
        WindowRef,
    )
    from deploy_verdict.model.logs import (
        CanaryPath,
        CanaryReading,
        LogAtT0,
        LogLine,
        LogObservation,
        PathAnswers,
        PatternCount,
        Silence,
        TemplateCount,
        UnseenRequests,
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
        OtherAnswer,
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
        NeighbourService,
        PathTraffic,
        Point,
        PreviousTrafficObservation,
        Series,
        ServicesObservation,
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
    "CanaryPath",
    "CanaryReading",
    "CapturedRun",
    "CaseObservation",
    "Coverage",
    "CriterionResult",
    "Deployment",
    "DeploymentObservation",
    "DeploymentStep",
    "EarlierVerdict",
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
    "LogAtT0",
    "LogLine",
    "LogObservation",
    "MeasuredValue",
    "MetricsObservation",
    "NeighbourService",
    "NextAction",
    "Observation",
    "OtherAnswer",
    "Outcome",
    "PathAnswers",
    "PathTraffic",
    "PatternCount",
    "Point",
    "PreviousTrafficObservation",
    "Race",
    "Reading",
    "Record",
    "RollbackFile",
    "RootCause",
    "RunFile",
    "SentNotification",
    "Series",
    "ServicesObservation",
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
    "UnseenRequests",
    "Verdict",
    "VerdictOutcome",
    "Waking",
    "Whose",
    "WindowFile",
    "WindowFrame",
    "WindowRef",
    "dumped",
]

# Ordered so that each module needs only those before it.
_MODULES = ("enums", "observations", "logs", "drives", "platform", "files")


def __getattr__(name: str) -> Any:
    """Load a name's module when the name is first used: a command's --help needs no record."""
    if name in __all__:
        for module in _MODULES:
            held = vars(import_module(f"{__name__}.{module}"))
            if name in held:
                globals()[name] = held[name]
                return held[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
