"""The two wheels, built once, and an environment that has nothing of ours but them."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pip(*arguments: str) -> None:
    """Run pip without a look at any index."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """Build both distributions; return their wheels by project name."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, ROOT / "packaging" / "pytest-pagerduty"):
        pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source))
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


@pytest.fixture(scope="session")
def contents(wheels) -> dict[str, dict[str, str]]:
    """Return the text of every file in each wheel."""
    read = {}
    for name, path in wheels.items():
        with zipfile.ZipFile(path) as archive:
            read[name] = {
                member: archive.read(member).decode("utf-8", "replace")
                for member in archive.namelist()
            }
    return read


@pytest.fixture(scope="session")
def python(wheels, tmp_path_factory) -> Path:
    """Install both wheels into a fresh environment; return its interpreter.

    What they require is taken from the environment of the tests. The editable installation there
    stays out: a folder that a path file adds is not searched for further path files.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    interpreter = folder / "bin" / "python"
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    required = sysconfig.get_paths()["purelib"]
    (Path(paths["purelib"]) / "zz_required.pth").write_text(required + "\n")
    pip(
        "--python",
        str(interpreter),
        "install",
        "--no-deps",
        "--no-index",
        *map(str, wheels.values()),
    )
    return interpreter


@pytest.fixture
def run(python, tmp_path):
    """Run a command of the fresh environment in an empty folder."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python.parent / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environ,
            timeout=600,
            check=False,
        )

    return call
