"""Adding TestRail's link to a message that went out before TestRail had answered.

The message does not wait for TestRail: who has to act on a failure needs it now. A job of its own
reads from the outbox what the two other jobs have found out, and changes the message once. It is
a job and not a step of the message's own, so that the message counts as delivered meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._slack.message import with_link
from qlty.classes.integrations._slack.report import testrail_link
from qlty.delivery import Sent
from qlty.errors import RetryLater

if TYPE_CHECKING:
    from qlty.classes.integrations._slack.client import Bot
    from qlty.delivery import Job

#: seconds between two looks
_AGAIN = 2.0
#: seconds after which nobody looks at the run any more
EXPIRES = 86_400.0
#: TestRail's job will not get any further
_OVER = {"delivered", "refused", "given_up", "lost", "dropped"}


def payload(message: dict[str, Any], message_id: int, testrail_id: int) -> dict[str, Any]:
    """Return the payload of the job.

    Args:
        message: what stands in the channel.
        message_id: number of the delivery that posts it.
        testrail_id: number of TestRail's delivery.
    """
    return {"parent": message, "message_id": message_id, "testrail_id": testrail_id}


def add(job: Job, bot: Bot) -> Sent:
    """Add the link.

    Raises:
        RetryLater: TestRail has no run yet, or the message does not stand there yet.
        DeliveryError: see :class:`Bot`.
    """
    state, testrail = job.progress_of(job.payload["testrail_id"])
    run_id = testrail.get("testrail_run_id")
    if run_id is None and state in _OVER:
        return Sent("no link to TestRail: it has no run", counts=False)
    posted, place = job.progress_of(job.payload["message_id"])
    if not place.get("ts") and posted in _OVER:
        return Sent("no link to TestRail: there is no message", counts=False)
    if run_id is None or not place.get("ts"):
        raise RetryLater("the message is posted; TestRail's run is not there to be linked", _AGAIN)
    url, label = testrail_link(run_id, testrail.get("testrail_run_url"))
    body = with_link(job.payload["parent"], url, label)
    bot.call("chat.update", {"channel": place["channel"], "ts": place["ts"], **body})
    return Sent(counts=False)
