"""A root cause in one sentence: what is broken, since when, how sure that is, in whose words. Pure."""

import re

from deploy_verdict.base.units import path_of, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform_views import looks
from deploy_verdict.expect import fault_text
from deploy_verdict.markup.labels import counted, name_of, sentence
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Finding, RootCause
from deploy_verdict.verdict.bad_answers import BadAnswers, is_silent
from deploy_verdict.verdict.cause import Cause, is_full
from deploy_verdict.verdict.causes import Causes, asserted
from deploy_verdict.verdict.unknowns import MISSED

MOST_QUOTED, MOST_FOUND, MOST_NAMED = 120, 260, 2
_AT = re.compile(r"\s+at T\+[\d.]+min\b")
_GONE_WRONG = re.compile(r"(?i)error|exception|fatal|panic|failed|killed|cannot")
_SUMS_UP = re.compile(r"(?i)exit(ed with)? code|did not complete|failed to (build|solve)")
_LEADING_AT = re.compile(r"^T\+[\d.]+min: ")


def root_causes(bundle: Bundle, found: Causes) -> tuple[RootCause, ...]:
    """What explains every finding that did not pass: failures worst first, then what is not known."""
    return (*(_told(bundle, found, cause) for cause in found.failed), *map(_untold, found.unknown))


def _told(bundle: Bundle, found: Causes, cause: Cause) -> RootCause:
    what, proof = words_of(bundle, found.bad, cause)
    return RootCause(
        title=what,
        sentence=f"{what} ({proof})." if proof else f"{what}.",
        severity=cause.severity,
        since_s=cause.since_s,
        findings=tuple(dict.fromkeys(map(name_of, cause.findings))),
        unknown=len(cause.unknown),
        doubts=tuple(cause.doubts),
        evidence=next((item.evidence for item in cause.findings if item.evidence), None),
    )


def _untold(cause: Cause) -> RootCause:
    return RootCause(
        title=unknown_sentence(cause).rstrip("."),
        sentence=unknown_sentence(cause),
        since_s=cause.since_s,
        findings=tuple(dict.fromkeys(map(name_of, cause.unknown))),
        unknown=len(cause.unknown),
        evidence=next((item.evidence for item in cause.unknown if item.evidence), None),
    )


Words = tuple[str, str]


