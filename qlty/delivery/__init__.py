"""From a fact to its target: journal, outbox, relay, receipt."""

from qlty.delivery._classify import Verdict, classify
from qlty.delivery._drain import Sender, Senders, drain
from qlty.delivery._job import Delivery, Job, Sent
from qlty.delivery._masking import MASK, Masker, current_masker, mask, mask_json
from qlty.delivery._outbox import Outbox
from qlty.delivery._receipt import Line, Problem, Receipt, receipt_of
from qlty.delivery._rows import Row

__all__ = [
    "MASK",
    "Delivery",
    "Job",
    "Line",
    "Masker",
    "Outbox",
    "Problem",
    "Receipt",
    "Row",
    "Sender",
    "Senders",
    "Sent",
    "Verdict",
    "classify",
    "current_masker",
    "drain",
    "mask",
    "mask_json",
    "receipt_of",
]
