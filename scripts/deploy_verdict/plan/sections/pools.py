"""The pools section of a plan: what is read, how often, and what the readings must prove. Pure."""

import math
import re
from typing import Annotated, Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from deploy_verdict.base.units import Duration, Percent
from deploy_verdict.expect.numbers import CONSTANT, names_in_number, parse_number
from deploy_verdict.model import Severity
from deploy_verdict.plan.requests import Part, Request, UrlPath, checked_path

_RATE = re.compile(r"(\d+(?:\.\d+)?) ?/ ?s")
# No run of a drive or a top-up starts after this many have failed, each with its cleanup.
MOST_FAILED = 10
FASTEST_PER_S = 50.0


def rate_per_s(value: Any) -> float:
    """Parse "20/s" as 20.0."""
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not 0 < float(match.group(1)) <= FASTEST_PER_S:
        raise ValueError(f"{value!r} is not a rate — write one like 20/s, up to {FASTEST_PER_S:g}/s")
    return float(match.group(1))


Rate = Annotated[
    float, BeforeValidator(rate_per_s), WithJsonSchema({"type": "string", "pattern": "^[0-9.]+ ?/ ?s$"})
]


class ReturnToFloor(Part):
    """Many cycles of an E2E test's steps at the window's end, which must leave the pool as it was."""

    test: str = Field(description="the E2E test whose steps are one cycle")
    cycles: int = Field(default=1000, ge=20, le=20_000, description="1,000 find one leak in 500 with 86 %")
    rate: Rate = Field(default=20.0, description="requests per second at most")
    limit: Duration = Field(default=300.0, gt=0, le=600, description="the longest that all cycles may take")
    settle: Duration = Field(default=30.0, le=300, description="the wait for an idle pool after them")


MOST_REQUESTS = 1000
# Rounds go on until the gauge is proven. Even if only one in three shows our load, sixty are enough.
MOST_ROUNDS = 60
# Readings of the gauge under each round's load; as many follow at rest.
FEWEST_READINGS, MOST_READINGS = 3, 12


def check_or_path(value: str) -> str:
    """Check a path from the root; the cross-check looks up any other value as a health check's name."""
    return str(checked_path(value)) if value.startswith("/") else value


