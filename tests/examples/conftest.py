"""The storefront's service and suite, in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
STOREFRONT = ROOT / "examples" / "storefront"
_ACTIVE = ("QLTY_", "PYTEST_", "SLACK_", "TESTRAIL_", "PAGERDUTY_", "COV_")


def environ(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_ACTIVE)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **extra}


def python(*args: str, cwd: Path = ROOT, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end, without a terminal."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env=environ(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=180,
        check=False,
    )


@contextmanager
def shop(*options: str) -> Iterator[str]:
    """Run the storefront's service, and give its address."""
    command = [sys.executable, "-m", "storefront", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=STOREFRONT, env=environ(), stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


_RUN_ID = r"\d{8}-\d{6}-[0-9a-f]{6}(?: on \S+)?"
_VARYING = re.compile(_RUN_ID + r"|\b[Qp]?[0-9a-fA-F]*\d[0-9a-fA-F.:]*")


def shape(text: str) -> list[str]:
    """Return a demo's lines without what differs from run to run: numbers, ids, line breaks."""
    whole = text.replace("\n  |   ", "")
    return ["".join(_VARYING.sub("#", line).split()) for line in whole.splitlines()]
