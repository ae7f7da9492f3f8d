"""Lists the service's last deployments: the verdict on each, and the results of its E2E tests. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import suite_tally
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples
from deploy_verdict.markup.labels import STATUS_MARK, counted, moment
from deploy_verdict.markup.markdown import Safe
from deploy_verdict.markup.tables import Code, Table
from deploy_verdict.model import EarlierVerdict, Verdict, VerdictOutcome
from deploy_verdict.report.sections import is_address, linked
from deploy_verdict.stages.deployment.state import short

MOST_DEPLOYMENTS = 10


@dataclass(frozen=True, kw_only=True)
class LastDeployments:
    """The last deployments: oldest first in `marks`, newest first in the table; `e2e` sums the suites."""

    marks: str
    e2e: str
    table: Table
    count: int

    @property
    def without_runs(self) -> Table:
        """The table for a place that has no Markdown links."""
        rows = tuple(row[:-1] for row in self.table.rows)
        return Table(headers=self.table.headers[:-1], rows=rows)


def last_deployments(bundle: Bundle, verdict: Verdict) -> LastDeployments | None:
    """Return this deployment and up to nine earlier ones; None if no other is known."""
    rows = newest_of_each(bundle, verdict)
    if len(rows) < 2:
        return None
    return LastDeployments(
        marks=" ".join(_mark(row) for row in reversed(rows)),
        e2e=suite_rate(row.e2e for row in rows),
        table=Table(
            headers=("Judged", "Commit", "Verdict", "E2E", "Run"),
            rows=tuple(
                (
                    moment(row.judged_at)[:16],
                    Code(short(row.commit)) if row.commit else "not known",
                    f"{_mark(row)} {_shown(row)}",
                    row.e2e or "not known",
                    linked("run", row.link) if is_address(row.link) else Safe(""),
                )
                for row in rows
            ),
        ),
        count=len(rows),
    )


def newest_of_each(bundle: Bundle, verdict: Verdict) -> list[EarlierVerdict]:
    """Return each deployment's newest verdict, newest first, up to this verdict's time."""
    found = deployed(deployment_samples(bundle))
    own = EarlierVerdict(
        window=verdict.window.id,
        plan=verdict.plan_name,
        target=verdict.subject.target,
        deployment=(found.id if found else None) or verdict.subject.deployment,
        commit=(found.commit if found else None) or verdict.subject.commit,
        outcome=verdict.outcome.value,
        e2e=suite_tally(verdict),
        link=next((item.evidence.run_url for item in bundle.loaded if item.evidence.run_url), None),
        is_rehearsal=verdict.is_rehearsal,
        judged_at=verdict.judged_at,
    )
    before = [
        item
        for item in bundle.earlier
        if item.window != own.window
        and item.judged_at <= own.judged_at
        and item.outcome in set(VerdictOutcome)
    ]
    newest: dict[str, EarlierVerdict] = {}
    for item in (own, *sorted(before, key=lambda item: item.judged_at, reverse=True)):
        newest.setdefault(item.deployment or item.commit or item.window, item)
    return list(newest.values())[:MOST_DEPLOYMENTS]


def _mark(item: EarlierVerdict) -> str:
    """Return the outcome's mark; a stable rehearsal gets the inconclusive one, as it proves nothing good."""
    outcome = VerdictOutcome(item.outcome)
    proves_nothing = item.is_rehearsal and outcome is VerdictOutcome.STABLE
    return STATUS_MARK[VerdictOutcome.INCONCLUSIVE if proves_nothing else outcome]


def _shown(item: EarlierVerdict) -> str:
    return VerdictOutcome(item.outcome).shown + (" (rehearsal)" if item.is_rehearsal else "")


def suite_rate(tallies: Iterable[str | None]) -> str:
    """Return the tests' success rate, "97 % (78 of 80 tests)", and for how many deployments it is unknown."""
    every = list(tallies)
    known = [tuple(map(int, tally.split("/"))) for tally in every if tally]
    passed, total = sum(item[0] for item in known), sum(item[1] for item in known)
    if not total:
        return "not known"
    # 199 of 200 must not read 100 %.
    percent = min(99, round(100 * passed / total)) if passed < total else 100
    silent = len(every) - len(known)
    more = f"; of {counted(silent, 'deployment')} not known" if silent else ""
    return f"{percent} % ({passed:,} of {counted(total, 'test')}{more})"
