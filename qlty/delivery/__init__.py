"""From a fact to its target: outbox, relay, receipt."""

from qlty.delivery._answers import Answer, answer_of
from qlty.delivery._classify import Verdict, classify, failure_of
from qlty.delivery._detached import Detached, start_detached
from qlty.delivery._drain import Drainer, Sender, Senders, drain
from qlty.delivery._exchange import Vendor, accepted, failure
from qlty.delivery._history import History
from qlty.delivery._job import Delivery, Job, Sent
from qlty.delivery._outbox import Left, Outbox
from qlty.delivery._process import identity, is_alive
from qlty.delivery._receipt import Line, Problem, Receipt, for_elsewhere, lines_of, receipt_of
from qlty.delivery._relay import Relay, start_relay
from qlty.delivery._rows import STATES, Row
from qlty.delivery._senders import ImportedSenders
from qlty.delivery._settings import use_settings
from qlty.masking import MASK, Masker, current_masker, mask, mask_json

__all__ = [
    "MASK",
    "STATES",
    "Answer",
    "Delivery",
    "Detached",
    "Drainer",
    "History",
    "ImportedSenders",
    "Job",
    "Left",
    "Line",
    "Masker",
    "Outbox",
    "Problem",
    "Receipt",
    "Relay",
    "Row",
    "Sender",
    "Senders",
    "Sent",
    "Vendor",
    "Verdict",
    "accepted",
    "answer_of",
    "classify",
    "current_masker",
    "drain",
    "failure",
    "failure_of",
    "for_elsewhere",
    "identity",
    "is_alive",
    "lines_of",
    "mask",
    "mask_json",
    "receipt_of",
    "start_detached",
    "start_relay",
    "use_settings",
]
