"""What became of a run's deliveries, and why.

A receipt is a value: read from the outbox, handed over as JSON, shown by ``render``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from qlty.results import RunSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qlty.delivery._job import Sent
    from qlty.delivery._outbox import Left, Outbox
    from qlty.delivery._rows import Row, State

#: of the JSON; 2: ``run`` is new, and ``arrived`` has each text with its link
_VERSION = 2

_WAITING: tuple[State, ...] = ("waiting", "sending")

#: what is not delivered, by its reasons
_PROBLEMS = ("waiting", "refused", "given_up", "lost")


@dataclass(frozen=True)
class Arrival:
    """One thing that reached people, in the integration's words, and where it is to be seen."""

    text: str
    link: str | None = None


@dataclass(frozen=True)
class Problem:
    """Why one or more deliveries did not arrive.

    Attributes:
        ids: numbers for ``qlty-framework outbox show``; empty for those kept only in memory.
        attempts: the most that were made for any of them.
    """

    reason: str
    ids: tuple[int, ...]
    attempts: int

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Problem:
        """Read what ``asdict`` gives."""
        return cls(values["reason"], tuple(values["ids"]), values["attempts"])


@dataclass(frozen=True)
class Line:
    """What became of the deliveries of one integration.

    Attributes:
        delivered: how many reached people; bookkeeping (``Sent.counts``) is none.
        settled: how many are done, bookkeeping included.
        arrived: what arrived, one for each thing that has words or a link of its own.
        waiting: kept, and sent by the next run or by ``qlty-framework outbox deliver``.
        refused: the remote, or a mistake in the integration, said no for good.
        given_up: too old to be worth sending.
        lost: sent, without an answer, to a remote that cannot be asked.
        notes: what the integration found, held back, dropped or left out, and why.
    """

    integration: str
    delivered: int = 0
    settled: int = 0
    arrived: tuple[Arrival, ...] = ()
    waiting: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()
    given_up: tuple[Problem, ...] = ()
    lost: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that was to be delivered was delivered."""
        return not (self.waiting or self.refused or self.given_up or self.lost)

    def to_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "integration": self.integration,
            "complete": self.complete,
            "delivered": self.delivered,
            "settled": self.settled,
            "arrived": [asdict(one) for one in self.arrived],
            **{name: [asdict(one) for one in getattr(self, name)] for name in _PROBLEMS},
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Line:
        """Undo :meth:`to_json`."""
        return cls(
            integration=values["integration"],
            delivered=values["delivered"],
            settled=values["settled"],
            arrived=tuple(Arrival(**one) for one in values["arrived"]),
            **{name: tuple(map(Problem.from_json, values[name])) for name in _PROBLEMS},
            notes=tuple(values["notes"]),
        )


@dataclass(frozen=True)
class Receipt:
    """What became of a run's deliveries.

    Attributes:
        durable: whether what waits survives this process.
        trouble: why it does not; ``None`` where it does.
        lines: one per integration.
        earlier: deliveries of earlier runs that still wait.
        given_up: those of earlier runs that became too old to be sent during this one, by
            integration.
        elsewhere: targets that the settings do not name any more, and what waits for each.
        run: how the run went; ``None`` where that is not known, as of one that was killed.
    """

    run_id: str
    durable: bool
    trouble: str | None
    lines: tuple[Line, ...]
    earlier: int = 0
    given_up: tuple[tuple[str, tuple[Problem, ...]], ...] = ()
    elsewhere: tuple[tuple[str, int], ...] = ()
    run: RunSummary | None = None

    def line(self, integration: str) -> Line:
        """Return the line of an integration, an empty one where it has none."""
        return next(
            (one for one in self.lines if one.integration == integration), Line(integration)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as JSON."""
        return {
            "version": _VERSION,
            "run_id": self.run_id,
            "run": self.run.to_json() if self.run else None,
            "durable": self.durable,
            "trouble": self.trouble,
            "earlier_waiting": self.earlier,
            "earlier_given_up": {
                name: [asdict(problem) for problem in problems] for name, problems in self.given_up
            },
            "elsewhere": [
                {"target": target, "waiting": number} for target, number in self.elsewhere
            ],
            "integrations": [line.to_json() for line in self.lines],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Receipt:
        """Undo :meth:`to_json`, as for a receipt that another process has made."""
        run = values["run"]
        return cls(
            run_id=values["run_id"],
            durable=values["durable"],
            trouble=values["trouble"],
            lines=tuple(map(Line.from_json, values["integrations"])),
            earlier=values["earlier_waiting"],
            given_up=tuple(
                (name, tuple(map(Problem.from_json, problems)))
                for name, problems in values["earlier_given_up"].items()
            ),
            elsewhere=tuple((one["target"], one["waiting"]) for one in values["elsewhere"]),
            run=RunSummary.from_json(run) if run else None,
        )


def receipt_of(
    outbox: Outbox,
    run_id: str,
    *,
    notes: Mapping[str, Sequence[str]] | None = None,
    integrations: Iterable[str] = (),
    meanwhile: bool = False,
    run: RunSummary | None = None,
) -> Receipt:
    """Read from the outbox what became of a run's deliveries.

    Args:
        outbox: where the deliveries are.
        run_id: the run.
        notes: what each integration wants said.
        integrations: all that were active: those that delivered nothing have a line, too.
        meanwhile: tell also what of earlier runs was given up and not told; that is told once.
        run: how the run went.
    """
    notes = notes or {}
    by_name: dict[str, list[Row]] = {name: [] for name in [*integrations, *notes]}
    for row in outbox.rows(run_id=run_id):
        by_name.setdefault(row.integration, []).append(row)
    left, own = outbox.left(), outbox.left(run_id)
    return Receipt(
        run_id=run_id,
        durable=outbox.durable,
        trouble=outbox.trouble,
        lines=tuple(_line(name, rows, notes.get(name, ())) for name, rows in by_name.items()),
        earlier=_sendable(left) - _sendable(own),
        given_up=_given_up_meanwhile(outbox, run_id) if meanwhile else (),
        elsewhere=tuple((one.target, one.number) for one in left if one.elsewhere),
        run=run,
    )


def _given_up_meanwhile(outbox: Outbox, run_id: str) -> tuple[tuple[str, tuple[Problem, ...]], ...]:
    lines = lines_of(outbox.tell_given_up(run_id))
    return tuple((line.integration, line.given_up) for line in lines)


def _sendable(left: list[Left]) -> int:
    return sum(one.number for one in left if not one.elsewhere)


def lines_of(rows: Iterable[Row]) -> list[Line]:
    """Say what became of some deliveries, whichever runs made them."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.integration, []).append(row)
    return [_line(name, own, ()) for name, own in by_name.items()]


def _line(name: str, rows: list[Row], notes: Sequence[str]) -> Line:
    delivered = [row for row in rows if row.state == "delivered"]
    sent = [row.sent for row in delivered if row.sent is not None]
    return Line(
        integration=name,
        delivered=sum(map(_counts, delivered)),
        settled=len(delivered),
        arrived=tuple(dict.fromkeys(one for row in delivered for one in _arrivals(row))),
        waiting=_problems(rows, _WAITING),
        refused=_problems(rows, ("refused",)),
        given_up=_problems(rows, ("given_up",)),
        lost=_problems(rows, ("lost",)),
        notes=(*notes, *(note for one in sent for note in _notes(one))),
    )


def _counts(row: Row) -> bool:
    return row.sent is None or row.sent.counts


def _notes(sent: Sent) -> Iterator[str]:
    """Yield what is worth a word beside what arrived."""
    if sent.text and not sent.counts:
        yield sent.text
    yield from sent.notes


def _arrivals(row: Row) -> Iterator[Arrival]:
    """Yield each thing that one delivery made: a line of its text, and the link of that line."""
    if row.sent is None or not row.sent.counts or not (row.sent.text or row.sent.links):
        return
    texts, links = row.sent.text.splitlines(), row.sent.links or ("",)
    if len(texts) != len(links):
        texts = [row.sent.text or row.kind or row.key] * len(links)
    for text, link in zip(texts, links, strict=True):
        yield Arrival(text, link or None)


@dataclass
class _Group:
    ids: list[int] = field(default_factory=list)
    attempts: int = 0


def _problems(rows: list[Row], states: tuple[State, ...]) -> tuple[Problem, ...]:
    groups: dict[str, _Group] = {}
    for row in rows:
        if row.state in states:
            group = groups.setdefault(row.reason or _unexplained(row), _Group())
            group.ids.append(row.id)
            group.attempts = max(group.attempts, row.attempts)
    return tuple(
        Problem(reason, tuple(group.ids), group.attempts) for reason, group in groups.items()
    )


def _unexplained(row: Row) -> str:
    return "no answer yet" if row.state == "sending" else "not tried yet"
