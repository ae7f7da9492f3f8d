"""The closed set of faults, what each breaks. Pure: the breaking itself stands where the thing is built."""

from enum import StrEnum


class Fault(StrEnum):
    """One way in which the backend is broken; NONE is the healthy backend. A process has exactly one."""

    NONE = "none"
    COMPLETAR_BUG = "completar-bug"
    POOL_EXHAUSTED = "pool-exhausted"
    POOL_LEAK = "pool-leak"
    SLOW_LEAK = "slow-leak"
    OLD_POOL_SIZE = "old-pool-size"
    MISSING_FIELD = "missing-field"
    DEAD_GAUGE = "dead-gauge"
    FLAKY_500 = "flaky-500"
    SLOW = "slow"
    HEALTH_UNHEALTHY = "health-unhealthy"
    TOO_MANY_CONNECTIONS_IN_LOG = "too-many-connections-in-log"
    DOWN = "down"
    HTML_502 = "html-502"
    LOCK_BROKEN = "lock-broken"
    LOG_SILENT = "log-silent"
    HISTORY_EMPTY = "history-empty"


_DESCRIPTIONS: dict[Fault, str] = {
    Fault.NONE: "healthy: every endpoint keeps its contract",
    Fault.COMPLETAR_BUG: "CompletarRequest lacks 'operacion': COMPLETAR answers 500, traceback in the log",
    Fault.POOL_EXHAUSTED: "all connections are held: occupation answers 500, stats 20/20, health 503",
    Fault.POOL_LEAK: "connections leak from the first stats request on: 17 of 20 in two hours of plan time",
    Fault.SLOW_LEAK: "as pool-leak, but only about 8 connections in two hours: never 70 percent",
    Fault.OLD_POOL_SIZE: "the pool has 50 connections instead of 20: Phase 2 is not deployed",
    Fault.MISSING_FIELD: "/api/redis-connection-stats lacks active_connections and utilization_percent",
    Fault.DEAD_GAUGE: "stats and health always answer 3 of 20, although the pool moves",
    Fault.FLAKY_500: "every 12th request to /api/occupation/ answers 500, traceback in the log",
    Fault.SLOW: "every 5th POST /api/occupation/tomar takes 2.3 seconds",
    Fault.HEALTH_UNHEALTHY: "/api/health answers 200, but says unhealthy: its Redis probe fails",
    Fault.TOO_MANY_CONNECTIONS_IN_LOG: "the log says so every 24 plan minutes; answers are fine",
    Fault.DOWN: "stops listening right after the ready line: connections are refused",
    Fault.HTML_502: "/api/health and /api/redis-connection-stats answer the edge's 502, an HTML page",
    Fault.LOCK_BROKEN: "TOMAR ignores the lock: two workers can occupy one spool at the same time",
    Fault.LOG_SILENT: "works, but logs nothing once it is ready",
    Fault.HISTORY_EMPTY: "history answers 200 with no sessions, whatever was done",
}

FAULTS: dict[str, str] = {fault.value: _DESCRIPTIONS[fault] for fault in Fault}
"""Name -> one line on what it breaks. Plain names as keys: argparse shows its choices as they print."""

LEAK_WINDOW_S = 7200.0
"""Plan time in which a leak takes all the connections it is going to take."""

LEAKED_CONNECTIONS: dict[Fault, int] = {Fault.POOL_LEAK: 14, Fault.SLOW_LEAK: 8}
"""How many connections each leak takes; the healthy backend holds about 3 besides, so 14 makes 17."""

TOO_MANY_CONNECTIONS_EVERY_S = 1440.0
"""Plan time between two lines of TOO_MANY_CONNECTIONS_IN_LOG: five in two hours."""

FLAKY_EVERY = 12
"""Of FLAKY_500. One E2E run makes 14 or more occupation requests, so each run meets at least one 500."""

SLOW_EVERY = 5
SLOW_DELAY_S = 2.3
"""Of SLOW: longer than the two seconds that TOMAR may take."""
