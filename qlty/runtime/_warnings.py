"""Warnings in our hands are none of the suite's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_warnings() -> Iterator[None]:
    """Keep warnings from the filters in force: a suite that makes them errors means its own."""
    with catch_warnings():
        simplefilter("ignore")
        yield
