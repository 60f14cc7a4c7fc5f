"""What became of a run's deliveries, and why."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qlty.delivery._outbox import Left, Outbox
    from qlty.delivery._rows import Row, State

#: links, reasons and texts shown per integration in text; the JSON has them all, whole
_SHOWN = 5
_NOTES_SHOWN = 10

#: characters of each of them
_LONGEST = 200

#: characters of several texts in one line
_INLINE = 120

_WAITING: tuple[State, ...] = ("waiting", "sending")


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


@dataclass(frozen=True)
class Line:
    """What became of the deliveries of one integration.

    Attributes:
        delivered: how many arrived.
        texts: what arrived, in the integrations' words.
        waiting: kept, and sent by the next run or by ``qlty-framework outbox deliver``.
        refused: the remote, or a mistake in the integration, said no for good.
        given_up: too old to be worth sending.
        lost: sent, without an answer, to a remote that cannot be asked.
        notes: what the integration held back, dropped or left out, and why.
    """

    integration: str
    delivered: int = 0
    texts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    waiting: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()
    given_up: tuple[Problem, ...] = ()
    lost: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that was to be delivered was delivered."""
        return not (self.waiting or self.refused or self.given_up or self.lost)

    def render(self, *, kept: bool = True) -> list[str]:
        """Return the line as text, with a line more for each link, problem and note.

        Args:
            kept: whether what waits is still there after this process.
        """
        texts = [f"{self.integration}: {_summary(self)}"]
        if _are_long(self.texts):
            texts += [f"  {_short(text)}" for text in self.texts[:_SHOWN]]
            texts += _more(len(self.texts) - _SHOWN, "like these")
        texts += [f"  {link}" for link in self.links[:_SHOWN]]
        texts += _more(len(self.links) - _SHOWN, "links")
        for name, word, advice in _STATES:
            texts += _render_problems(getattr(self, name), word, advice if kept else "")
        texts += [f"  {_short(note)}" for note in self.notes[:_NOTES_SHOWN]]
        return texts + _more(len(self.notes) - _NOTES_SHOWN, "notes")

    def to_json(self) -> dict[str, Any]:
        """Return the line as JSON."""
        return {
            "integration": self.integration,
            "complete": self.complete,
            "delivered": self.delivered,
            "texts": list(self.texts),
            "links": list(self.links),
            **{name: [asdict(one) for one in getattr(self, name)] for name, _, _ in _STATES},
            "notes": list(self.notes),
        }


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
    """

    run_id: str
    durable: bool
    trouble: str | None
    lines: tuple[Line, ...]
    earlier: int = 0
    given_up: tuple[tuple[str, tuple[Problem, ...]], ...] = ()
    elsewhere: tuple[tuple[str, int], ...] = ()

    def line(self, integration: str) -> Line:
        """Return the line of an integration, an empty one where it has none."""
        return next(
            (one for one in self.lines if one.integration == integration), Line(integration)
        )

    def render(self) -> list[str]:
        """Return the receipt as text, one line per fact, never empty."""
        lines = [text for line in self.lines for text in line.render(kept=self.durable)]
        for name, problems in self.given_up:
            lines.append(f"{name}: of earlier runs")
            lines += _render_problems(problems, "given up", _HOW_TO_LOOK)
        if self.trouble:
            lines.append(f"deliveries are not kept beyond this run: {self.trouble}")
        if self.earlier:
            lines.append(f"{_count(self.earlier)} of earlier runs still waiting: {_HOW_TO_SEND}")
        lines += [for_elsewhere(*one) for one in self.elsewhere]
        return lines or ["nothing to deliver"]

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as JSON."""
        return {
            "version": 1,
            "run_id": self.run_id,
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


_HOW_TO_SEND = "send with 'qlty-framework outbox deliver'"
_HOW_TO_LOOK = "see 'qlty-framework outbox show {id}'"


def for_elsewhere(target: str, number: int) -> str:
    """Say that nobody sends what waits for a target, and what removes it."""
    wait = "waits" if number == 1 else "wait"
    return (
        f"{_count(number)} {wait} for {target}, to which nothing is sent now: set it up again, or "
        f"remove with {shlex.join(['qlty-framework', 'outbox', 'drop', '--target', target])}"
    )


_STATES: tuple[tuple[str, str, str], ...] = (
    ("waiting", "waiting", _HOW_TO_SEND),
    ("refused", "refused", _HOW_TO_LOOK),
    ("given_up", "given up", ""),
    ("lost", "lost", "send again with 'qlty-framework outbox retry {id}'"),
)


def receipt_of(
    outbox: Outbox,
    run_id: str,
    *,
    notes: Mapping[str, Sequence[str]] | None = None,
    integrations: Iterable[str] = (),
    meanwhile: bool = False,
) -> Receipt:
    """Read from the outbox what became of a run's deliveries.

    Args:
        outbox: where the deliveries are.
        run_id: the run.
        notes: what each integration wants said.
        integrations: all that were active: those that delivered nothing have a line, too.
        meanwhile: tell also what of earlier runs was given up and not told; that is told once.
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
    sent = [row.sent for row in rows if row.state == "delivered" and row.sent is not None]
    return Line(
        integration=name,
        delivered=sum(row.state == "delivered" and _counts(row) for row in rows),
        texts=tuple(one.text for one in sent if one.text),
        links=tuple(dict.fromkeys(link for one in sent for link in one.links)),
        waiting=_problems(rows, _WAITING),
        refused=_problems(rows, ("refused",)),
        given_up=_problems(rows, ("given_up",)),
        lost=_problems(rows, ("lost",)),
        notes=(*notes, *(note for one in sent for note in one.notes)),
    )


def _counts(row: Row) -> bool:
    return row.sent is None or row.sent.counts


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


def _are_long(texts: Sequence[str]) -> bool:
    """Say whether several texts are read more easily below each other."""
    return len(texts) > 1 and sum(map(len, texts[:_SHOWN])) > _INLINE


def _summary(line: Line) -> str:
    said = "" if _are_long(line.texts) else "; ".join(map(_short, line.texts[:_SHOWN]))
    if said and len(line.texts) > _SHOWN:
        said += f"; and {len(line.texts) - _SHOWN} more"
    counts = [f"delivered {line.delivered}"] if line.delivered else []
    for name, word, _ in _STATES:
        number = sum(len(problem.ids) for problem in getattr(line, name))
        counts += [f"{word} {number}"] if number else []
    text = ", ".join(counts)
    if said and text:
        return f"{text} ({said})"
    return text or said or "nothing to deliver"


def _render_problems(problems: tuple[Problem, ...], word: str, advice: str) -> list[str]:
    texts = []
    for problem in problems[:_SHOWN]:
        tried = f", tried {_times(problem.attempts)}" if problem.attempts else ""
        hint = f"; {advice.format(id=problem.ids[0])}" if advice else ""
        texts.append(
            f"  {word} ({_count(len(problem.ids))}{tried}): {_short(problem.reason)}{hint}"
        )
    return texts + _more(len(problems) - _SHOWN, "reasons")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _more(number: int, what: str) -> list[str]:
    return [f"  and {number} more {what}"] if number > 0 else []


def _count(number: int) -> str:
    return "1 delivery" if number == 1 else f"{number} deliveries"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
