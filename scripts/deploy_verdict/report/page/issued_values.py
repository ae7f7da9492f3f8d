"""Redacts values that the service issued and credential headers send back, such as a session id.

The evidence holds them, because an answer is written before the plan is seen to send its values in a header.
A page that people pass on must not.
"""

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import TestObservation
from deploy_verdict.plan.placeholders import names_in
from deploy_verdict.redaction.matching import Secrets
from deploy_verdict.redaction.redactor import carries_credentials


def without_issued(page: str, bundle: Bundle) -> str:
    """Redact these values from the page, in any encoding."""
    for span in reversed(Secrets(_issued(bundle)).spans(page)):
        page = f"{page[: span.start]}[redacted:{span.name}]{page[span.end :]}"
    return page


def _issued(bundle: Bundle) -> dict[str, str]:
    suite = bundle.plan.e2e
    if suite is None:
        return {}
    steps = [*suite.before_each]
    for test in suite.tests:
        steps += [*test.start, *test.steps, *test.cleanup]
    headers = [item for step in steps for item in step.headers.items() if carries_credentials(item[0])]
    wanted = set(names_in([list(item) for item in headers]))
    found: dict[str, str] = {}
    for item in bundle.of_stage("e2e"):
        for test_run in item.evidence.observations:
            for step in test_run.steps if isinstance(test_run, TestObservation) else ():
                for name in wanted & set(step.captured):
                    found.setdefault(str(step.captured[name]), f"captured {name}")
    return {f"{name} {number}": value for number, (value, name) in enumerate(found.items(), start=1)}
