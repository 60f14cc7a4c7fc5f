"""What QLTY says to the person at the terminal, and to whoever keeps the logs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qlty.utilities.utils import install_masker, was_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[str], None]


@contextmanager
def console(say: Say, mask: Callable[[str], str]) -> Iterator[None]:
    """Show the records of the logger ``qlty`` through ``say`` while the block runs.

    Loggers of ``setup_logger`` show their records themselves; they are masked meanwhile.
    """
    logger = logging.getLogger("qlty")
    handler = _Handler(say, mask)
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    install_masker(mask)
    try:
        yield
    finally:
        install_masker(None)
        logger.removeHandler(handler)
        logger.setLevel(level)


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
