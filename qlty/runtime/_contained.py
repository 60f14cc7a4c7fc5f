"""The boundary between reporting and the run: what goes wrong in here stays in here."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from qlty.runtime._log import logger
from qlty.runtime._warnings import no_warnings

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def contained(method: Callable[P, R]) -> Callable[P, R | None]:
    """Log what ``method`` raises, each kind once per object, instead of handing it on.

    pytest takes an exception in a hook for an internal error and ends the run.
    Where it raises, the method returns ``None``. Its warnings meet no filter of the suite.
    """

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            with no_warnings():
                return method(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in here
            kind = f"{method.__name__}: {type(error).__name__}"
            told = vars(args[0]).setdefault("_told", set())
            if kind not in told:
                told.add(kind)
                logger.exception("internal error, the run goes on: %s", kind)
            return None

    return call
