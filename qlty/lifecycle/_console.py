"""What QLTY says to the person at the terminal, and to whoever keeps the logs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qlty.results import for_terminal
from qlty.runtime import logger
from qlty.utilities.utils import install_masker, was_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[str], None]


@contextmanager
def console(say: Say, mask: Callable[[str], str]) -> Iterator[None]:
    """Show what QLTY says through ``say`` while the block runs.

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
    logger.show, logger.mask = say, safe
    try:
        yield
    finally:
        logger.show = logger.mask = None
        install_masker(None)
        own.removeHandler(handler)
        own.setLevel(level)


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
