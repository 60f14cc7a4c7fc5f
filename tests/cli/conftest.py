"""One sandbox for all tests of the command."""

from __future__ import annotations

import pytest

from qlty.sandbox import start


@pytest.fixture(scope="session")
def running():
    """Return a running sandbox."""
    with start() as sandbox:
        yield sandbox
