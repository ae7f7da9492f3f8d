"""Railway's GraphQL API: one request gives one answer, or a typed reason why there is none.

Reads are retried with backoff inside a total budget; a write is sent once. Each document is a .graphql file
in documents/.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from deploy_verdict import __version__
from deploy_verdict.base.clock import Clock
from deploy_verdict.http.faults import is_connect_failure
from deploy_verdict.http.probe import Probe
from deploy_verdict.http.retry import Backoff, Retry
from deploy_verdict.model import Exchange
from deploy_verdict.railway.allowance import Allowance
from deploy_verdict.railway.errors import RailwayError, data_of, our_error
from deploy_verdict.railway.retired_fields import without_fields
from deploy_verdict.redaction.redactor import Redactor

ENDPOINT = "https://backboard.railway.com/graphql/v2"
# With any query string, Cloudflare accepts five times as many requests from one address.
SOURCE = "source=deploy_verdict"
# The redactor may need sixteen times as much memory. Larger pages of a log are read in smaller pieces.
MAX_BODY_BYTES = 5_000_000
_BACKOFF = Backoff(first_s=1.0, jitter=0.5)
_LEAST_S = 0.05
_DOCUMENTS = Path(__file__).parent / "documents"
# Each field of these documents is a fact of its own; in a log, a missing field would read as an empty one.
_MAY_LACK = (
    "project_token",
    "deployment",
    "deployments",
    "skipped",
    "active",
    "settings",
    "steps",
    "metrics",
)
_MOST_REFUSALS = 6
_FRAGMENTS = {"DeploymentFields": "deployment_fields.graphql", "LogFields": "log_fields.graphql"}


@dataclass(frozen=True, kw_only=True)
class Token:
    """A credential; its kind decides the header. `variable` is where it was found."""

    value: str = field(repr=False)
    kind: Literal["project", "account"]
    variable: str

    @property
    def header(self) -> dict[str, str]:
        """The header that carries it."""
        if self.kind == "project":
            return {"Project-Access-Token": self.value}
        return {"Authorization": f"Bearer {self.value}"}


def token_from(environment: Mapping[str, str]) -> Token:
    """Return the token as Railway's CLI does: RAILWAY_TOKEN, a project token, first. Raise RailwayError."""
    kinds: tuple[tuple[str, Literal["project", "account"]], ...] = (
        ("RAILWAY_TOKEN", "project"),
        ("RAILWAY_API_TOKEN", "account"),
    )
    for variable, kind in kinds:
        value = environment.get(variable, "").strip()
        if value:
            return Token(value=value, kind=kind, variable=variable)
    raise our_error(
        "no-token",
        "no token for Railway — set RAILWAY_TOKEN (a project token) or RAILWAY_API_TOKEN, or leave "
        "Railway out with --without railway",
    )


def client_from(
    environment: Mapping[str, str], *, clock: Clock, redactor: Redactor, hourly: int | None = None
) -> "RailwayClient":
    """Create a client with the environment's token, at RAILWAY_API_URL if set; raise RailwayError.

    `hourly` is how many requests an hour the account has, if that is known.
    """
    url = environment.get("RAILWAY_API_URL", "").strip() or ENDPOINT
    return RailwayClient(token_from(environment), url=url, clock=clock, redactor=redactor, hourly=hourly)


