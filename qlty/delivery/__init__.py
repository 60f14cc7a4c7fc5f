"""From a fact to its target: outbox, sending, receipt.

Each name is imported when it is first asked for: the process that runs tests needs few of them, and
none of those that open a database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlty.masking import MASK, Masker, current_masker, mask, mask_json
from qlty.runtime import lazy_exports

if TYPE_CHECKING:
    from qlty.delivery._answers import Answer, answer_of
    from qlty.delivery._classify import Verdict, classify, failure_of
    from qlty.delivery._detached import Detached, start_detached
    from qlty.delivery._drain import Drainer, Sender, Senders, drain
    from qlty.delivery._exchange import Vendor, accepted, failure
    from qlty.delivery._history import History
    from qlty.delivery._job import Delivery, Job, Sent
    from qlty.delivery._masked_log import MaskedLog
    from qlty.delivery._outbox import Left, Outbox
    from qlty.delivery._process import identity, is_alive
    from qlty.delivery._receipt import Arrival, Line, Problem, Receipt, lines_of, receipt_of
    from qlty.delivery._render import Text, for_elsewhere, render, render_lines
    from qlty.delivery._rows import STATES, Row
    from qlty.delivery._senders import ImportedSenders
    from qlty.delivery._settings import use_settings

__all__ = [
    "MASK",
    "STATES",
    "Answer",
    "Arrival",
    "Delivery",
    "Detached",
    "Drainer",
    "History",
    "ImportedSenders",
    "Job",
    "Left",
    "Line",
    "MaskedLog",
    "Masker",
    "Outbox",
    "Problem",
    "Receipt",
    "Row",
    "Sender",
    "Senders",
    "Sent",
    "Text",
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
    "render",
    "render_lines",
    "start_detached",
    "use_settings",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "Answer": "_answers",
        "Arrival": "_receipt",
        "Delivery": "_job",
        "Detached": "_detached",
        "Drainer": "_drain",
        "History": "_history",
        "ImportedSenders": "_senders",
        "Job": "_job",
        "Left": "_outbox",
        "Line": "_receipt",
        "MaskedLog": "_masked_log",
        "Outbox": "_outbox",
        "Problem": "_receipt",
        "Receipt": "_receipt",
        "Row": "_rows",
        "STATES": "_rows",
        "Sender": "_drain",
        "Senders": "_drain",
        "Sent": "_job",
        "Text": "_render",
        "Vendor": "_exchange",
        "Verdict": "_classify",
        "accepted": "_exchange",
        "answer_of": "_answers",
        "classify": "_classify",
        "drain": "_drain",
        "failure": "_exchange",
        "failure_of": "_classify",
        "for_elsewhere": "_render",
        "identity": "_process",
        "is_alive": "_process",
        "lines_of": "_receipt",
        "receipt_of": "_receipt",
        "render": "_render",
        "render_lines": "_render",
        "start_detached": "_detached",
        "use_settings": "_settings",
    },
)