def words_of(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    """What is broken since when, and how sure that is."""
    told = {
        "platform": _platform,
        "silent": _silent,
        "stale": _stale,
        "down": _errors,
        "error": _errors,
        "full": _errors,
        "pool": _pool,
        "answer": _answer,
    }.get(cause.kind)
    what, proof = told(bundle, bad, cause) if told else _itself(bundle, cause)
    return sentence(" ".join(what.split())).rstrip("."), " ".join(proof.split())


def unknown_sentence(cause: Cause) -> str:
    """Why so many checks have no answer."""
    lead = cause.unknown[0]
    reason = one_line(lead.actual, MOST_FOUND)
    subject = f"{lead.stage}/{lead.check}"
    count = f"{counted(len(cause.unknown), 'check')} {'has' if len(cause.unknown) == 1 else 'have'} no answer"
    if cause.key == MISSED:
        lead = next((item for item in cause.unknown if item.rule == "coverage"), lead)
        what = one_line(lead.actual, MOST_FOUND).partition(", ")[0]
        return f"Samples were missed, so {count}: {lead.stage}: {what}."
    if cause.key[0] == "ended":
        return f"The window ended early, so {count}."
    return f"{count[0].upper()}{count[1:]}: {subject}: {reason.rstrip('.')}."


def _platform(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    lead = cause.lead
    details = [f"seen at {shown_offset(lead.offset_s)}"] if lead.offset_s is not None else []
    for sample in reversed(looks(bundle)):
        said = sample.observation
        logs = (("deploy", said.deploy_errors), ("build", said.build_errors))
        lines = [(kind, line.text) for kind, found in logs for line in found if _GONE_WRONG.search(line.text)]
        if lines:
            kind = lines[0][0]
            texts = [text for at, text in lines if at == kind]
            telling = [text for text in texts if not _SUMS_UP.search(text)] or texts
            details.append(f"the {kind} log says {_quoted(telling[-1])}")
            break
    return one_line(lead.actual, MOST_FOUND), "; ".join(details)


def _silent(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    silent = [item for item in cause.answers if is_silent(item)]
    if not silent:
        return _itself(bundle, cause)
    first, last = silent[0], silent[-1]
    why = fault_text(first.exchange.fault).partition(": ")[2] if first.exchange.fault else "no answer"
    since_s = min(item.offset_s for item in silent)
    total = bad.requests(set(cause.routes), since_s)
    if len(silent) == total:
        when = f"does not answer since {shown_offset(since_s)}"
    else:
        when = f"did not answer between {shown_offset(first.offset_s)} and {shown_offset(last.offset_s)}"
        when = f"did not answer at {shown_offset(since_s)}" if first.offset_s == last.offset_s else when
    proof = f"{len(silent):,} of {counted(total, 'request')}"
    return f"the service {when}: {one_line(why, MOST_QUOTED)}", proof


def _stale(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    claim = next(item for item in cause.findings if (item.stage, item.rule) == ("claims", "shown"))
    why = "older code answers than the platform says"
    lacking = re.search(r"STALE: (.+?)(?: \(it has|, in \d|$)", claim.actual)
    proof = one_line(lacking[1], MOST_QUOTED) if lacking else one_line(claim.actual, MOST_QUOTED)
    meant = next(
        (item.because for item in cause.findings if item.because and claim.check in item.because), None
    )
    others = [
        item.because
        for item in cause.findings
        if item.because
        and item.because not in (meant, claim.because)
        and any(other.commit in item.because for other in bundle.plan.claims)
    ]
    meanings = list(dict.fromkeys(filter(None, (meant or f"{claim.check} is not live", *others[:1]))))
    if not cause.errors:
        return f"{why}: {' and '.join(meanings)}", proof
    return f"{_answering(bundle, bad, cause)}: {' and '.join(meanings)}", f"{_proof(bad, cause)}; {proof}"


def _errors(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    meaning = next(
        (item.because for item in cause.findings if asserted(cause, item) and _speaks(bundle, item)), None
    )
    meant = f": {meaning}" if meaning else ""
    return f"{_answering(bundle, bad, cause)}{meant}", _proof(bad, cause)


def _speaks(bundle: Bundle, finding: Finding) -> bool:
    """A rule on the answers' own text says what they mean; one on the status repeats it."""
    if finding.stage != "never":
        return any(claim.commit in (finding.because or "") for claim in bundle.plan.claims)
    rule = next((rule for rule in bundle.plan.never if rule.name == finding.check), None)
    return rule is not None and any(line.selector != "status" for line in rule.lines)


def _pool(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    pool = next((pool for pool in bundle.plan.pools if pool.name == cause.key[1]), None)
    title = f"the {(pool.title or pool.name) if pool else cause.key[1]} pool"
    lead = cause.lead
    found = one_line(_AT.sub("", lead.actual), MOST_FOUND)
    since = f" since {shown_offset(lead.offset_s)}" if lead.offset_s is not None else ""
    if not is_full(cause):
        return f"{title}: {lead.because or lead.expectation}", found
    errors = cause.errors
    first_s = min((item.offset_s for item in errors), default=0.0)
    if not errors:
        return f"{title} is full{since}", found
    total = bad.requests(set(cause.routes), first_s)
    says = f"; the answers say {_quoted(cause.quote)}" if cause.quote else ""
    verb = "answers" if len(cause.routes) == 1 else "answer"
    what = f"{title} is full{since}, so {_operations(bundle, cause)} {verb} {_statuses(cause)}"
    return what, f"{found}; {len(errors):,} of {counted(total, 'request')}{says}"


def _answer(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    """An answer that came, and is wrong."""
    lead = cause.lead
    route = _operation(bundle, cause.key[1])
    at = f" since {shown_offset(cause.since_s)}" if cause.since_s is not None else ""
    found = one_line(_LEADING_AT.sub("", lead.actual), MOST_FOUND)
    selector = f"expected {lead.expectation}, found " if lead.rule.startswith("$") else ""
    log = f"; the log says {_quoted(cause.log_line)}" if cause.log_line else ""
    meant = lead.because if lead.because and asserted(cause, lead) else f"{route} does not answer as expected"
    return f"{meant}{at}", f"{route}: {selector}{found}{log}"


def _itself(bundle: Bundle, cause: Cause) -> Words:
    """A finding that nothing else explains."""
    lead = cause.lead
    since = f" ({shown_offset(lead.offset_s)})" if lead.offset_s and "T+" not in lead.actual else ""
    if cause.kind == "log" and cause.log_line:
        meant = f": {lead.because}" if lead.because else ""
        count = lead.actual.partition(", first ")[0]
        first = re.search(r"first (?:[^:]*?)(\d{4}-\d\d-\d\dT)?(\d\d:\d\d:\d\d)", lead.actual)
        when = f", first at {first[2]} UTC" if first else ""
        name = lead.check.partition(": ")[0] if ": " in lead.check and not lead.check.startswith("'") else ""
        log = f"the log of {name}" if name and name in _other_logs(bundle) else "the log"
        return f"{log} says {_quoted(cause.log_line)}{meant}", f"{count}{when}"
    found = one_line(_LEADING_AT.sub("", lead.actual), MOST_FOUND)
    meant = lead.because or f"{lead.check}: expected {one_line(lead.expectation, MOST_QUOTED)}"
    if cause.kind == "e2e" and not lead.because:
        meant = f"E2E {lead.check} fails"
    if cause.kind in ("slow", "traffic"):
        meant = f"{lead.check}: {meant}"
        found += f"; expected: {one_line(lead.expectation, MOST_QUOTED)}"
    elif cause.kind == "metrics":
        found += "".join(f"; {item.actual}" for item in cause.findings[1:2])
    return f"{meant}{since}", found


def _other_logs(bundle: Bundle) -> set[str]:
    return {source.name for source in bundle.plan.logs.sources} if bundle.plan.logs else set()


def _answering(bundle: Bundle, bad: BadAnswers, cause: Cause) -> str:
    """ "COMPLETAR (POST /api/…) answers 500 to every request since T+0min"."""
    errors, routes = cause.errors, cause.routes
    names = _operations(bundle, cause)
    since_s = min((item.offset_s for item in errors), default=0.0)
    last_s = max((item.offset_s for item in errors), default=0.0)
    total = bad.requests(set(routes), since_s)
    if len(errors) >= total:
        verb = "answers" if len(routes) == 1 else "answer"
        return f"{names} {verb} {_statuses(cause)} to every request since {shown_offset(since_s)}"
    when = f"between {shown_offset(since_s)} and {shown_offset(last_s)}"
    when = f"at {shown_offset(since_s)}" if since_s == last_s else when
    return f"{names} answered {_statuses(cause)} to some requests {when}"


def _proof(bad: BadAnswers, cause: Cause) -> str:
    errors = cause.errors
    since_s = min((item.offset_s for item in errors), default=0.0)
    total = bad.requests(set(cause.routes), since_s)
    says = f"; the answer says {_quoted(cause.quote)}" if cause.quote else ""
    return f"{len(errors):,} of {counted(total, 'request')}{says}"


def _operation(bundle: Bundle, route: str) -> str:
    """The plan's name of an operation, with its route."""
    method, _, path = route.partition(" ")
    named = next((item.name for item in bundle.plan.exposures if item.is_met_by(method, path)), None)
    if named is None:
        checks = (
            check for check in bundle.plan.health if check.method == method and path_of(check.path) == path
        )
        named = next((check.title for check in checks if check.title), None)
    return f"{named} ({route})" if named and named not in route else route


def _operations(bundle: Bundle, cause: Cause) -> str:
    """The names of one or two operations; of more, how many, and the first."""
    names = [_operation(bundle, route) for route in cause.routes]
    if len(names) <= MOST_NAMED:
        return " and ".join(names)
    return f"{len(names)} operations ({names[0].partition(' (')[0]} first)"


def _statuses(cause: Cause) -> str:
    return " or ".join(cause.statuses)


def _quoted(text: str) -> str:
    return f"“{one_line(text, MOST_QUOTED)}”"
