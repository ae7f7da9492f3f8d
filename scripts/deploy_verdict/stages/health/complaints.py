"""What the body says against a good status: an error, a login page, content that cannot be read. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.base.units import path_of
from deploy_verdict.expect import Found, read_json, shown
from deploy_verdict.expect.selectors import is_binary
from deploy_verdict.model import Exchange

_NO = re.compile(r"(is_?)?(success(ful)?|ok|succeeded|healthy|valid|passed|alive|ready|up)")
_STATES = re.compile(r"(\w+_)?(status|state|result|outcome|health|availability|estado|zustand|statut|etat)")
_ERRORS = re.compile(
    r"err(or)?s?|exceptions?|faults?|err(or)?_?(msg|message|no|code|description|detail|text)|stack_?trace"
)
_CODES = ("status", "status_code", "http_status", "statuscode")
# The components of a service, as health endpoints list them. Lists of business objects and their states are
# none.
_PARTS = re.compile(
    r"health|details|components?|checks?|entries|dependenc(y|ies)|services|(sub)?systems|probes|indicators"
    r"|database|db|cache|redis|queue|broker|storage|postgres(ql)?|mysql|mongo(db)?|rabbitmq|kafka"
)
_ENVELOPES = ("data", "payload", "result", "response")
_BAD = re.compile(
    r"(not|no|un|dis|in|non)[ _-]?(ok|ready|healthy|available|connected|up|alive|reachable|disponible"
    r"|operational|serving)"
    r"|err(or|ors|ed)?|errored|fail(ed|ure|ing)?|faulty|down|ko|nok|crit(ical)?|fatal"
    r"|degraded([ _-]performance)?"
    r"|(partial|major|minor)[ _-]outage|broken|out[ _-]of[ _-]service|offline|stopped|dead|crash(ed|ing"
    r"|loop)?"
    r"|timed?[ _-]?out|timeout|refused|red|impaired|unstable|exhausted|overloaded|false|maintenance"
    r"|[45]\d\d|fehler|fehlerhaft|gest(ö|oe)rt|ausgefallen|kaputt|wartung|fallo|fallido|ca(í|i)do|degradado"
    r"|falha|erro"
    r"|indisponible|indispon(í|i)vel|en[ _-]panne|(é|e)chec|erreur|hors[ _-]service|errore|guasto|offline"
    r"|storing"
    r"|ошибка|недоступен|сбой|故障|异常|エラー|障害|停止"
)
_BAD_TEXT = re.compile(
    r"(?i)internal (server )?error|service (temporarily )?unavailable|bad gateway|gateway time-?out"
    r"|not authenticated"
    r"|unauthori[sz]ed|access denied|too many (requests|connections)|under maintenance|out of service"
)
_STATUS_LINE = re.compile(r"[45]\d\d [A-Z]")
_MOST_DEPTH = 4
_NOTHING = ("none", "no", "null", "ok", "false", "0", "success", "successful", "succeeded")
# Keys that, next to a code, make it the code of a failure.
_REASONS = {"message", "msg", "error", "detail", "reason", "description"}
_BAD_CODE = re.compile(
    r"(?i)(err(or)?|fail(ed|ure)?|exception|fatal)([_.\- ].*)?|.*[_.\- ](exception|failure)"
)
_SWITCHES = re.compile(r"(is_?)?(success(ful)?|ok|succeeded|healthy|alive|up)")
# Keys whose value true says that something is wrong.
_WRONG = re.compile(
    r"(is_?)?(unhealthy|degraded|maintenance(_mode)?|failed|failing|broken|unavailable|offline|down)"
)
_BEGINS_BAD = re.compile(r"(?i)(err(or)?|fail(ed|ure)?|exception|timeout|cannot|could not|unable)([ :]|\Z)")
_STATUS_IN_TEXT = re.compile(r"(?im)^(status|state|health)\s*[:=]\s*[\"']?(\w+)")
# What some frameworks prepend to JSON, so that no page can execute it.
_GUARD = ")]}',\n"
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_BAD_TITLE = re.compile(
    r"(?i)error|not found|unavailable|maintenance|exception|sign[ -]?in|log[ -]?(in|on)|forbidden|denied"
    r"|\b[45]\d\d\b"
    r"|bad gateway|anmeld|wartung|fehler|nicht (gefunden|verf)|iniciar sesi|acceso|no encontrad"
    r"|mantenimiento|connexion"
    r"|manuten|just a moment|attention required|welcome to nginx|default page|index of /|it works|for sale"
    r"|parked|coming soon|under construction"
    r"|erreur|introuvable|accedi|entrar|erro\b|вход|ошибка|登录|ログイン|エラー"
)
_HEADING = re.compile(r"(?is)<h[12][^>]*>(.*?)</h[12]>")
_HTML = re.compile(r"(?is)^\ufeff?\s*(<!--.*?-->\s*)*(<!doctype html|<html)")

# What frameworks print into a page or text when they break, whatever its status.
_TROUBLE = re.compile(
    r"Traceback \(most recent call last\)|<b>(Fatal error|Parse error|Warning)</b>:|Whitelabel Error Page"
    r"|(?m:^)Exception in thread |(?m:^)PHP Fatal error|(?m:^)\s+at [\w.$]+\([\w.]+\.(java|kt|scala):\d+\)"
)
_XML_FAILURE = re.compile(
    r"<(?:\w+:)?Fault\b[^>]*>|\A\s*(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(?:Error|ErrorResponse|Exception|ServiceException"
    r"|ExceptionReport)\b"
)
_PASSWORD = re.compile(r"(?i)<input[^>]*\btype=[\"']?password")
_REFRESH = re.compile(r"(?i)<meta[^>]*http-equiv=[\"']?refresh[^>]*url=[\"']?([^\"'> ]*)")
_LOCATION = re.compile(r"\blocation(?:\.href)?\s*=\s*[\"']([^\"']*)|\blocation\.(?:replace|assign)\(")
_UNSHOWN = re.compile(r"(?is)<(script|style|head|noscript)\b.*?</\1>")
# The empty element that an application's script fills; servers return that page for any path.
_SHELL = re.compile(r"(?i)<div[^>]*\bid=[\"']?(root|app|__next|__nuxt|svelte|q-app)[\"']?[^>]*>\s*</div>")
_BAD_PLACE = re.compile(
    r"(?i)/(log-?in|sign-?in|sign_in|auth|authorize|oauth2?|sso|saml2?|cas|sessions?/new|errors?|maintenance"
    r"|unavailable|offline|denied|forbidden|not-?found)(\.\w+)?(/|$)|\A/[45]\d\d(\.\w+)?\Z"
)
_TEXT = re.compile(r"(?i)json|text/|xml|html|javascript")
_FEWER_THAN_NOTHING = re.compile(r"ret(_?code)?|rc|return_?code|result_?code|err_?(no|code)")


def complaint_of(exchange: Exchange, path: str) -> str | None:
    """Return what a body says against its good status, to follow "a body that"; None if nothing."""
    body = exchange.body or ""
    place = path_of(exchange.redirects[-1]) if exchange.redirects else ""
    if _BAD_PLACE.search(place) and not _BAD_PLACE.search(path_of(path)):
        return f"came by a redirect to {place[:80]}"
    return _unreadable(exchange, body) or (
        _complaint_in_page(body, path) if is_page(body) else _complaint_in_text(exchange, body)
    )


def is_page(body: str) -> bool:
    """Return whether a body is HTML."""
    return _HTML.match(body) is not None


def kind_of_body(exchange: Exchange) -> str:
    """Describe what kind of body it is and where a redirect led, to follow "have"."""
    place = path_shape(path_of(exchange.redirects[-1]))[:80] if exchange.redirects else ""
    return _kind(exchange.body or "") + (f" by a redirect to {place}" if place else "")


def _kind(body: str) -> str:
    text = body.strip().removeprefix("\ufeff")
    if not text:
        return "nothing"
    if is_page(body):
        return "a page"
    first = {"{": "a JSON object", "[": "a JSON list", "<": "XML"}.get(text[0])
    return first or ("null" if text == "null" else "a text")


def _unreadable(exchange: Exchange, body: str) -> str | None:
    """Describe bytes where text was announced: compressed in a way not requested, or not declared."""
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    kind, coding = headers.get("content-type", ""), headers.get("content-encoding", "")
    if not is_binary(body) or not (_TEXT.search(kind) or coding):
        return None
    return f"could not be read (Content-Encoding: {coding or 'none'}, Content-Type: {kind or 'none'})"


def _complaint_in_page(body: str, path: str) -> str | None:
    heads = [" ".join(text.split())[:80] for text in (_TITLE.findall(body) or _HEADING.findall(body))]
    bad = next((text for text in heads[:1] if _BAD_TITLE.search(text)), None)
    if bad is not None:
        return f"is a page with the title {bad!r}"
    if _PASSWORD.search(body):
        return "is a page that asks for a password"
    if sent_on := _REFRESH.search(body) or _script_redirect(body):
        return f"is a page that only leads to {shown(sent_on[1] or 'elsewhere')}"
    if _SHELL.search(body) and path_of(path).strip("/"):
        return "is an application's empty page, which servers give for any path"
    return "holds an error of its framework" if _TROUBLE.search(body) else None


def _script_redirect(body: str) -> re.Match[str] | None:
    """Return the script that leads elsewhere, if the page shows nothing."""
    shows = re.sub(r"<[^>]*>", "", _UNSHOWN.sub("", body)).strip()
    return None if shows else _LOCATION.search(body)


def _complaint_in_text(exchange: Exchange, body: str) -> str | None:
    """Return what JSON, XML or plain text says against the status, or None."""
    document = read_json(body.removeprefix(_GUARD))
    if isinstance(document, Found):
        return _failure(document.value)
    text = body.strip()
    if _is_bad(text) or _BAD_TEXT.match(text) or _STATUS_LINE.match(text):
        return f"reads {shown(text[:80])}"
    stated = _STATUS_IN_TEXT.search(text[:4096])
    if stated and _is_bad(stated[2]):
        return f"reads {shown(stated[0])}"
    if found := _TROUBLE.search(text) or _XML_FAILURE.search(text[:4096]):
        return f"holds {shown(found[0].strip()[:60])}"
    is_cut = text[:1] in ("{", "[") and not exchange.body_truncated
    return f"begins as JSON and is none: {document.reason}" if is_cut else None


def _failure(value: Any, depth: int = 0, *, in_parts: bool = False) -> str | None:
    """Return what JSON says of the service or one of its components: success false, an error, a bad state."""
    if isinstance(value, str):
        return f"says {shown(value)}" if _is_bad(value) or _BAD_TEXT.match(value) else None
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        return "says false" if value is False and not depth else None
    for key, item in value.items():
        name = re.sub(r"(?<=[a-z])(?=[A-Z])|-", "_", str(key)).lower()
        if _says_bad(name, item) or (name == "code" and _is_bad_code(item, value)):
            return f"says {key}: {shown(item)}"
        is_part = in_parts or _PARTS.fullmatch(name) is not None
        below = _parts(item) if is_part else [item] if name in _ENVELOPES and isinstance(item, dict) else ()
        found = next(filter(None, (_failure(one, depth + 1, in_parts=is_part) for one in below)), None)
        if found:
            return f"{found} in {key}"
    return None


def _parts(value: Any) -> Iterator[Any]:
    """Yield the components in an object or a list; of a list only those with names."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict) and "name" in one)