class Exercise(Part):
    """Rounds of concurrent requests that alternate with rest; the gauge is read in both."""

    ask: tuple[Annotated[str, AfterValidator(check_or_path)], ...] = Field(
        strict=False, min_length=1, description="paths to GET, or names of health checks; cheap ones"
    )
    at_once: int = Field(default=8, ge=2, le=32, description="how many requests are under way together")
    times: int = Field(default=2, ge=1, le=10, description="how often each of them asks in one round")
    rounds: int = Field(
        default=10,
        ge=7,
        le=16,
        description="turns of load and rest; as many again, until the gauge is proven",
    )
    for_: Duration = Field(default=10.0, gt=0, le=60, alias="for", description="how long these turns take")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.rounds * self.in_a_round > MOST_REQUESTS:
            count = self.rounds * self.in_a_round
            raise ValueError(
                f"an exercise of {count} requests — at most {MOST_REQUESTS}: lower at_once or rounds"
            )
        return self

    @property
    def in_a_round(self) -> int:
        """The number of requests in one round."""
        return self.at_once * self.times

    @property
    def proof_rounds(self) -> tuple[int, ...]:
        """The numbers of rounds after which to test whether the gauge is proven."""
        most = min(MOST_ROUNDS, MOST_REQUESTS // self.in_a_round)
        return tuple(range(self.rounds, max(self.rounds, most) + 1, self.rounds))

    @property
    def requests(self) -> int:
        """The number of requests at most, without the readings of the gauge."""
        return self.in_a_round * self.proof_rounds[-1]

    @property
    def readings(self) -> int:
        """The number of readings of the gauge at most."""
        return (1 + 2 * MOST_READINGS) * self.proof_rounds[-1]


# Five blocks of two: with fewer, no rise of a shared pool is beyond chance.
FLOOR_READINGS = 10


# One reading in five seconds, and ten seconds a minute for what else is due. That is as many requests as two
# checks a minute, and 20 s of an exhausted pool show in at least two readings
# (docs/explanation/calibration.md).
SPREAD_READINGS, SPREAD_SHARE = 10, 5 / 6


class Burst(Part):
    """How one sample reads the gauge: this many readings make one sample."""

    for_: Duration = Field(default=30.0, alias="for")
    every: Duration = Field(default=1.0, gt=0)

    @property
    def readings(self) -> int:
        """The number of readings in a complete burst; at least one."""
        return max(1, int(self.for_ / self.every + 1e-9))

    def over(self, long_s: float) -> "Burst":
        """Return the same readings over a longer time; fewer than SPREAD_READINGS stay together."""
        if self.readings < SPREAD_READINGS or long_s <= self.for_:
            return self
        return Burst.model_construct(for_=long_s, every=long_s / self.readings)

    def spread(self, over_s: float) -> "Burst":
        """Return fewer readings over most of that time, for a sample between the regular ones."""
        long_s = SPREAD_SHARE * over_s
        if self.readings <= SPREAD_READINGS or long_s <= self.for_:
            return self
        return Burst.model_construct(for_=long_s, every=long_s / SPREAD_READINGS)


class Band(Part):
    """Stable utilization: every sample's mean within so many percentage points of the median."""

    points: float = Field(gt=0, strict=False)
    severity: Severity = Field(default=Severity.P2, strict=False)


class Number(Part):
    """One number of a gauge: what to take from the answer, and from which address if not the pool's own."""

    from_: str = Field(alias="from", description="a number, as used has it")
    get: UrlPath | None = Field(default=None, description="the address, where it is another one")

    def __str__(self) -> str:
        return self.from_ if self.get is None else f"{self.from_} of {self.get}"

    @model_validator(mode="after")
    def _readable(self) -> Self:
        parse_number(self.from_)
        return self

    @property
    def is_constant(self) -> bool:
        """Whether the plan itself gives the number, so that no answer is needed."""
        return all(term.kind == CONSTANT for term in parse_number(self.from_))


def number_of(value: Any) -> Any:
    """Parse a number of the plan: 20, "$.pool.total - $.pool.idle", or {get: PATH, from: …}."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if not isinstance(value, str) and not (math.isfinite(value) and value > 0):
        raise ValueError(f"{value} is no size of a pool — write a number above 0")
    return {"from": value if isinstance(value, str) else f"{value:.12g}"}


Gauged = Annotated[
    Number,
    BeforeValidator(number_of),
    WithJsonSchema(
        {
            "description": "$.json.path, number: $.json.path, text: REGEX, prometheus: name{label}, a "
            "name of the server's counts, or a constant; joined by + and -",
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["from"],
                    "properties": {"from": {"type": ["string", "number"]}, "get": {"type": "string"}},
                },
            ],
        }
    ),
]


class Of(Part):
    """Which of a server's connections count; names may contain *."""

    name: str | None = Field(default=None, description="Redis: the client's name (CLIENT SETNAME)")
    application_name: str | None = Field(default=None, description="PostgreSQL: application_name")
    user: str | None = None
    address: str | None = Field(default=None, description="the client's address, such as 10.0.* or fd12:*")
    database: str | None = Field(default=None, description="PostgreSQL: the database")

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("chooses nothing — write one such as {name: zeues-*} or {user: app}")
        return self


REDIS, POSTGRES = "redis", "postgres"
# The counts of each server, by name; `clients` and all but the limits of PostgreSQL count what `of` chooses.
SERVER_COUNTS = {
    REDIS: ("connected_clients", "clients", "blocked_clients", "maxclients"),
    POSTGRES: (
        "connections",
        "active",
        "idle",
        "idle_in_transaction",
        "max_connections",
        "reserved_connections",
    ),
}
_SCHEMES = {REDIS: ("redis", "rediss"), POSTGRES: ("postgres", "postgresql")}
_OF_ALONE = {REDIS: ("application_name", "database"), POSTGRES: ("name",)}
# The value of a secret variable when a kept plan is judged again.
NOT_KEPT = "not-kept"


def checked_server(server: str, address: str) -> None:
    """Raise ValueError for an address that no server could have; it may be empty, or not kept."""
    if address in ("", NOT_KEPT):
        return
    try:
        parts = urlsplit(address)
        known = parts.scheme in _SCHEMES[server] and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        # The address itself is not shown: it may hold a password.
        raise ValueError(
            f"{server}: this is not an address — write one such as {_SCHEMES[server][0]}://host:port"
        )


class Pool(Request):
    """A pool to watch through the window, read at an address of the service or at its server."""

    name: str
    title: str | None = None
    redis: str | None = Field(
        default=None, repr=False, description="ask this Redis itself; with an empty address it is left out"
    )
    postgres: str | None = Field(
        default=None,
        repr=False,
        description="ask this PostgreSQL itself; with an empty address it is left out",
    )
    of: Of | None = Field(default=None, description="whose connections the server's counts mean")
    server: str | None = Field(
        default=None, description="the pool of this plan that asks the server itself; both must agree"
    )
    used: Gauged
    limit: Gauged
    free: Gauged | None = Field(default=None, description="used + free must be the limit")
    utilization: Gauged | None = Field(default=None, description="must be used / limit, in percent or 0..1")
    attention: Percent = 70.0
    critical: Percent = 80.0
    burst: Burst = Burst()
    safe_for: Duration = Field(
        default=21600.0,
        gt=0,
        description="the time until the next review; a leak must not fill the pool within it",
    )
    stays_within: Band | None = None
    beside: tuple[str, ...] = Field(
        default=(), strict=False, description="health checks to repeat at each regular sample"
    )
    return_to_floor: ReturnToFloor | None = Field(
        default=None, description="many cycles at the window's end, which must leave the pool as it was"
    )
    exercise: Exercise | None = Field(default=None, description="a load at T+0 that the gauge must show")

    @model_validator(mode="after")
    def _bands(self) -> Self:
        if self.attention >= self.critical:
            raise ValueError("attention must lie below critical — swap them")
        if self.used.is_constant:
            raise ValueError(
                f"used: {self.used} never changes — write where the service or its server tells it"
            )
        if self.writes:
            raise ValueError(
                "a pool is read with get: a sample must not change anything — write get: and the path of "
                "its numbers"
            )
        if self.return_to_floor is not None and self.burst.readings < FLOOR_READINGS:
            raise ValueError(
                f"return_to_floor compares two bursts, and these have {self.burst.readings} readings: fewer "
                f"than {FLOOR_READINGS} cannot tell a leak from chance — write `burst: {{for: 30s}}`"
            )
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        """Refuse a pool of both the service and a server, or a number that its source does not have."""
        asked = [name for name in (REDIS, POSTGRES) if getattr(self, name) is not None]
        if len(asked) > 1 or (asked and self.is_requested):
            both = " and ".join([*asked, *(["get"] if self.is_requested else [])])
            raise ValueError(f"{both} in one pool — keep one; several pools may watch the same thing")
        of_server = [(key, name) for key, number in self.numbers for name in names_in_number(number.from_)]
        if not asked:
            if of_server:
                key, name = of_server[0]
                metric = f", or prometheus: {name} for a metric" if "_" in name else ""
                raise ValueError(
                    f"{key}: {name!r} is not a selector — write $.{name} for a JSON field{metric}"
                )
            if self.of is not None:
                raise ValueError("of: belongs to redis: or postgres:, whose connections it chooses from")
            return self
        server = asked[0]
        checked_server(server, self.address)
        known = SERVER_COUNTS[server]
        for key, number in self.numbers:
            needed = names_in_number(number.from_)
            unknown = [name for name in needed if name not in known]
            if unknown or number.get or not (needed or number.is_constant):
                what = repr(unknown[0] if unknown else str(number))
                raise ValueError(f"{key}: {what} is not a count of {server} — known: {', '.join(known)}")
        wrong = [key for key in _OF_ALONE[server] if self.of and getattr(self.of, key) is not None]
        if wrong:
            raise ValueError(f"of: {server} knows no {wrong[0]} of a connection — see docs/plan/pools.md")
        if self.server is not None:
            raise ValueError("server: belongs to a pool that the service itself tells of")
        return self

    def _needs_method(self) -> bool:
        return self.redis is None and self.postgres is None

    @property
    def is_requested(self) -> bool:
        """Whether a request to the service reads it."""
        return self.get is not None or self.head is not None

    @property
    def asks(self) -> str | None:
        """The kind of server that is read directly, or None."""
        return REDIS if self.redis is not None else POSTGRES if self.postgres is not None else None

    @property
    def address(self) -> str:
        """The server's address, with its credentials."""
        return self.redis or self.postgres or ""

    @property
    def credentials(self) -> tuple[str, ...]:
        """The secret parts of the server's address."""
        found = re.match(r"[a-z]+://[^:@/]*:([^@/]+)@", self.address)
        return (found.group(1), unquote(found.group(1))) if found else ()

    @property
    def method(self) -> str:
        return "GET" if self.asks else super().method

    @property
    def path(self) -> str:
        """The path of the request; "" for a pool read at its server."""
        return "" if self.asks else super().path

    @property
    def host(self) -> str | None:
        """The host of the request; None for a pool read at its server."""
        return None if self.asks else super().host

    @property
    def numbers(self) -> tuple[tuple[str, Number], ...]:
        """The gauge's numbers, by the plan's keys."""
        named = (
            ("used", self.used),
            ("limit", self.limit),
            ("free", self.free),
            ("utilization", self.utilization),
        )
        return tuple((key, number) for key, number in named if number is not None)

    @property
    def other_paths(self) -> tuple[str, ...]:
        """The addresses of its numbers besides the pool's own."""
        paths = dict.fromkeys(number.get for _, number in self.numbers if number.get is not None)
        return tuple(path for path in paths if path is not None and path != self.path)
