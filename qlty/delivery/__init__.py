"""From a fact to its target: journal, outbox, relay, receipt."""

from qlty.delivery._job import Job, Sent

__all__ = ["Job", "Sent"]