class RailwayClient:
    """A client of the API. `timeout_s` bounds one attempt, `budget_s` one read with all its attempts."""

    def __init__(
        self,
        token: Token,
        *,
        clock: Clock,
        redactor: Redactor,
        url: str = ENDPOINT,
        timeout_s: float = 20.0,
        budget_s: float = 90.0,
        hourly: int | None = None,
    ) -> None:
        self.token = token
        self._clock, self._budget_s = clock, budget_s
        self.allowance = Allowance(clock, hourly)
        self._remembered: dict[str, dict[str, Any]] | None = None
        # What is left of each document, and the fields that Railway has refused, in the order of its
        # refusals.
        self._kept: dict[str, str] = {}
        self._retired: dict[str, None] = {}
        # The token's own value stays out of every text, whatever variable it came from.
        self._redact = Redactor({token.variable: token.value}).text
        self._probe = Probe(
            base_url=url if "?" in url else f"{url}?{SOURCE}",
            timeout_s=timeout_s,
            max_body_bytes=MAX_BODY_BYTES,
            clock=clock,
            redactor=redactor,
            headers={"User-Agent": f"deploy-verdict/{__version__}", **token.header},
        )

    @property
    def retired(self) -> tuple[str, ...]:
        """The fields that Railway no longer knows, such as Deployment.canRollback."""
        return tuple(self._retired)

    def within(self, budget_s: float) -> "RailwayClient":
        """Return this client with a smaller budget for each read, for what can be requested later."""
        client = copy(self)
        client._budget_s = min(self._budget_s, budget_s)
        return client

    def remembering(self) -> "RailwayClient":
        """Return the same client for one sample: it requests nothing twice."""
        client = copy(self)
        client._remembered = {}
        return client

    def read(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return a query's data; raise RailwayError once it is refused for good, or the budget is spent."""
        if self._remembered is None:
            return self._read(document, variables)
        key = f"{document} {sorted(variables.items())}"
        if key not in self._remembered:
            self._remembered[key] = self._read(document, variables)
        return self._remembered[key]

    def _read(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        retry = Retry(self._clock, _BACKOFF, self._budget_s)
        for _ in range(_MOST_REFUSALS):
            try:
                return retry.call(lambda: self._attempt(document, variables, retry.left_s))
            except RailwayError as error:
                if not self._leaves_out(document, error):
                    raise self._without_token(error) from error
                refused = error
        raise self._without_token(refused) from refused

    def _leaves_out(self, document: str, error: RailwayError) -> bool:
        """Whether the document can be sent again without the fields that were refused."""
        if document not in _MAY_LACK or not error.retired:
            return False
        kept = without_fields(self._text(document), error.retired)
        if kept is None:
            return False
        self._kept[document] = kept
        self._retired |= dict.fromkeys(item.shown for item in error.retired)
        return True

    def _text(self, document: str) -> str:
        return self._kept.get(document) or text_of(document)

    def exchange(self, document: str, variables: Mapping[str, Any]) -> Exchange:
        """Send one request and return it with the answer's headers, to study the API; never raise."""
        body = {"query": text_of(document), "variables": dict(variables), "operationName": document}
        return self._probe.ask("POST", "", json=body)

    def change(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return a mutation's data, sent once; an `uncertain` error may have taken effect."""
        try:
            return self._attempt(document, variables, self._probe.timeout_s)
        except RailwayError as error:
            unsent = is_connect_failure(error.fault) or error.fault.kind in ("tls", "request")
            refused = error.fault.kind in (
                "unauthorized",
                "edge-refused",
                "invalid-query",
                "rate-limited",
                "edge-limited",
            )
            raise self._without_token(error, uncertain=not unsent and not refused) from error

    def _attempt(self, document: str, variables: Mapping[str, Any], left_s: float) -> dict[str, Any]:
        body = {"query": self._text(document), "variables": dict(variables), "operationName": document}
        within_s = max(_LEAST_S, min(self._probe.timeout_s, left_s))
        try:
            self.allowance.wait_turn()
            exchange = self._probe.ask("POST", "", json=body, timeout_s=within_s)
            self.allowance.learn(exchange.headers)
            return data_of(exchange)
        except RailwayError as error:
            error.is_cut_short = error.fault.kind == "timeout" and within_s < self._probe.timeout_s
            raise

    def _without_token(self, error: RailwayError, *, uncertain: bool = False) -> RailwayError:
        tries = f" (after {error.tries} tries)" if error.tries > 1 else ""
        detail = self._redact(error.fault.detail) + tries
        return RailwayError(error.fault.model_copy(update={"detail": detail}), uncertain=uncertain)


@cache
def text_of(document: str) -> str:
    """Return a document's text with the fragments that it uses."""
    text = (_DOCUMENTS / f"{document}.graphql").read_text(encoding="utf-8")
    for fragment, file in _FRAGMENTS.items():
        if f"...{fragment}" in text:
            text += (_DOCUMENTS / file).read_text(encoding="utf-8")
    return text
