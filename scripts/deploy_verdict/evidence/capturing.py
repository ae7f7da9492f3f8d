"""What a step captures from its answer, and why it cannot. Pure."""

from pydantic import JsonValue

from deploy_verdict.expect import Lacking, select_json
from deploy_verdict.expect.selectors import type_name
from deploy_verdict.model import Exchange
from deploy_verdict.plan import Capture, Step


def captures(step: Step, exchange: Exchange) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """The values that a step wants of its answer, and why some are not there."""
    captured: dict[str, JsonValue] = {}
    not_captured: dict[str, str] = {}
    for name, capture in step.capture.items():
        value = _captured(capture, exchange)
        if isinstance(value, Lacking):
            not_captured[name] = value.reason
        else:
            captured[name] = value
    return captured, not_captured


def _captured(capture: Capture, exchange: Exchange) -> JsonValue | Lacking:
    found = select_json(capture.from_, exchange.body, truncated=exchange.body_truncated)
    if isinstance(found, Lacking):
        return found
    if capture.nth >= len(found.several):
        return Lacking(f"{capture.from_} gives {len(found.several)}, so there is no number {capture.nth + 1}")
    value: JsonValue = found.several[capture.nth]
    if not isinstance(value, str | int | float):
        return Lacking(f"{capture.from_} is {type_name(value)}; text, a number or a boolean can be captured")
    text = str(value)
    if text.encode("utf-8", errors="replace").decode("utf-8") != text:
        return Lacking(f"{capture.from_} is no text that could be sent (half a character)")
    # Answers are redacted before anything is read from them: what stands there is not the value.
    return Lacking(f"{capture.from_} looks like a secret, and was redacted") if "[redacted" in text else value
