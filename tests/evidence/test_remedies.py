"""What people are told to do where the platform did not answer."""

import pytest

from deploy_verdict.evidence.platform.platform_views import remedy_of
from deploy_verdict.model import Fault, Whose


@pytest.mark.parametrize(
    ("kind", "retry_after_s", "remedy"),
    [
        ("rate-limited", 3600, "Run it again in 1 h, when the platform's limit ends"),
        ("rate-limited", None, None),
        ("unauthorized", None, "Replace the platform's token"),
        ("edge-refused", None, "Run it from another address, as the platform's edge blocks this one"),
        ("unavailable", None, None),
    ],
)
def test_a_refusals_remedy(kind, retry_after_s, remedy):
    fault = Fault(kind=kind, whose=Whose.PROVIDER, detail="x", retry_after_s=retry_after_s)
    assert remedy_of(fault) == remedy


def test_no_refusal_needs_none():
    assert remedy_of(None) is None
