"""What to do if the platform did not answer us, so that the next window can tell. Pure."""

from deploy_verdict.base.units import shown_duration
from deploy_verdict.model import Fault


def remedy_of(fault: Fault | None) -> str | None:
    """Return the remedy for a kind of refusal; None if only trying again may help."""
    if fault is None:
        return None
    if fault.retry_after_s is not None:
        return f"Run it again in {shown_duration(fault.retry_after_s)}, when the platform's limit ends"
    if fault.kind == "unauthorized":
        return "Replace the platform's token"
    if fault.kind == "edge-refused":
        return "Run it from another address, as the platform's edge blocks this one"
    return None
