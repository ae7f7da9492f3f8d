"""Which failures share a root cause: same reason, same pool, or the very same bad answers. Pure.

One broken model shows in a health check, in the E2E suite, in a never rule and in the log. Findings
that give the same reason belong together; and a group whose every bad answer is also a bad answer of
a worse group is that group's symptom.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import Sent, all_sent
from deploy_verdict.evidence.measures import is_pool_rule
from deploy_verdict.evidence.never_rules import count_rule
from deploy_verdict.markup.labels import SEVERITIES, worst_severity
from deploy_verdict.model import Finding, Outcome, Whose

SILENCE = ("silence", "")
Key = tuple[str, str]


@dataclass
class Group:
    """Findings of one root cause, and the pointers of the bad answers that show them."""

    key: Key
    findings: list[Finding] = field(default_factory=list)
    answers: set[str] = field(default_factory=set)
    elsewhere: bool = False


def grouped(bundle: Bundle, failed: Sequence[Finding]) -> list[Group]:
    """The groups, worst first; symptoms are inside the group that explains them."""
    bad = _BadAnswers(bundle, failed)
    groups: dict[Key, Group] = {}
    for finding in failed:
        answers = bad.of(finding)
        key = SILENCE if answers and answers <= bad.silent else _key(bundle, finding)
        group = groups.setdefault(key, Group(key))
        group.findings.append(finding)
        group.answers |= answers
        # A finding that no answer shows (a log line, a pool's level) cannot be explained by answers.
        group.elsewhere |= not answers
    hosts: list[Group] = []
    for group in sorted(groups.values(), key=_rank):
        host = next((host for host in hosts if group.answers and group.answers <= host.answers), None)
        if host is None or group.elsewhere:
            hosts.append(group)
        else:
            host.findings += group.findings
    return hosts


def _rank(group: Group) -> tuple[int, int]:
    return SEVERITIES.index(worst_severity(group.findings)), -len({item.stage for item in group.findings})


def _key(bundle: Bundle, finding: Finding) -> Key:
    if is_pool_rule(bundle, finding):
        return "pool", finding.check
    if finding.because:
        return "because", " ".join(finding.because.casefold().split())
    return finding.stage, finding.check


class _BadAnswers:
    """Pointers of all answers that a failed never rule forbids, and of requests without an answer."""

    def __init__(self, bundle: Bundle, failed: Sequence[Finding]) -> None:
        self._bundle = bundle
        sent = tuple(all_sent(bundle.loaded)) if failed else ()
        self.silent = {item.pointer for item in sent if _is_silent(item)}
        names = {finding.check for finding in failed if finding.stage == "never"}
        self._fired = {
            rule.name: {item.pointer for item in count_rule(bundle.plan, rule, sent).fired}
            for rule in bundle.plan.never
            if rule.name in names
        }
        self._sorted = sorted(self.silent.union(*self._fired.values()))
        self._unread = {
            sample.pointer for samples in bundle.samples.values() for sample in samples if not sample.levels
        }

    def of(self, finding: Finding) -> set[str]:
        """The bad answers that show a finding; none when it rests on something else."""
        if finding.outcome is not Outcome.FAIL:
            return set()
        if finding.stage == "never":
            return self._fired.get(finding.check, set())
        pointer = finding.evidence
        # A pool that was read, and was too full, is not explained by a reading that failed.
        if not pointer or (is_pool_rule(self._bundle, finding) and pointer not in self._unread):
            return set()
        # "0" is the sign after "/": everything inside of the pointer lies between the two.
        start, end = bisect_left(self._sorted, pointer), bisect_left(self._sorted, f"{pointer}0")
        inside = self._sorted[start:end]
        return {item for item in inside if item == pointer or item.startswith(f"{pointer}/")}


def _is_silent(sent: Sent) -> bool:
    fault = sent.exchange.fault
    return fault is not None and fault.whose in (Whose.TARGET, Whose.EDGE)
