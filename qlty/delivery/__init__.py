"""From a fact to its target: journal, outbox, relay, receipt."""

from qlty.delivery._job import Delivery, Job, Sent

__all__ = ["Delivery", "Job", "Sent"]
