"""What QLTY says to people.

A person must read it whatever a suite does to logging: loggers are disabled by ``dictConfig``, and
a handler of the suite may raise. So it goes to the terminal directly, and then, for log files of
the project's own, to the logger ``qlty``.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from traceback import format_exc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: the attribute of a record that has been shown already
SHOWN = "_qlty_shown"


class Log:
    """Says a text on the terminal, and to whoever listens to the logger ``qlty``; never raises.

    Attributes:
        show: writes one text to the terminal, with a style where the text has one; ``None`` while
            no run is active, then the logger alone is told.
        mask: takes the secrets out of a text.
        verbosity: pytest's, for whoever has more or less to say.
    """

    def __init__(self) -> None:
        self.show: Callable[..., None] | None = None
        self.mask: Callable[[str], str] | None = None
        self.verbosity = 0
        self._logger = logging.getLogger("qlty")

    def info(self, message: str, *args: Any) -> None:
        """Say what is good to know."""
        self._say(logging.INFO, message, args)

    def styled(self, text: str, style: str) -> None:
        """Say what is good to know, in a style of the terminal's, see ``qlty.delivery.Text``."""
        self._say(logging.INFO, "%s", (text,), style)

    def warning(self, message: str, *args: Any) -> None:
        """Say what somebody should look at."""
        self._say(logging.WARNING, message, args)

    def error(self, message: str, *args: Any) -> None:
        """Say what went wrong."""
        self._say(logging.ERROR, message, args)

    def exception(self, message: str, *args: Any) -> None:
        """Say what went wrong, with the traceback of the exception that is being handled."""
        self._say(logging.ERROR, f"{message}\n%s", (*args, format_exc().rstrip()))

    def _say(self, level: int, message: str, args: tuple[Any, ...], *style: str) -> None:
        text = message % args if args else message
        with suppress(Exception):  # a closed terminal must not end the run
            text = self.mask(text) if self.mask else text
            if self.show:
                self.show(f"qlty: {text}", *style)
        with suppress(Exception):  # handlers and filters are the suite's
            self._logger.log(level, "%s", text, extra={SHOWN: self.show is not None}, stacklevel=3)


logger = Log()
