"""The alarm as a message to Slack, Teams, e-mail and more, where DEPLOY_VERDICT_NOTIFY names some."""

from collections.abc import Callable, Mapping

from deploy_verdict.base.errors import NotificationError
from deploy_verdict.model import Verdict, VerdictOutcome
from deploy_verdict.publish.delivery import send
from deploy_verdict.publish.notification import addresses_of, message_for
from deploy_verdict.redaction.redactor import Redactor

SEND_WITHIN_S = 30.0


def send_alarm(
    verdict: Verdict, environment: Mapping[str, str], tell: Callable[[str], None], *, link: str | None = None
) -> bool:
    """Send the alarm; whether it was sent. A message that cannot be sent costs nothing else."""
    addresses = addresses_of(environment.get("DEPLOY_VERDICT_NOTIFY", ""))
    if not addresses:
        return False
    secrets = {f"DEPLOY_VERDICT_NOTIFY_{number}": item for number, item in enumerate(addresses)}
    redact = Redactor.from_environment({**environment, **secrets}).text
    critical = verdict.model_copy(update={"outcome": VerdictOutcome.CRITICAL})
    message = message_for(critical, None, link, redact=redact, so_far=True)
    if message is None:
        return False
    try:
        send(addresses, message, total_s=SEND_WITHIN_S, environment=environment)
    except NotificationError as error:
        tell(str(error))
        return False
    tell(f"sent: {message.title}")
    return True
