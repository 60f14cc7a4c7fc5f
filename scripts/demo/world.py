"""The storefront's service and its suite, each in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "examples" / "storefront"
WIDTH = 100

#: the rest of the environment is left out: a token, a proxy or a CI system of the real world
#: would change what the demo reports, and to whom
KEPT = ("HOME", "LANG", "PATH", "TMPDIR", "VIRTUAL_ENV")


@contextmanager
def project() -> Iterator[Path]:
    """Copy the storefront to where it can leave reports and state behind."""
    with tempfile.TemporaryDirectory(prefix="qlty-demo-") as folder:
        copy = Path(folder, SOURCE.name)
        left = shutil.ignore_patterns("reports", "__pycache__", ".*")
        yield Path(shutil.copytree(SOURCE, copy, ignore=left))


def environ(extra: Mapping[str, str]) -> dict[str, str]:
    """Return what the demo's processes see of the environment."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "COLUMNS": str(WIDTH), "PYTHONUNBUFFERED": "1", **extra}


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Run the shop on a free port, and give its address.

    Raises:
        RuntimeError: it did not start; its own words are on stderr.
    """
    command = [sys.executable, "-m", "storefront", "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, env=environ({}), stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            url = child.stdout.readline().strip()
            if not url:
                raise RuntimeError("the storefront did not start")
            yield url
        finally:
            child.terminate()


def suite(folder: Path, variables: Mapping[str, str], options: Sequence[str]) -> int:
    """Run the storefront's tests, and return pytest's exit status."""
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, cwd=folder, env=environ(variables), check=False).returncode
