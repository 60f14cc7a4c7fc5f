"""A receipt in words: what a person at a terminal reads.

Pure: of the receipt and the verbosity alone. Whoever shows the words masks them, keeps terminal
escapes out, and decides about colours.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qlty.results import ONLY_ON, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qlty.delivery._receipt import Arrival, Line, Problem, Receipt

Style = Literal["good", "bad", "poor", "plain"]

#: arrivals and reasons shown per integration; -v and the JSON have them all
_SHOWN = 5
_NOTES_SHOWN = 10

#: characters of each of them
_LONGEST = 200

#: characters of what stands before a link
_TITLE = 120

_HOW_TO_SEND = "send with 'qlty-framework outbox deliver'"
_HOW_TO_LOOK = "see 'qlty-framework outbox show {id}'"
_HOW_TO_RETRY = "send again with 'qlty-framework outbox retry {id}'"

#: what is not delivered: field, word, advice, style
_PROBLEMS: tuple[tuple[str, str, str, Style], ...] = (
    ("waiting", "waiting", _HOW_TO_SEND, "poor"),
    ("refused", "refused", _HOW_TO_LOOK, "bad"),
    ("given_up", "given up", "", "bad"),
    ("lost", "lost", _HOW_TO_RETRY, "bad"),
)


@dataclass(frozen=True)
class Text:
    """One line for the terminal, in one style."""

    text: str
    style: Style = "plain"


def render(receipt: Receipt, verbosity: int = 0) -> list[Text]:
    """Return a receipt as text.

    Args:
        receipt: what to tell.
        verbosity: pytest's. From 1 on nothing is left out; below 0 there is no headline; below
            -1 there is only what did not arrive.
    """
    shown = [line for line in receipt.lines if verbosity > 0 or _says(line, verbosity)]
    if verbosity <= 0 and all(map(_is_elsewhere, shown)):
        shown = []
    body = [text for line in shown for text in _line(line, verbosity, kept=receipt.durable)]
    body += _of_the_outbox(receipt)
    if verbosity < 0 or not (receipt.lines or body or verbosity):
        return body
    return [_headline(receipt, body), *_indented(body)]


def render_lines(lines: Iterable[Line]) -> list[Text]:
    """Return what became of some deliveries, whichever runs made them."""
    return [text for line in lines for text in _line(line, 0, kept=True)]


def for_elsewhere(target: str, number: int) -> str:
    """Say that nobody sends what waits for a target, and what removes it."""
    wait = "waits" if number == 1 else "wait"
    drop = shlex.join(["qlty-framework", "outbox", "drop", "--target", target])
    return (
        f"{counted(number, 'delivery')} {wait} for {target}, to which nothing is sent now: "
        f"set it up again, or remove with {drop}"
    )


def _says(line: Line, verbosity: int) -> bool:
    """Say whether somebody must read of an integration."""
    return not line.complete or (verbosity >= -1 and bool(line.delivered or line.notes))


def _is_elsewhere(line: Line) -> bool:
    """Say whether ``ONLY_ON`` is all that there is to say."""
    return line.complete and not line.delivered and all(ONLY_ON in note for note in line.notes)


def _headline(receipt: Receipt, body: Sequence[Text]) -> Text:
    run = receipt.run
    text = f"run {receipt.run_id}: {run}" if run else f"of run {receipt.run_id}:"
    style: Style = run.mood if run else "plain"
    return Text(text if body else f"{text}; {_why_nothing(receipt)}", style)


def _why_nothing(receipt: Receipt) -> str:
    held = {line.integration: line.notes[0] for line in receipt.lines if line.notes}
    if not held:
        return "nothing to deliver"
    first, *others = held
    do = "does" if len(others) == 1 else "do"
    likewise = f", as {do} {', '.join(others)}; -v says more" if others else ""
    return f"{first} stays silent: {_short(held[first].removeprefix('silent: '))}{likewise}"


def _line(line: Line, verbosity: int, *, kept: bool) -> Iterator[Text]:
    """Yield an integration's line, and what is below it."""
    arrived, notes = [_arrival(one) for one in line.arrived], [_short(one) for one in line.notes]
    problems, alone = _counted_problems(line), ""
    if len(arrived) == 1 == line.delivered:
        alone = arrived.pop()
    elif line.delivered:
        alone = f"{line.delivered} delivered"
    elif len(notes) == 1 and not problems:
        alone = notes.pop()
    summary = "; ".join(filter(None, (alone, *problems))) or "nothing to deliver"
    yield Text(f"{line.integration}: {summary}", _style(line))
    yield from _indented(map(Text, _first(arrived, _SHOWN, "", verbosity)))
    for name, word, advice, style in _PROBLEMS:
        texts = _problems(getattr(line, name), word, advice if kept else "", verbosity)
        yield from _indented(Text(text, style) for text in texts)
    yield from _indented(map(Text, _first(notes, _NOTES_SHOWN, " note", verbosity)))


def _style(line: Line) -> Style:
    if line.complete:
        return "plain"
    return "bad" if line.refused or line.given_up or line.lost else "poor"


def _arrival(one: Arrival) -> str:
    if one.link is None:
        return _short(one.text)
    return f"{_short(one.text, _TITLE)} {one.link}"


def _counted_problems(line: Line) -> list[str]:
    numbers = {
        word: sum(len(problem.ids) for problem in getattr(line, name))
        for name, word, _, _ in _PROBLEMS
    }
    return [f"{number} {word}" for word, number in numbers.items() if number]


def _problems(problems: Sequence[Problem], word: str, advice: str, verbosity: int) -> list[str]:
    texts = [_problem(problem, word, advice) for problem in problems]
    return _first(texts, _SHOWN, " reason", verbosity)


def _problem(problem: Problem, word: str, advice: str) -> str:
    tried = f", tried {_times(problem.attempts)}" if problem.attempts else ""
    hint = f"; {advice.format(id=problem.ids[0])}" if advice else ""
    number = counted(len(problem.ids), "delivery")
    return f"{word} ({number}{tried}): {_short(problem.reason)}{hint}"


def _of_the_outbox(receipt: Receipt) -> Iterator[Text]:
    """Yield what is to be said beyond this run's deliveries."""
    for name, problems in receipt.given_up:
        yield Text(f"{name}: of earlier runs", "bad")
        texts = _problems(problems, "given up", _HOW_TO_LOOK, 0)
        yield from _indented(Text(text, "bad") for text in texts)
    if receipt.trouble:
        yield Text(f"deliveries are not kept beyond this run: {receipt.trouble}", "bad")
    if receipt.earlier:
        waiting = counted(receipt.earlier, "delivery")
        yield Text(f"{waiting} of earlier runs still waiting: {_HOW_TO_SEND}", "poor")
    for target, number in receipt.elsewhere:
        yield Text(for_elsewhere(target, number), "poor")


def _indented(texts: Iterable[Text]) -> Iterator[Text]:
    for one in texts:
        yield Text(f"  {one.text}", one.style)


def _first(texts: list[str], most: int, noun: str, verbosity: int) -> list[str]:
    """Return the first of many, and how many more there are; with ``-v`` all of them."""
    left = len(texts) - most
    if verbosity > 0 or left <= 0:
        return texts
    return [*texts[:most], f"and {counted(left, f'more{noun}') if noun else f'{left} more'}"]


def _short(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _times(number: int) -> str:
    return "once" if number == 1 else counted(number, "time")
