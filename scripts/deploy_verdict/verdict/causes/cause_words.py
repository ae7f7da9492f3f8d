"""A root cause in one sentence: what is broken, since when, how certain that is, and who says so. Pure."""

import re
from collections import Counter
from datetime import UTC

from deploy_verdict.base.units import path_of, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import deployment_samples
from deploy_verdict.expect import fault_text
from deploy_verdict.markup.labels import counted, name_of, sentence
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import Finding, RootCause
from deploy_verdict.model.window import plan_time
from deploy_verdict.stats.growth import STATISTICS
from deploy_verdict.verdict.causes.bad_answers import BadAnswers, is_silent, route_of
from deploy_verdict.verdict.causes.cause import Cause, is_down, is_full
from deploy_verdict.verdict.causes.causes import Causes, asserted
from deploy_verdict.verdict.causes.unknowns import MISSED
from deploy_verdict.verdict.coverage import covered, missed_words

MOST_QUOTED, MOST_FOUND, MOST_NAMED = 120, 260, 2
_AT = re.compile(r"\s+at T\+[\d.]+min\b")
_GONE_WRONG = re.compile(r"(?i)error|exception|fatal|panic|failed|killed|cannot")
_SUMS_UP = re.compile(r"(?i)exit(ed with)? code|did not complete|failed to (build|solve)")
_NOT_KNOWN = re.compile(r"^(T\+[\d.]+min: )?(not known: )?")
_ENDED = "The window ended early"
_PAGE = re.compile(r",? '\s*<[^']*'")
_TIMES = re.compile(r" \((?P<times>\d+)×\)")
_MORE_SAMPLES = re.compile(r" \(and (?P<more>\d+ more) samples?\)")
_STEP = re.compile(r"step \d+ '(?P<name>[^']*)': (?P<found>.*)", re.DOTALL)
_MATCHED = re.compile(r"(?P<selector>\$\S*) (?P<wanted>.+?) — (?P<got>.*)", re.DOTALL)
_LIST = re.compile(r"^is of type array and has at least (?P<length>\d+)$")
_LEADING_AT = re.compile(r"^T\+[\d.]+min: ")


def root_causes(bundle: Bundle, found: Causes) -> tuple[RootCause, ...]:
    """Return what explains every finding that did not pass: failures worst first, then what is not known."""
    return (
        *(_failed_cause(bundle, found, cause) for cause in found.failed),
        *(_unknown_cause(bundle, cause) for cause in found.unknown),
    )


def _failed_cause(bundle: Bundle, found: Causes, cause: Cause) -> RootCause:
    what, proof = words_of(bundle, found.bad, cause)
    return RootCause(
        title=what,
        sentence=f"{what}. {proof}." if proof else f"{what}.",
        severity=cause.severity,
        since_s=cause.since_s,
        findings=tuple(dict.fromkeys(map(name_of, cause.findings))),
        unknown=len(cause.unknown),
        doubts=tuple(cause.doubts),
        evidence=next((item.evidence for item in cause.findings if item.evidence), None),
    )


def _unknown_cause(bundle: Bundle, cause: Cause) -> RootCause:
    unknown = unknown_sentence(bundle, cause)
    return RootCause(
        title=unknown.rstrip("."),
        sentence=unknown,
        since_s=cause.since_s,
        findings=tuple(dict.fromkeys(map(name_of, cause.unknown))),
        unknown=len(cause.unknown),
        evidence=next((item.evidence for item in cause.unknown if item.evidence), None),
    )


Words = tuple[str, str]


