"""What integrations use for logging and for naming a build."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from qlty.runtime import clock
from qlty.runtime._log import SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    _StreamHandler = logging.StreamHandler[Any]
else:
    _StreamHandler = logging.StreamHandler  # no subscript before Python 3.11

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Stderr(_StreamHandler):
    """Writes to what ``sys.stderr`` is now: pytest replaces it and closes the replacement."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    def handle(self, record: logging.LogRecord) -> bool:
        """Show a record once, although it passes the handlers of all its parents, too."""
        if was_shown(record):
            return False
        setattr(record, SHOWN, True)
        return super().handle(record)


class _MaskingFilter(logging.Filter):
    """Masks a record before any handler, ours or another's, sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.mask: Callable[[str], str] | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the message and the traceback; keep the record."""
        if self.mask is not None:
            record.msg, record.args = self.mask(_message(record)), None
            if record.exc_info and not record.exc_text:
                record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_text = self.mask(record.exc_text) if record.exc_text else record.exc_text
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - logging would print the arguments of a bad call unmasked
        return f"{record.msg} {record.args!r}"


_handler = _Stderr()
_handler.setFormatter(logging.Formatter(_FORMAT))
_masking = _MaskingFilter()


def setup_logger(name: str, level: str | int | None = None) -> logging.Logger:
    """Return the logger ``name``, which writes to stderr and masks secrets.

    The root logger is left alone. Calling it again changes the level and nothing else.

    Args:
        name: usually ``__name__``.
        level: ``settings.DEBUG_LEVEL``: a level's name or number; ``INFO`` if it is neither.
    """
    logger = logging.getLogger(name)
    number = _level(level)
    logger.setLevel(logging.INFO if number is None else number)
    logger.addHandler(_handler)
    logger.addFilter(_masking)
    if number is None and level is not None:
        logger.warning("%r is no logging level such as 'DEBUG' or 'INFO': INFO is used", level)
    return logger


def was_shown(record: logging.LogRecord) -> bool:
    """Say whether a logger of :func:`setup_logger` has written this record to stderr."""
    return getattr(record, SHOWN, False)


def install_masker(mask: Callable[[str], str] | None) -> None:
    """Let every logger of :func:`setup_logger` pass its text through ``mask``; ``None`` ends it."""
    _masking.mask = mask


def get_unique_build_id() -> str:
    """Return a new id: sortable by time (UTC), unique, and safe as the name of a file.

    >>> get_unique_build_id()  # doctest: +SKIP
    '20260214T093000512-9f86d081'
    """
    now = clock.utc_now()
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{os.urandom(4).hex()}"


def _level(level: str | int | None) -> int | None:
    """Return the level's number, ``None`` if there is no such level."""
    if isinstance(level, int):
        return int(level)
    text = str(level).strip().upper()
    number = int(text) if text.isdecimal() else logging.getLevelName(text)
    return number if isinstance(number, int) else None


#: The id of what this process builds.
BUILD_ID = get_unique_build_id()
