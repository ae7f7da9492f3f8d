"""The closed set of faults, and what each breaks. Pure: a fault is applied where the broken part is built."""

from enum import StrEnum


class Fault(StrEnum):
    """One way in which the backend is broken; NONE is the healthy backend. A process has exactly one."""

    NONE = "none"
    COMPLETAR_BUG = "completar-bug"
    POOL_EXHAUSTED = "pool-exhausted"
    POOL_EXHAUSTED_LATER = "pool-exhausted-later"
    POOL_LEAK = "pool-leak"
    SLOW_LEAK = "slow-leak"
    OLD_POOL_SIZE = "old-pool-size"
    MISSING_FIELD = "missing-field"
    DEAD_GAUGE = "dead-gauge"
    CACHED_GAUGE = "cached-gauge"
    LYING_GAUGE = "lying-gauge"
    LOST_SAMPLES = "lost-samples"
    REQUEST_LEAK = "request-leak"
    FLAKY_500 = "flaky-500"
    SLOW = "slow"
    HEALTH_UNHEALTHY = "health-unhealthy"
    TOO_MANY_CONNECTIONS_IN_LOG = "too-many-connections-in-log"
    NEW_ERROR_IN_LOG = "new-error-in-log"
    REDIS_CANNOT_SAVE = "redis-cannot-save"
    DOWN = "down"
    HTML_502 = "html-502"
    LOCK_BROKEN = "lock-broken"
    LOG_SILENT = "log-silent"
    HISTORY_EMPTY = "history-empty"
    RAILWAY_FAILED_BUILD = "railway-failed-build"
    RAILWAY_CRASH_LATER = "railway-crash-later"
    RAILWAY_SUPERSEDED = "railway-superseded"
    RAILWAY_IN_FLIGHT = "railway-in-flight"
    RAILWAY_STOPPED = "railway-stopped"
    RAILWAY_NO_COMMIT = "railway-no-commit"
    RAILWAY_RATE_LIMITED = "railway-rate-limited"
    RAILWAY_FLAPPING_5XX = "railway-flapping-5xx"
    RAILWAY_HTML_403 = "railway-html-403"
    RAILWAY_EXPIRED_TOKEN = "railway-expired-token"  # noqa: S105  # the fault's name
    RAILWAY_SLOW = "railway-slow"
    RAILWAY_LOG_HOLE = "railway-log-hole"
    RAILWAY_LOG_DROPPED = "railway-log-dropped"
    RAILWAY_CANARY_CUT = "railway-canary-cut"
    TRAFFIC_5XX = "traffic-5xx"
    MEMORY_LEAK = "memory-leak"
    RAILWAY_OLD_CONTAINER = "railway-old-container"
    STALE_CODE = "stale-code"
    STALE_AT_FIRST = "stale-at-first"
    USERS_LOCKED_OUT = "users-locked-out"
    ONE_INSTANCE_BROKEN = "one-instance-broken"
    DOWN_BETWEEN_SAMPLES = "down-between-samples"
    RESTARTS = "restarts"
    CACHED_ANSWERS = "cached-answers"


