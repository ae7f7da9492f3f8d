"""Small plans for tests, read with the real loader."""

from deploy_verdict.plan import read_plan

HEAD = """\
version: 1
name: small
service: {base_url: "http://service.test"}
"""


def plan_of(text, *, base_url=None, head=HEAD):
    """A plan with the sections that a test is about."""
    plan = read_plan((head + text).encode(), "p.yml", {}, "2026-02-02")
    if base_url is not None:
        plan = plan.model_copy(update={"service": plan.service.model_copy(update={"base_url": base_url})})
    return plan