def words_of(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    """Return what is broken since when, and how certain that is."""
    describe = {
        "platform": _platform,
        "silent": _silent,
        "stale": _stale,
        "down": _errors,
        "error": _errors,
        "full": _errors,
        "pool": _pool,
        "answer": _answer,
    }.get(cause.kind)
    what, proof = describe(bundle, bad, cause) if describe else _itself(bundle, cause)
    return sentence(" ".join(what.split())).rstrip("."), sentence(" ".join(proof.split())).rstrip(".")


def unknown_sentence(bundle: Bundle, cause: Cause) -> str:
    """Return how many checks have no result, and why."""
    lead = cause.unknown[0]
    count = f"{counted(len(cause.unknown), 'check')} {'has' if len(cause.unknown) == 1 else 'have'} no answer"
    if cause.key == MISSED:
        missed = _missed(bundle, cause)
        return f"{missed}, so {count}." if missed else f"{count}: {clause(lead.actual)}."
    if cause.key[0] == "ended":
        return f"{_ENDED}: {clause(bundle.ended)}; so {count}." if bundle.ended else f"{_ENDED}, so {count}."
    subject = lead.check if lead.check == lead.stage else f"{lead.stage}/{lead.check}"
    return f"{count}: {subject}: {reason_of(lead).rstrip('.')}."


def _missed(bundle: Bundle, cause: Cause) -> str:
    """Return "9 samples were missed (4 of 9 of deployment, 5 of 9 of pools)", or ""."""
    stages = {item.stage for item in cause.unknown if item.rule == "coverage"}
    slots = [slot for slot in covered(bundle).slots if slot.stage in stages]
    missed = [slot for slot in slots if slot.state != "taken"]
    if not missed:
        return ""
    planned, counts = Counter(slot.stage for slot in slots), Counter(slot.stage for slot in missed)
    of_each = ", ".join(f"{count} of {planned[stage]} of {stage}" for stage, count in counts.items())
    first = f"; the first {missed_words(missed[0])}" if len(counts) == 1 and len(missed) > 1 else ""
    return f"{counted(len(missed), 'sample', 'was')} missed ({of_each}{first})"


def reason_of(finding: Finding) -> str:
    """Return why a check has no result, without what only the details need."""
    if finding.rule == "growth" and "cannot be excluded" in finding.actual:
        return "a slow growth cannot be excluded in a window of this length"
    text = _PAGE.sub("", _NOT_KNOWN.sub("", finding.actual))
    text = _MORE_SAMPLES.sub(r", and in \g<more> samples", _TIMES.sub(r", \g<times> times", text))
    return clause(text.replace("the provider's API refused us", "the platform's API refused this tool"))


def clause(text: str, limit: int = MOST_FOUND) -> str:
    """Return one line. A long text ends where a clause ends, so that no sentence loses its verb."""
    line = one_line(text.partition(STATISTICS)[0], 8 * limit)
    if len(line) <= limit:
        return line
    ends = [line.rfind(mark, limit // 4, limit) for mark in ("; ", " — ", ", ", ": ")]
    end = next((place for place in ends if place > 0), -1)
    cut = line[:end].rstrip(" :;,—") if end > 0 else one_line(line, limit)
    return f"{cut}”" if cut.count("“") > cut.count("”") else cut


def _at_clock(bundle: Bundle, offset_s: float) -> str:
    """Return "T+15min (03:14 UTC)"."""
    return f"{shown_offset(offset_s)} ({plan_time(bundle.window, offset_s).astimezone(UTC):%H:%M} UTC)"


def _platform(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    lead = cause.lead
    details = [f"seen at {_at_clock(bundle, lead.offset_s)}"] if lead.offset_s is not None else []
    if is_down(cause):
        details.append("P0: nobody is served")
    error = gone_wrong(bundle)
    if error is not None:
        details.append(f"the {error[0]} log says {_quoted(error[1])}")
    return clause(lead.actual), "; ".join(details)


def gone_wrong(bundle: Bundle) -> tuple[str, str] | None:
    """Return which of the platform's logs says what went wrong, and its telling line; None if none does."""
    for sample in reversed(deployment_samples(bundle)):
        said = sample.observation
        for kind, errors in (("deploy", said.deploy_errors), ("build", said.build_errors)):
            texts = [line.text for line in errors if _GONE_WRONG.search(line.text)]
            telling = [text for text in texts if not _SUMS_UP.search(text)] or texts
            if telling:
                return kind, telling[-1]
    return None


def _silent(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    silent = [item for item in cause.answers if is_silent(item)]
    if not silent:
        return _itself(bundle, cause)
    first, last = silent[0], silent[-1]
    why = fault_text(first.exchange.fault).partition(": ")[2] if first.exchange.fault else "no answer"
    since_s = min(item.offset_s for item in silent)
    total = bad.requests(set(cause.routes), since_s)
    why = one_line(why.replace(" (x-railway-fallback)", ""), MOST_QUOTED)
    proof = f"{_share(len(silent), total)} failed"
    if cause.is_total:
        what = f"the service does not answer since {_at_clock(bundle, since_s)}: {why}"
        return what, f"{proof}; P0: nobody is served"
    if len(silent) == total:
        names, verb = _operations(bundle, cause), "gets" if len(cause.routes) == 1 else "get"
        return f"{names} {verb} no answer since {_at_clock(bundle, since_s)}: {why}", proof
    when = _between(bundle, first.offset_s, last.offset_s)
    return f"the service did not answer {when}: {why}", proof


def _share(count: int, total: int) -> str:
    """Return "3 of 40 requests" or "all 40 requests"."""
    if count == total:
        return f"all {counted(total, 'request')}" if total > 1 else "the only request"
    return f"{count:,} of {counted(total, 'request')}"


def _between(bundle: Bundle, first_s: float, last_s: float) -> str:
    if first_s == last_s:
        return f"at {_at_clock(bundle, first_s)}"
    return f"between {_at_clock(bundle, first_s)} and {_at_clock(bundle, last_s)}"


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
        (
            item.because
            for item in cause.findings
            if asserted(cause, item) and _says_what_it_means(bundle, item)
        ),
        None,
    )
    meant = f": {meaning}" if meaning else ""
    return f"{_answering(bundle, bad, cause)}{meant}", _proof(bad, cause)


def _says_what_it_means(bundle: Bundle, finding: Finding) -> bool:
    """Return whether a rule says what responses mean.

    One on their text does, one on the status repeats it.
    """
    if finding.stage != "never":
        return any(claim.commit in (finding.because or "") for claim in bundle.plan.claims)
    rule = next((rule for rule in bundle.plan.never if rule.name == finding.check), None)
    return rule is not None and any(line.selector != "status" for line in rule.lines)


def _pool(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    pool = next((pool for pool in bundle.plan.pools if pool.name == cause.key[1]), None)
    title = f"the {(pool.title or pool.name) if pool else cause.key[1]} pool"
    lead = cause.lead
    found = clause(_AT.sub("", lead.actual))
    since = f" since {_at_clock(bundle, lead.offset_s)}" if lead.offset_s is not None else ""
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
    return what, f"{found}; {_share(len(errors), total)} failed{says}"


def _answer(bundle: Bundle, bad: BadAnswers, cause: Cause) -> Words:
    """Describe a response that came, and is wrong."""
    lead = cause.lead
    if lead.stage == "e2e":
        return _of_test(bundle, cause)
    route = _operation(bundle, cause.key[1])
    at = f" since {_at_clock(bundle, cause.since_s)}" if cause.since_s is not None else ""
    found = clause(_LEADING_AT.sub("", lead.actual))
    if lead.rule.startswith("$"):
        field = lead.rule.removeprefix("$.")
        wanted = lead.expectation.removeprefix(lead.rule).strip().removeprefix("= ")
        found = f"says {field} = {found}, expected {wanted}"
    else:
        found = f"found {found}"
    log = f"; the log says {_quoted(cause.log_line)}" if cause.log_line else ""
    meant = lead.because if lead.because and asserted(cause, lead) else f"{route} does not answer as expected"
    return f"{meant}{at}", f"{route} {found}{log}"


def _of_test(bundle: Bundle, cause: Cause) -> Words:
    """Describe a failing test: what its step sent and got, before the rule that it breaks."""
    lead = cause.lead
    at = f" at {_at_clock(bundle, lead.offset_s)}" if lead.offset_s is not None else ""
    ran = re.search(r"; passed in (?P<passed>\d+) of (?P<runs>\d+) runs$", lead.actual)
    if ran is not None and lead.offset_s is not None:
        every = f"at every run since {_at_clock(bundle, lead.offset_s)}"
        at = f" {every}" if ran["passed"] == "0" and int(ran["runs"]) > 1 else at
    text = _LEADING_AT.sub("", lead.actual.removesuffix(ran.group() if ran else ""))
    step = _STEP.match(text)
    found = clause(_as_answered(cause, step["found"]) if step else text)
    name = f"{step['name']}: " if step else ""
    proof = [f"the plan's rule: {lead.because}"] if lead.because else []
    proof += [f"passed in {ran['passed']} of {ran['runs']} runs"] if ran and "every" not in at else []
    return f"E2E test {lead.check} fails{at}: {name}{found}", "; ".join(proof)


def _as_answered(cause: Cause, text: str) -> str:
    """Return "GET /api/history/{id} answered 200 with sessions = [], expected a list of at least 1"."""
    found = _MATCHED.match(text)
    answer = next((item for item in cause.answers if item.exchange.status is not None), None)
    if found is None or answer is None:
        return text
    wanted = _LIST.sub(r"a list of at least \g<length>", found["wanted"]).removeprefix("= ")
    keys = re.findall(r"[\w-]+", found["selector"])
    part = f" {'.'.join(keys)} =" if found["selector"].startswith("$.") else ""
    got = "an empty list" if found["got"] == "[]" else found["got"]
    return f"{route_of(answer)} answered {answer.exchange.status} with{part} {got}, expected {wanted}"


def _itself(bundle: Bundle, cause: Cause) -> Words:
    """Describe a finding that nothing else explains."""
    lead = cause.lead
    if cause.kind == "log" and cause.log_line:
        return _logged(bundle, cause)
    if cause.kind == "e2e":
        return _of_test(bundle, cause)
    is_at = lead.offset_s is not None and "T+" not in lead.actual
    since = f" at {_at_clock(bundle, lead.offset_s)}" if is_at and lead.offset_s else ""
    found = clause(_LEADING_AT.sub("", lead.actual))
    meant = lead.because or f"{lead.check}: expected {one_line(lead.expectation, MOST_QUOTED)}"
    if cause.kind == "slow":
        meant = f"{lead.check}: {meant}"
        found = re.sub(r" of (\d+)$", r" of \1 answers", found)
        found += f"; expected: {one_line(lead.expectation, MOST_QUOTED)}"
    elif cause.kind == "traffic":
        return _traffic(lead, found)
    elif cause.kind == "metrics":
        found += "".join(f"; {clause(item.actual)}" for item in cause.findings[1:2])
    return f"{meant}{since}", found


def _traffic(lead: Finding, found: str) -> Words:
    """Describe the requests of others: how many failed, and where."""
    counts = re.match(r"(?P<bad>\d[\d,]*) of (?P<of>\d[\d,]*)(?: requests of others)?(?P<more>.*)", found)
    if lead.rule != "5xx" or counts is None or not lead.because:
        return f"{lead.check}: {lead.because or lead.expectation}", found
    where = "the service" if lead.check == "all" else lead.check
    what = f"{where} answered 5xx to {counts['bad']} of {counts['of']} requests of users"
    percent = re.search(r"[\d.]+ %", counts["more"])
    allowed = re.search(r"at most ([\d.]+) %", lead.expectation)
    proof = [f"that is {percent[0]}"] if percent else []
    proof += [f"the plan allows {'none' if allowed[1] == '0' else allowed[0]}"] if allowed else []
    return what, "; ".join(proof)


def _logged(bundle: Bundle, cause: Cause) -> Words:
    lead = cause.lead
    meant = f": {lead.because}" if lead.because else ""
    count = lead.actual.partition(", first ")[0]
    first = re.search(r"first (?:[^:]*?)(\d{4}-\d\d-\d\dT)?(\d\d:\d\d:\d\d)", lead.actual)
    when = f", the first at {first[2]} UTC" if first else ""
    name = lead.check.partition(": ")[0] if ": " in lead.check and not lead.check.startswith("'") else ""
    log = f"the log of {name}" if name and name in _other_logs(bundle) else "the log"
    return f"{log} says {_quoted(cause.log_line)}{meant}", f"{count}{when}"


def _other_logs(bundle: Bundle) -> set[str]:
    return {source.name for source in bundle.plan.logs.sources} if bundle.plan.logs else set()


def _answering(bundle: Bundle, bad: BadAnswers, cause: Cause) -> str:
    """Return "COMPLETAR (POST /api/…) answers 500 to every request since T+0min (02:59 UTC)"."""
    errors, routes = cause.errors, cause.routes
    names = _operations(bundle, cause)
    since_s = min((item.offset_s for item in errors), default=0.0)
    last_s = max((item.offset_s for item in errors), default=0.0)
    total = bad.requests(set(routes), since_s)
    if len(errors) >= total:
        verb = "answers" if len(routes) == 1 else "answer"
        return f"{names} {verb} {_statuses(cause)} to every request since {_at_clock(bundle, since_s)}"
    share = f"{len(errors):,} of {counted(total, 'request')}"
    return f"{names} answered {_statuses(cause)} to {share} {_between(bundle, since_s, last_s)}"


def _proof(bad: BadAnswers, cause: Cause) -> str:
    errors = cause.errors
    since_s = min((item.offset_s for item in errors), default=0.0)
    total = bad.requests(set(cause.routes), since_s)
    says = f"the answer says {_quoted(cause.quote)}" if cause.quote else ""
    # If only part of the requests failed, the sentence itself says how many.
    count = f"{_share(len(errors), total)} failed" if len(errors) >= total else ""
    return "; ".join(filter(None, (count, says)))


def _operation(bundle: Bundle, route: str) -> str:
    """Return the plan's name of an operation, with its route."""
    method, _, path = route.partition(" ")
    named = next((item.name for item in bundle.plan.exposures if item.is_met_by(method, path)), None)
    if named is None:
        checks = (
            check for check in bundle.plan.health if check.method == method and path_of(check.path) == path
        )
        named = next((check.title for check in checks if check.title), None)
    return f"{named} ({route})" if named and named not in route else route


def _operations(bundle: Bundle, cause: Cause) -> str:
    """Return the names of one or two operations; of more, how many and the first."""
    names = [_operation(bundle, route) for route in cause.routes]
    if len(names) <= MOST_NAMED:
        return " and ".join(names)
    return f"{len(names)} operations such as {names[0]}"


def _statuses(cause: Cause) -> str:
    return " or ".join(cause.statuses)


def _quoted(text: str) -> str:
    return f"“{one_line(text, MOST_QUOTED)}”"