def _is_bad_code(code: Any, beside: dict[str, Any]) -> bool:
    if isinstance(code, str):
        return _BAD_CODE.fullmatch(code.strip()) is not None
    return isinstance(code, int) and 400 <= code <= 599 and bool(_REASONS & {key.lower() for key in beside})


def _says_bad(name: str, item: Any) -> bool:
    is_no = item is False or (isinstance(item, str) and item.strip().lower() in ("false", "no"))
    if _NO.fullmatch(name):
        return is_no or (_SWITCHES.fullmatch(name) is not None and item == 0)
    is_below = isinstance(item, int | float) and item < 0
    if (_FEWER_THAN_NOTHING.fullmatch(name) and is_below) or (_WRONG.fullmatch(name) and item is True):
        return True
    if _ERRORS.fullmatch(name):
        return bool(item) and not (isinstance(item, str) and item.strip().lower() in _NOTHING)
    if name in _CODES and isinstance(item, int) and 400 <= item <= 599:
        return True
    if _STATES.fullmatch(name):
        return item is False or (isinstance(item, str) and _is_bad(item))
    if not isinstance(item, str):
        return False
    if name in ("message", "detail", "title"):
        return _BAD_TEXT.match(item) is not None or (name == "message" and _is_bad(item))
    return _PARTS.fullmatch(name) is not None and (_is_bad(item) or _BEGINS_BAD.match(item) is not None)


def _is_bad(text: str) -> bool:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.strip().rstrip(".!")).lower()
    return _BAD.fullmatch(plain) is not None
