"""What an installed and unused plugin adds to every start of pytest.

Three cases, each started many times in turn: an environment without the package; one with it, as
its users install it; and the latter with our two plugins blocked, which leaves what the package's
dependencies bring (a client of PagerDuty brings anyio, which has a pytest plugin of its own).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.run.variants import OFF

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".bench"
#: seconds
TARGET = 0.005

Seconds = dict[str, list[float]]


def environments() -> tuple[Path, Path]:
    """Make two environments with the same pytest, and return their Pythons.

    Returns:
        one without the package, one with this checkout of it, built and installed.
    """
    bare, full = _environment("without"), _environment("with")
    _pip(full, str(ROOT))
    _pip(full, "--force-reinstall", "--no-deps", str(ROOT))
    return bare, full


def _environment(name: str) -> Path:
    python = HOME / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", HOME / name], check=True)
    _pip(python, f"pytest=={version('pytest')}")
    return python


def _pip(python: Path, *arguments: str) -> None:
    command = [python, "-m", "pip", "install", "-qqq", "--disable-pip-version-check"]
    subprocess.run([*command, *arguments], check=True)


def measure(number: int, *, bytecode: bool) -> Seconds:
    """Start pytest so many times in each case, and return the processor seconds of each.

    Args:
        number: of starts.
        bytecode: whether Python may use what it has compiled before; if not, that of our own
            packages is thrown away before each start.
    """
    bare, full = environments()
    cases = {"without": (bare, ()), "installed": (full, ()), "blocked": (full, OFF)}
    found: Seconds = {name: [] for name in cases}
    with tempfile.TemporaryDirectory(prefix="qlty-bench-") as folder:
        Path(folder, "test_one.py").write_text("def test_one():\n    assert True\n")
        for one in range(-1, number):
            for name in list(cases)[:: 1 if one % 2 else -1]:
                if not bytecode:
                    _forget(full)
                python, options = cases[name]
                seconds = _start(python, Path(folder), options, bytecode=bytecode)
                if one >= 0:  # the first round fills caches
                    found[name].append(seconds)
    return found


def _forget(python: Path) -> None:
    for cache in _caches(python):
        shutil.rmtree(cache)


def _caches(python: Path) -> Iterator[Path]:
    for package in ("qlty", "pytest_pagerduty"):
        yield from list(python.parents[1].glob(f"lib/*/site-packages/{package}/**/__pycache__"))


def _start(python: Path, folder: Path, options: tuple[str, ...], *, bytecode: bool) -> float:
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environ = {"PATH": os.environ["PATH"]} | ({} if bytecode else {"PYTHONDONTWRITEBYTECODE": "1"})
    child = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime


def added(found: Seconds) -> Mapping[str, float]:
    """Return what is added: by our plugins, and by what the dependencies bring along."""
    return {
        "plugins": _difference(found["installed"], found["blocked"]),
        "dependencies": _difference(found["blocked"], found["without"]),
    }


def _difference(one: list[float], other: list[float]) -> float:
    return median(a - b for a, b in zip(one, other, strict=True))


def lines(found: Seconds, *, bytecode: bool) -> list[str]:
    """Return the comparison for people."""
    parts = added(found)
    how = "with" if bytecode else "without"
    base = median(found["without"]) * 1000
    return [
        f"pytest's start {how} cached bytecode, medians of {len(found['without'])} starts",
        f"  processor time without the package {base:>7.1f} ms",
        f"  our plugins, unused (below 5 ms)   {parts['plugins'] * 1000:>+7.1f} ms",
        f"  plugins of our dependencies        {parts['dependencies'] * 1000:>+7.1f} ms",
    ]
