"""How we authenticate to a service (token, password, key, login), and other hosts that a plan reads. Pure."""

import base64
import re
from collections.abc import Iterator
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import HostPath, Part, Selector, UrlPath, split_host
from deploy_verdict.plan.writes.spellings import folded
from deploy_verdict.plan.writes.write_guard import OVERRIDES, is_declared_read

Path = tuple[str | int, ...]
# Fields of a login that hold no secrets, in any spelling.
_NAMES = {"user", "username", "email", "login", "clientid", "granttype", "scope", "audience", "realm"}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def checked_address(value: str) -> str:
    """Return a service's address without a trailing slash; raise ValueError for an invalid one."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        is_host = isinstance(value, str) and re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?", value)
        instead = f"https://{value}" if is_host else "one such as https://service.example.com"
        raise ValueError(f"{value!r} is not an address — write {instead}")
    if parts.query or parts.fragment:
        raise ValueError(f"{value!r} has a query or fragment — write the address only")
    return value.rstrip("/")


def _sendable(name: str, value: str) -> None:
    """Raise ValueError if a header cannot be sent; the message never shows the value."""
    if not _HEADER.fullmatch(name):
        raise ValueError(f"{name!r} is not a header's name — write one such as X-Api-Key")
    if folded(name) in OVERRIDES:
        raise ValueError(f"{name} asks for another method — write the key's own header, such as X-Api-Key")
    if not value.isascii() or not value.isprintable() or not value.strip():
        raise ValueError(f"the value for {name} is empty, or holds a line end or a character beyond ASCII")


class Login(Part):
    """A request that logs us in; its token or cookies go with every later request."""

    post: HostPath
    json_: JsonValue = Field(default=None, alias="json", description="the login's JSON body", repr=False)
    form: dict[str, str] | None = Field(
        default=None, description="the login's fields, sent as a form: OAuth 2", repr=False
    )
    token: Selector | None = Field(default=None, description="where the token stands: $.access_token")
    header: dict[str, str] = Field(
        default_factory=lambda: {"Authorization": "Bearer {token}"},
        description="how the token is sent; default: as a bearer token",
    )
    cookies: bool = Field(default=False, description="send the cookies that the login sets")
    renew_every: Duration | None = Field(
        default=None, gt=0, description="how long a token holds; else its `expires_in`, else until a 401"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.json_ is None) == (self.form is None):
            raise ValueError('a login sends json or form — write json: {user: ci, password: "${PASSWORD}"}')
        if self.token is None and not self.cookies:
            raise ValueError(
                "a login gives a token or cookies — write token: $.access_token, or cookies: true"
            )
        if self.token is not None and not any("{token}" in value for value in self.header.values()):
            raise ValueError('header sends no {token} — write header: {Authorization: "Bearer {token}"}')
        for name, value in self.header.items():
            _sendable(name, value)
        return self

    @property
    def path(self) -> str:
        """The path of the request, without its host."""
        return split_host(self.post)[1]

    @property
    def host(self) -> str | None:
        """The name of the host that logs us in; None is the host that gets the requests."""
        return split_host(self.post)[0]


class Auth(Part):
    """How we authenticate: exactly one of these."""

    bearer: str | None = Field(default=None, description='a token: "${API_TOKEN}"', repr=False)
    basic: str | None = Field(default=None, description='"${USER}:${PASSWORD}"', repr=False)
    header: dict[str, str] | None = Field(
        default=None, description='a key of its own: {X-Api-Key: "${API_KEY}"}', repr=False
    )
    login: Login | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        used = [name for name in ("bearer", "basic", "header", "login") if getattr(self, name)]
        if len(used) != 1:
            found = f"{' and '.join(used)} in one auth — keep one" if used else "auth says nothing"
            raise ValueError(f'{found}: write auth: {{bearer: "${{API_TOKEN}}"}}, or basic, header, login')
        if self.bearer and self.bearer.lower().startswith("bearer "):
            raise ValueError('bearer takes the token alone — write bearer: "${API_TOKEN}"')
        if self.basic and ":" not in self.basic:
            raise ValueError('basic takes a user and a password — write basic: "${USER}:${PASSWORD}"')
        for name, value in self.headers.items():
            _sendable(name, value)
        return self

    @property
    def headers(self) -> dict[str, str]:
        """The headers that authenticate us; those of a login hold {token} in its place."""
        if self.bearer:
            return {"Authorization": f"Bearer {self.bearer}"}
        if self.basic:
            return {"Authorization": f"Basic {base64.b64encode(self.basic.encode()).decode()}"}
        if self.login:
            return dict(self.login.header) if self.login.token else {}
        return dict(self.header or {})

    @property
    def secrets(self) -> Iterator[tuple[str, str]]:
        """Each secret with a name, for the redactor."""
        if self.login is None:
            yield from ((f"auth {name}", value) for name, value in self.headers.items())
        if self.basic:
            yield "auth basic", self.basic
            yield "auth password", self.basic.partition(":")[2]
        for path, value in self._texts():
            if not _is_name(path):
                yield f"auth {path[-1]}", value

    def secret_places(self) -> Iterator[Path]:
        """Yield the path of each secret, which only a variable may hold."""
        yield from ((name,) for name in ("bearer", "basic") if getattr(self, name))
        yield from (("header", name) for name in self.header or {})
        yield from (("login", *path) for path, _ in self._texts() if not _is_name(path))

    def _texts(self) -> Iterator[tuple[Path, str]]:
        if self.login is not None:
            yield from _texts_of(self.login.json_, ("json",))
            yield from _texts_of(self.login.form, ("form",))


def _is_name(path: Path) -> bool:
    words = [step for step in path if isinstance(step, str)]
    return re.sub(r"[^a-z]", "", words[-1].lower()) in _NAMES


def _texts_of(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _texts_of(item, (*path, key))


def _auth(value: Any) -> Any:
    # The value may be a secret, so no message shows it.
    if value is not None and not isinstance(value, dict | Auth):
        raise ValueError('auth says how — write auth: {bearer: "${API_TOKEN}"}, or basic, header, login')
    return value


AnyAuth = Annotated[Auth | None, BeforeValidator(_auth)]


class Host(Part):
    """Another host that checks may read: `get: admin:/metrics`."""

    base_url: Annotated[str, AfterValidator(checked_address)]
    auth: AnyAuth = None
    headers: dict[str, str] = Field(default={})
    timeout: Duration | None = Field(default=None, gt=0, description="default: the service's")
    reads: tuple[UrlPath, ...] = Field(
        default=(),
        strict=False,
        description="paths at which a POST only asks: [/api/v2/query/scalar]; no other POST is sent",
    )
    ours: bool | None = Field(
        default=None,
        description="whether it is part of the service, so that it must answer; default: where only its port "
        "differs from the service's. What another system does not tell is inconclusive",
    )

    def declares_read(self, method: str, path: str) -> bool:
        """Whether a request is a POST to one of `reads`, whatever its query."""
        return is_declared_read(self.reads, method, path)


def _host(value: Any) -> Any:
    return {"base_url": value} if isinstance(value, str) else value


AnyHost = Annotated[Host, BeforeValidator(_host, json_schema_input_type=str | Host)]
