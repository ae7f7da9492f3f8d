"""Root causes: which findings have one explanation, and what it is. Pure.

One broken model shows in a health check, in the E2E suite, in a never rule and in the log. The explanation
that covers most comes first: the platform's state, a service that does not answer, older code, a full pool,
an error's own text. What follows from it in time, by its requests or by its text is a symptom of it. A
finding that nothing explains is a cause itself.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import path_of
from deploy_verdict.evidence.answers.answer_text import answer_text, is_reason_phrase, shape_of_text
from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import is_pool_rule
from deploy_verdict.evidence.platform.platform_views import deployment_samples
from deploy_verdict.markup.labels import SEVERITIES, severity_of
from deploy_verdict.model import Finding, LogObservation, Outcome, Severity
from deploy_verdict.plan.checks.references import refers
from deploy_verdict.stages.deployment.state import State, standing
from deploy_verdict.stages.pools.judge_gauge import SAYS_FULL
from deploy_verdict.stages.registry import lead_rank
from deploy_verdict.verdict.causes.bad_answers import FULL, SILENT, BadAnswers, Key, is_silent, route_of
from deploy_verdict.verdict.causes.cause import PLATFORM, Cause, is_full
from deploy_verdict.verdict.causes.unknowns import Unanswered, follows, stops_of, unexplained

STALE: Key = ("stale",)
# From what explains most to what explains only itself.
_ORDER = ("platform", "silent", "stale", "down", "pool", "full", "error", "answer", "e2e", "log", "traffic")
_POOL_RULES = ("exhaustion", "server", "growth", "floor", "band", "stability", "samples", "gauge")
_SHORTEST_QUOTE = 8
# A single last request may fail by chance.
FEWEST_OF_OUTAGE = 3
_FIRST_LINE = re.compile(r"\bfirst [^:]*\d\d:\d\d:\d\d\S*?:? (?P<line>.*)", re.DOTALL)
_STATUS_IN_LINE = re.compile(r"(?<![\w.])[45]\d\d(?![\w.])")
_ABOUT_POOL = re.compile(r"(?i)pool|connection|utili[sz]ation")
# Requests of others, by the log's access lines.
OTHERS, SERVER_ERRORS = "answers", "server errors"
_NOT_WORDS = {"error", "failed", "status", "text", "with", "this", "that", "from", "true", "false",
              "response", "answer", "service", "backend", "server", "connection", "details",
              "connecting"}  # fmt: skip


@dataclass(frozen=True)
class Causes:
    """The causes of failures, the worst first; and those of inconclusive findings that follow from none."""

    failed: tuple[Cause, ...]
    unknown: tuple[Cause, ...]
    bad: BadAnswers


def causes(bundle: Bundle, findings: Sequence[Finding]) -> Causes:
    """Return the causes. Every finding that did not pass is in exactly one of them."""
    failed = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    open_ = [finding for finding in findings if finding.outcome is Outcome.INCONCLUSIVE]
    sorting = _Sorting(bundle, failed, findings)
    found = sorting.causes()
    rest: list[Finding] = []
    stops = stops_of(bundle) if found and open_ else frozenset()
    window = Unanswered(bad=sorting.bad, stops=stops, is_ended=bundle.ended is not None)
    for finding in open_:
        host = next((cause for cause in found if follows(window, cause, finding)), None)
        (rest if host is None else host.unknown).append(finding)
    return Causes(failed=tuple(found), unknown=unexplained(bundle, rest), bad=sorting.bad)


class _Sorting:
    def __init__(self, bundle: Bundle, failed: Sequence[Finding], every: Sequence[Finding]) -> None:
        self.bundle = bundle
        self.failed = failed
        self.bad = BadAnswers(bundle, failed)
        self.stale = {item.check for item in failed if (item.stage, item.rule) == ("claims", "shown")}
        # The platform's commit alone is no proof: older code may still answer.
        self.live = {
            item.check: item.actual
            for item in every
            if item.outcome is Outcome.PASS
            and (
                (item.stage, item.rule) == ("claims", "shown")
                or ((item.stage, item.rule) == ("deployment", "deployed") and "shown by" in item.actual)
            )
        }
        self.groups: dict[Key, Cause] = {}

    def causes(self) -> list[Cause]:
        """Return the causes, the worst first."""
        late = []
        for finding in self.failed:
            if finding.rule == "connects" or finding.stage in ("logs", "traffic"):
                late.append(finding)
            else:
                self._add(self._key(finding), finding)
        self._merge()
        for finding in sorted(late, key=lambda item: item.stage == "logs" and item.rule in ("errors", "new")):
            self._add_late(finding)
        for cause in self.groups.values():
            self._finish(cause)
        return sorted(self.groups.values(), key=_rank)

    def _add(self, key: Key, finding: Finding, pointers: set[str] | None = None) -> None:
        cause = self.groups.setdefault(key, Cause(key))
        cause.findings.append(finding)
        cause.pointers |= self.bad.of(finding) if pointers is None else pointers

    def _key(self, finding: Finding) -> Key:
        if finding.stage == "deployment":
            return PLATFORM
        if (finding.stage, finding.rule) == ("claims", "shown"):
            return STALE
        if finding.stage == "restarts":
            return ("restarts",)
        if finding.stage in ("response_times", "latency"):
            return ("slow",)
        answers = self.bad.of(finding)
        if answers:
            troubles = Counter(map(self.bad.trouble, answers))
            return self._of_pool(max(troubles, key=lambda key: (troubles[key], key)), finding)
        return self._by_itself(finding)

    def _of_pool(self, key: Key, finding: Finding) -> Key:
        """Return the pool's key if a check of the pool's address, or one with numbers about it, failed."""
        if key[0] != "answer":
            return key
        for pool in self.bundle.plan.pools:
            own = pool.path is not None and key[1].endswith(f" {path_of(pool.path)}")
            # For a pool's own reading, the expectation is part of what was found.
            said = finding.actual if finding.rule == "readings" else finding.expectation
            words = f"{finding.rule} {said}"
            about = pool.name.casefold() in words.casefold() and _ABOUT_POOL.search(words)
            is_number = re.search(r"[<>]|at_(least|most)|below|above", said)
            warns = own and finding.severity is Severity.P2 and ("pool", pool.name) in self.groups
            if (own and (is_number or warns)) or (about and is_number):
                return "pool", pool.name
        return key

    def _by_itself(self, finding: Finding) -> Key:
        if is_pool_rule(self.bundle, finding):
            return "pool", finding.check
        if finding.stage in ("health", "pools") and finding.check in self._pool_checks():
            return "pool", self._pool_checks()[finding.check]
        if finding.stage == "never":
            return "because", _folded(finding.because or finding.check)
        return finding.stage, finding.check

    def _pool_checks(self) -> dict[str, str]:
        """Return the checks that read a pool's own address, with the pool's name."""
        paths = {path_of(pool.path): pool.name for pool in self.bundle.plan.pools if pool.path}
        return {
            check.name: paths[path_of(check.path)]
            for check in self.bundle.plan.health
            if path_of(check.path) in paths
        }

    def _merge(self) -> None:
        """Join what one cause explains of the others, beginning with the one that explains most."""
        if self.stale:
            for key, cause in list(self.groups.items()):
                if key != STALE and any(self._speaks_for_stale(finding) for finding in cause.findings):
                    self._join(STALE, key)
        self._merge_reasons()
        full = next((key for key, cause in self.groups.items() if is_full(cause)), None)
        if full is not None:
            self._join(full, FULL)
            for key, cause in list(self.groups.items()):
                if key[0] == "pool" and key != full and is_full(cause):
                    self._join(full, key)
        if PLATFORM in self.groups and self._is_down():
            for key in [key for key in self.groups if key[0] in ("silent", "down", "connections")]:
                self._join(PLATFORM, key)

    def _merge_reasons(self) -> None:
        """Join a rule that no response shows to the check that gives the same reason."""
        for key, cause in list(self.groups.items()):
            if key[0] == "because":
                self._join(self._by_reason(cause.findings[0]) or key, key)

    def _join(self, host: Key, key: Key) -> None:
        if key in self.groups and key != host:
            joined = self.groups.pop(key)
            self.groups[host].findings += joined.findings
            self.groups[host].pointers |= joined.pointers

    def _speaks_for_stale(self, finding: Finding) -> bool:
        """Return whether it says that a commit is not live whose effect is missing, or that nothing shows."""
        named = self._commits(finding.because or "")
        shown_by = {
            claim.commit
            for claim in self.bundle.plan.claims
            if claim.shown_by and refers(claim.shown_by, (finding.stage, finding.check, finding.rule))
        }
        return bool((named | shown_by) & self.stale) or bool(named - self.live.keys())

    def _commits(self, text: str) -> set[str]:
        return {claim.commit for claim in self.bundle.plan.claims if claim.commit in text}

    def _is_down(self) -> bool:
        """Return whether the platform says that nothing of the deployment serves."""
        states = (
            standing(sample.observation, self.bundle.subject).state
            for sample in deployment_samples(self.bundle)
        )
        return any(state in (State.CRASHED, State.STOPPED, State.GONE) for state in states)

    def _add_late(self, finding: Finding) -> None:
        """Add a log line or others' requests to the cause with their text or route, else as a new cause."""
        if finding.stage == "connections":
            self._add(SILENT if SILENT in self.groups else ("connections", finding.check), finding, set())
            return
        if finding.stage == "traffic" or finding.rule == SERVER_ERRORS:
            self._add(self._by_traffic(finding), finding, set())
            return
        line = self._line(finding)
        key = (self._by_line(line) if line else None) or self._by_commit(finding)
        if key is None:
            is_rest = finding.rule in ("errors", "new") and not line
            key = ("log", self._log_of(finding), shape_of_text(line)) if line else ("log", finding.check)
            if is_rest:
                key = next((known for known in self.groups if known[:2] == key), key)
        self._add(key, finding, set())
        self.groups[key].log_line = self.groups[key].log_line or line

    def _by_reason(self, finding: Finding) -> Key | None:
        """Return the cause for which a check gives the same reason."""
        reason = _folded(finding.because or "")
        reasons = {
            key: {_folded(item.because) for item in cause.findings if item.because}
            for key, cause in self.groups.items()
            if key[0] != "because"
        }
        return next((key for key, given in reasons.items() if reason in given), None)

    def _by_commit(self, finding: Finding) -> Key | None:
        """Return the cause that names the same commit."""
        named = self._commits(finding.because or "")
        for key, cause in self.groups.items():
            if any(named & self._commits(item.because or "") for item in cause.findings):
                return key
        return None

    def _by_traffic(self, finding: Finding) -> Key:
        ranked = sorted(self.groups.values(), key=lambda cause: -len(cause.pointers))
        for cause in ranked:
            routes = {route_of(item) for item in self.bad.sent(cause.pointers) if _is_5xx(item)}
            if routes and (
                finding.check in ("all", OTHERS) or finding.check in routes or cause.kind in ("down", "full")
            ):
                return cause.key
        return ("log", OTHERS) if finding.check == OTHERS else ("traffic", finding.rule)

    def _log_of(self, finding: Finding) -> str:
        name, colon, _ = finding.check.partition(": ")
        logs = self.bundle.plan.logs
        return name if colon and logs and name in {source.name for source in logs.sources} else ""

    def _line(self, finding: Finding) -> str:
        """Return the first line that a finding on a log is about."""
        found = _FIRST_LINE.search(finding.actual)
        if found is not None:
            return found["line"].strip()
        if finding.rule != "errors":
            return ""
        readings = [
            observation
            for item in self.bundle.of_stage("logs")
            for observation in item.evidence.observations
            if isinstance(observation, LogObservation) and observation.check == "log"
        ]
        mine = [item for item in readings if item.log == self._log_of(finding) and item.errors]
        return mine[-1].errors[0].text.partition("\n")[0] if mine else ""

    def _by_line(self, line: str) -> Key | None:
        folded = line.casefold()
        ranked = sorted(self.groups.values(), key=_rank)
        for cause in ranked:
            if cause.log_line and shape_of_text(line)[:60] == shape_of_text(cause.log_line)[:60]:
                return cause.key
        for cause in ranked:
            if SAYS_FULL.search(line) and (is_full(cause) or cause.key == FULL):
                return cause.key
            quote = self._quote(cause).casefold()
            if len(quote) >= _SHORTEST_QUOTE and quote[:80].rstrip(". ") in folded:
                return cause.key
        for cause in ranked:
            for item in self.bad.sent(cause.pointers):
                status, path = str(item.exchange.status), path_of(item.exchange.url)
                is_route = path in line or cause.kind == "down"
                if _is_5xx(item) and is_route and status in _STATUS_IN_LINE.findall(line):
                    return cause.key
        return self._by_dependency(folded, ranked)

    @staticmethod
    def _by_dependency(line: str, ranked: Sequence[Cause]) -> Key | None:
        """Return the cause of a health response that names the same broken component as a log line."""
        for cause in ranked:
            if cause.kind == "answer":
                reasons = " ".join(f"{item.rule} {item.because or ''}" for item in cause.findings)
                words = {word for word in re.findall(r"[a-z]{4,}", reasons.casefold())} - _NOT_WORDS
                if words & set(re.findall(r"[a-z]{4,}", line)):
                    return cause.key
        return None

    def _quote(self, cause: Cause) -> str:
        """Return what most of the responses say."""
        said = Counter(
            answer_text(item.exchange.body) for item in self.bad.sent(cause.pointers) if _is_error(item)
        )
        said.pop("", None)
        telling = {text: count for text, count in said.items() if not is_reason_phrase(text)} or said
        return max(telling, key=lambda text: (telling[text], text), default="")

    def _finish(self, cause: Cause) -> None:
        cause.pointers = self.bad.alike(cause.pointers)
        cause.answers = self.bad.sent(cause.pointers)
        cause.quote = self._quote(cause)
        silent = [item.offset_s for item in cause.answers if is_silent(item)]
        is_clear = len(silent) >= FEWEST_OF_OUTAGE or 0 < self.bad.count == len(silent)
        is_outage = cause.key == SILENT and is_clear
        cause.is_total = is_outage and self.bad.since(min(silent)) == len(silent)
        cause.findings.sort(key=lambda item: self._lead_rank(cause, item))
        cause.doubts = list(dict.fromkeys(self._doubts(cause)))

    def _lead_rank(self, cause: Cause, finding: Finding) -> tuple[int, int, int, int, float, int]:
        """Rank a finding within its cause; the lowest leads.

        The worst leads; of a pool the most telling one, of health responses the one that the log names too.
        """
        pool_rule = _POOL_RULES.index(finding.rule) if is_pool_rule(self.bundle, finding) else 9
        named = 1
        if cause.kind == "answer" and cause.log_line:
            words = set(re.findall(r"[a-z]{4,}", f"{finding.rule} {finding.because or ''}".casefold()))
            named = int(not (words - _NOT_WORDS) & set(re.findall(r"[a-z]{4,}", cause.log_line.casefold())))
        is_named = named * 2 + int(not finding.because)
        return (
            0 if cause.kind in ("pool", "metrics") else SEVERITIES.index(severity_of(finding)),
            pool_rule if cause.kind == "pool" else int(finding.rule != "growth") * 10 + is_named,
            lead_rank(finding.stage),
            pool_rule,
            finding.offset_s or 0.0,
            int(finding.check == "all"),
        )

    def _doubts(self, cause: Cause) -> Iterator[str]:
        """Yield the plan's readings of a failure that another finding contradicts."""
        if cause.key == STALE:
            return
        for finding in cause.findings:
            if not finding.because:
                continue
            for commit in self._commits(finding.because):
                if commit in self.live:
                    yield f"{finding.because}: possible, but {commit} is live ({self.live[commit]})"
                elif cause.kind in ("pool", "silent", "platform", "down", "full"):
                    yield f"{finding.because}: possible, but this explains it without that"


def asserted(cause: Cause, finding: Finding) -> bool:
    """Return whether the plan's reading of this failure stands: nothing else explains or contradicts it."""
    if not finding.because:
        return False
    if any(doubt.startswith(f"{finding.because}: possible") for doubt in cause.doubts):
        return False
    if cause.kind in ("platform", "silent", "down", "full"):
        return finding is cause.lead
    if cause.kind == "error":
        # A rule on the text is about these responses; one on the status alone only about its own route.
        return finding.stage == "never" or len(cause.routes) == 1
    return True


def _rank(cause: Cause) -> tuple[int, int, int]:
    kind = _ORDER.index(cause.kind) if cause.kind in _ORDER else len(_ORDER)
    return SEVERITIES.index(cause.severity or Severity.P2), kind, -len(cause.findings)


def _is_5xx(sent: Sent) -> bool:
    return (sent.exchange.status or 0) >= 500  # the status class itself


def _is_error(sent: Sent) -> bool:
    return (sent.exchange.status or 0) >= 400


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
