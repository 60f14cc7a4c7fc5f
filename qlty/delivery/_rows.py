"""The rows of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from json import dumps, loads
from typing import TYPE_CHECKING, Any, Literal, get_args

from qlty.delivery._job import Sent

if TYPE_CHECKING:
    import sqlite3

State = Literal[
    "waiting", "sending", "delivered", "refused", "given_up", "lost", "superseded", "dropped"
]

#: all of them
STATES: tuple[State, ...] = get_args(State)

#: nothing more will happen to a row in one of these, unless somebody asks for it
FINAL_STATES: frozenset[State] = frozenset(
    {"delivered", "refused", "given_up", "lost", "superseded", "dropped"}
)

#: how sure it is that an earlier attempt had no effect at the remote
NO_DOUBT, DOUBTFUL, ANSWER_LOST = 0, 1, 2


@dataclass(frozen=True)
class Row:
    """One delivery as it is stored.

    Attributes:
        state: ``waiting``, ``sending``, or one of :data:`FINAL_STATES`.
        doubt: 0 where no earlier attempt can have had an effect, 1 after a server error,
            2 after a lost answer: 1 and 2 ask the remote before anything is sent again.
        due_at: seconds since the epoch; not to be sent before.
        expires_at: seconds since the epoch; not to be sent after.
        reason: why it is not delivered, masked.
        deaths: how often in a row the process died that was sending it.
        sent: what the receipt shows of a delivered one.
    """

    id: int
    integration: str
    target: str
    key: str
    generation: int
    kind: str
    class_path: str | None
    run_id: str
    payload: dict[str, Any]
    checkpoint: dict[str, Any]
    state: State
    attempts: int
    doubt: int
    created_at: float
    due_at: float
    written_at: float
    expires_at: float | None
    owner: str | None
    leased_until: float | None
    reason: str
    sent: Sent | None
    settled_at: float | None
    deaths: int


COLUMNS = tuple(Row.__dataclass_fields__)


def from_record(record: sqlite3.Row) -> Row:
    """Build a :class:`Row` from all columns of a record."""
    values: dict[str, Any] = dict(zip(record.keys(), record, strict=True))
    values["payload"] = loads(values["payload"])
    values["checkpoint"] = loads(values["checkpoint"])
    if values["sent"] is not None:
        values["sent"] = sent_from_json(values["sent"])
    return Row(**values)


def sent_to_json(sent: Sent | None) -> str:
    """Store what a sender gave back; a sender that gave nothing back has still delivered."""
    sent = sent or Sent()
    stored = {"text": sent.text, "links": list(sent.links), "notes": list(sent.notes)}
    return to_json(stored if sent.counts else {**stored, "counts": False})


def sent_from_json(text: str) -> Sent:
    """Undo :func:`sent_to_json`."""
    stored = loads(text)
    parts = tuple(stored["links"]), tuple(stored["notes"])
    return Sent(stored["text"], *parts, counts=stored.get("counts", True))


def to_json(value: Any) -> str:
    """Write JSON that SQLite can hold: ASCII, so that lone surrogates survive as escapes.

    Raises:
        TypeError: a value that JSON does not have.
        ValueError: a number that JSON does not have, or a value that contains itself.
    """
    return dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