_DESCRIPTIONS: dict[Fault, str] = {
    Fault.NONE: "healthy: every endpoint keeps its contract",
    Fault.COMPLETAR_BUG: "CompletarRequest lacks 'operacion': COMPLETAR answers 500, traceback in the log",
    Fault.POOL_EXHAUSTED: "all connections are held: occupation answers 500, stats 20/20, health 503",
    Fault.POOL_EXHAUSTED_LATER: "as pool-exhausted, from T+40min on; healthy until then",
    Fault.POOL_LEAK: "connections leak with the stats requests: 17 of 20 at the end of a window",
    Fault.SLOW_LEAK: "as pool-leak, but only about 8 connections in a window: never 70 percent",
    Fault.OLD_POOL_SIZE: "the pool has 50 connections instead of 20: Phase 2 is not running",
    Fault.MISSING_FIELD: "/api/redis-connection-stats lacks active_connections and utilization_percent",
    Fault.DEAD_GAUGE: "stats and health always answer 3 of 20, although the pool moves",
    Fault.CACHED_GAUGE: "stats and health repeat seven recorded numbers: they move, whatever the pool does",
    Fault.LYING_GAUGE: "stats and health show half of what is in use, and as available what is left",
    Fault.LOST_SAMPLES: "stats answer 429 to four samples of a window: T+45min to T+90min",
    Fault.REQUEST_LEAK: "every 500th occupation request leaves a connection behind: no window sees that",
    Fault.FLAKY_500: "every 12th request to /api/occupation/ answers 500, traceback in the log",
    Fault.SLOW: "every 5th POST /api/occupation/tomar takes 2.3 seconds",
    Fault.HEALTH_UNHEALTHY: "/api/health answers 200, but says unhealthy: its Redis probe fails",
    Fault.TOO_MANY_CONNECTIONS_IN_LOG: "the log says so every 24 plan minutes; answers are fine",
    Fault.NEW_ERROR_IN_LOG: "one error that no log had before the deployment, at T+24min; answers are fine",
    Fault.REDIS_CANNOT_SAVE: "Railway: Redis itself logs at T+24min that its disk is full; answers are fine",
    Fault.DOWN: "stops listening right after the ready line: connections are refused",
    Fault.HTML_502: "/api/health and /api/redis-connection-stats answer the edge's 502, an HTML page",
    Fault.LOCK_BROKEN: "TOMAR ignores the lock: two workers can occupy one spool at the same time",
    Fault.LOG_SILENT: "works, but logs nothing once it is ready",
    Fault.HISTORY_EMPTY: "history answers 200 with no sessions, whatever was done",
    Fault.RAILWAY_FAILED_BUILD: "Railway: the build failed, and what was live before goes on serving",
    Fault.RAILWAY_CRASH_LATER: "Railway: CRASHED from T+30min on, after SUCCESS",
    Fault.RAILWAY_SUPERSEDED: "Railway: another commit is live from T+45min on",
    Fault.RAILWAY_IN_FLIGHT: "Railway: still BUILDING for three seconds, then SUCCESS",
    Fault.RAILWAY_STOPPED: "Railway: SUCCESS, but all instances have stopped",
    Fault.RAILWAY_NO_COMMIT: "Railway: deployed by `railway up`, so no commit is known",
    Fault.RAILWAY_RATE_LIMITED: "Railway's API: HTTP 429 from the fourth request on",
    Fault.RAILWAY_FLAPPING_5XX: "Railway's API: every third request answers 502; asking again helps",
    Fault.RAILWAY_HTML_403: "Railway's API: the edge refuses us with an HTML page",
    Fault.RAILWAY_EXPIRED_TOKEN: "Railway's API: Not Authorized, in an HTTP 200",
    Fault.RAILWAY_SLOW: "Railway's API: each answer takes 1.5 seconds",
    Fault.RAILWAY_LOG_HOLE: "Railway's log has no line from T+40min to T+90min",
    Fault.RAILWAY_LOG_DROPPED: "Railway's log says that lines were dropped (500 a second)",
    Fault.RAILWAY_CANARY_CUT: "the edge's HTTP log holds three of ten requests",
    Fault.TRAFFIC_5XX: "every 20th request of others to the history answers 500; ours never do",
    Fault.MEMORY_LEAK: "memory grows from 0.3 to 0.8 of 1 GB in two hours",
    Fault.RAILWAY_OLD_CONTAINER: "Railway: the removed container still answers every 10th request of others",
    Fault.STALE_CODE: "Railway: SUCCESS, but the code before all of the fixes goes on answering",
    Fault.STALE_AT_FIRST: "the code before the model fix answers for the first plan minute, then the new one",
    Fault.USERS_LOCKED_OUT: "every request of others answers 401 from T+30min on; ours need no login",
    Fault.ONE_INSTANCE_BROKEN: "one connection in four leads to an instance whose /api/workers answers 500",
    Fault.DOWN_BETWEEN_SAMPLES: "503 from minute 3 to 12 of each quarter of an hour; well at each sample",
    Fault.RESTARTS: "the process starts anew every 10 plan minutes: its start time and its log say so",
    Fault.CACHED_ANSWERS: "a cache answers /api/health and /api/workers with its copies (Age, X-Cache)",
}

FAULTS: dict[str, str] = {fault.value: _DESCRIPTIONS[fault] for fault in Fault}
"""Name -> one line on what it breaks. Plain names as keys: argparse shows its choices as they print."""

LEAKED_CONNECTIONS: dict[Fault, int] = {Fault.POOL_LEAK: 14, Fault.SLOW_LEAK: 8}
"""How many connections each leak takes; the healthy backend holds about 3 besides, so 14 makes 17."""

SAMPLES_AFTER_T0 = range(2, 10)
"""Of the bursts of readings in a window of plans/zeues.yml."""

LEAKING_READINGS: dict[Fault, tuple[int, ...]] = {Fault.POOL_LEAK: (8, 22), Fault.SLOW_LEAK: (15,)}
"""At which readings of each of these samples a leak takes a connection, until it has all that it takes."""

TOO_MANY_CONNECTIONS_EVERY_S = 1440.0
"""Plan time between two lines of TOO_MANY_CONNECTIONS_IN_LOG: five in two hours."""

LEAKS_EVERY = 500
"""Of REQUEST_LEAK, in occupation requests: a whole window sends about 200."""

NEW_ERROR_AFTER_S = 1440.0
"""Plan time at which NEW_ERROR_IN_LOG writes its one line."""

EXHAUSTED_AFTER_S = 2400.0
"""Plan time at which POOL_EXHAUSTED_LATER takes every connection: T+45min is the first sample to see it."""

FLAKY_EVERY = 12
"""Of FLAKY_500. One E2E run makes 14 or more occupation requests, so each run meets at least one 500."""

SLOW_EVERY = 5
SLOW_DELAY_S = 2.3
"""Of SLOW: longer than the two seconds that TOMAR may take."""

REDIS_CANNOT_SAVE_AFTER_S = 1440.0
"""Plan time at which REDIS_CANNOT_SAVE writes its two lines."""

# Under traffic-5xx, every so many requests of others to the history fails.
TRAFFIC_5XX_EVERY = 20

BEFORE_THE_MODEL_FIX = (Fault.COMPLETAR_BUG, Fault.STALE_CODE)
BEFORE_THE_POOL = (Fault.OLD_POOL_SIZE, Fault.STALE_CODE)
"""Which code answers, under faults that are about that."""

STALE_FOR_S = 60.0
"""Of STALE_AT_FIRST: plan time since the first probe."""

SAMPLES_REFUSED = range(4, 8)
"""Of LOST_SAMPLES, in bursts: the four from T+45min to T+90min."""

LOCKED_OUT_AFTER_S = 1800.0
"""Of USERS_LOCKED_OUT: plan time since the first probe."""

INSTANCES = 4
"""Of ONE_INSTANCE_BROKEN: connections are handed to them in turn."""

DOWN_FROM_S, DOWN_UNTIL_S, DOWN_EVERY_S = 180.0, 720.0, 900.0
"""Of DOWN_BETWEEN_SAMPLES, in plan time."""

RESTARTS_EVERY_S = 600.0
"""Of RESTARTS, in plan time."""
