"""What QLTY says to the person at the terminal, and to whoever keeps the logs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

# here rather than where they are used: after the tests, imports may be what a test has left of them
from qlty.delivery import Receipt, render
from qlty.results import for_terminal
from qlty.runtime import logger
from qlty.utilities.utils import install_masker, was_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Say = Callable[..., None]


#: how pytest's terminal writer marks the styles of a receipt
MARKUP = {"good": {"green": True}, "bad": {"red": True}, "poor": {"yellow": True}}


@contextmanager
def console(say: Say, mask: Callable[[str], str], verbosity: int = 0) -> Iterator[None]:
    """Show what QLTY says through ``say`` while the block runs.

    ``say`` gets a text and, with the lines of a receipt, their style. ``verbosity`` is pytest's.

    Other code's records of the logger ``qlty`` are shown, too. Loggers of ``setup_logger`` show
    theirs themselves; they are masked meanwhile.
    """

    def safe(text: str) -> str:
        # with the words of servers in it, which must not reach the terminal as commands
        return for_terminal(mask(text))

    own = logging.getLogger("qlty")
    handler = _Handler(say, safe)
    level = own.level
    own.setLevel(logging.INFO)
    own.addHandler(handler)
    install_masker(mask)
    logger.show, logger.mask, logger.verbosity = say, safe, verbosity
    try:
        yield
    finally:
        logger.show, logger.mask, logger.verbosity = None, None, 0
        install_masker(None)
        own.removeHandler(handler)
        own.setLevel(level)


def say_receipt(receipt: Mapping[str, Any]) -> None:
    """Show what became of a run's deliveries, by the JSON of a :class:`~qlty.delivery.Receipt`."""
    for line in render(Receipt.from_json(receipt), logger.verbosity):
        logger.styled(line.text, line.style)


class _Handler(logging.Handler):
    def __init__(self, say: Say, mask: Callable[[str], str]) -> None:
        super().__init__(logging.INFO)
        self._say = say
        self._mask = mask

    def emit(self, record: logging.LogRecord) -> None:
        if was_shown(record):
            return
        try:
            self._say(f"qlty: {self._mask(self.format(record))}")
        except Exception:  # noqa: BLE001 - a closed terminal must not end the run
            self.handleError(record)
