"""How the demo's Railway behaves, as measured from the real one by `deploy-verdict railway probe`."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What may differ. `refused` has the message of each query that the token may not run."""

    refused: dict[str, str] = field(default_factory=dict)
    http_log_delay_s: float = 0.0
    deploy_log_delay_s: float = 0.0
    metrics_delay_s: float = 0.0
    gives_one_more: bool = True
    keeps_removed_logs: bool = True
    waits_for_ci: bool = False


def habits_of(path: Path) -> Habits:
    """Return the measured habits; what the file lacks keeps its default."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    facts = told["facts"]
    delays, live, removed = (facts.get(name) or {} for name in ("delays", "live", "removed_deployment"))
    return Habits(
        refused={row["query"]: row["reason"] for row in told["queries"] if not row["answered"]},
        http_log_delay_s=delays.get("http_log_delay_s") or 0.0,
        deploy_log_delay_s=delays.get("deploy_log_delay_s") or 0.0,
        metrics_delay_s=facts.get("metrics_newest_point_s_ago") or 0.0,
        gives_one_more=live.get("http_log_entries_of_limit_1") != 1,
        waits_for_ci=facts.get("wait_for_ci") is True,
        keeps_removed_logs=removed.get("http_log_entries") != 0,
    )


def shown_until(delay_s: float) -> datetime:
    """Return until when entries are visible that arrive this late."""
    return datetime.now(UTC) - timedelta(seconds=delay_s)
