"""One message through an incoming webhook, which answers ``ok`` and nothing else.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.classes.integrations._slack.client import SlackRefused, post_to_webhook
from qlty.classes.integrations._slack.message import text_only
from qlty.classes.integrations._slack.steps import Steps
from qlty.classes.integrations._slack.words import BAD_BLOCKS
from qlty.delivery import Sent

if TYPE_CHECKING:
    from qlty.delivery import Job

_CANNOT_ASK = "a webhook cannot be asked whether a message arrived"


def post(job: Job, url: str) -> Sent:
    """Post the job's message; raises as :class:`Bot` does."""
    steps = Steps(job)
    if steps.open:
        steps.cannot_ask(_CANNOT_ASK)
    message = job.payload["parent"]
    with steps.begun("message"):
        try:
            post_to_webhook(url, message)
        except SlackRefused as error:
            if error.error not in BAD_BLOCKS:
                raise
            steps.note(f"posted as plain text: Slack refused its form ({error.reason})")
            post_to_webhook(url, text_only(message))
    return Sent("message through the webhook", (), steps.notes)


def find(job: Job) -> None:
    """Say that it is not known whether the message arrived, so that it is sent once more.

    Raises:
        Refused: it was sent twice without an answer.
    """
    if Steps(job).open:
        Steps(job).cannot_ask(_CANNOT_ASK)
