"""Sends the alarm to Slack, Teams, e-mail and others, as DEPLOY_VERDICT_NOTIFY names them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from deploy_verdict.base.errors import NotificationError
from deploy_verdict.model import Verdict, VerdictOutcome
from deploy_verdict.publish.delivery import redact_with, send
from deploy_verdict.publish.notification import addresses_of, message_for
from deploy_verdict.publish.sent_notifications import keep_sent, sent_outcome

SEND_WITHIN_S = 30.0


def send_alarm(
    verdict: Verdict,
    out: Path,
    environment: Mapping[str, str],
    tell: Callable[[str], None],
    *,
    link: str | None = None,
) -> bool:
    """Send the alarm once for a window's directory; return whether people were notified.

    A message that cannot be sent is reported and affects nothing else.
    """
    addresses = addresses_of(environment.get("DEPLOY_VERDICT_NOTIFY", ""))
    if not addresses:
        return False
    critical = verdict.model_copy(update={"outcome": VerdictOutcome.CRITICAL})
    if sent_outcome(out, critical) is VerdictOutcome.CRITICAL:
        return True
    redact = redact_with(environment, addresses)
    message = message_for(critical, None, link, redact=redact, so_far=True)
    if message is None:
        return False
    try:
        send(addresses, message, total_s=SEND_WITHIN_S, environment=environment)
    except NotificationError as error:
        tell(str(error))
        return False
    keep_sent(out, critical, addresses)
    tell(f"sent: {message.title}")
    return True
