"""The first lines of a detached process; run as a script, by :mod:`qlty.delivery._detached`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def _detach() -> int:
    """Go on in a child that nobody waits for.

    Returns:
        the descriptor on which the exit status is told.
    """
    pid = os.fork()
    if pid:
        os.write(1, b"%d\n" % pid)
        os._exit(0)
    os.setsid()
    # what the run's own parent has handed down, such as a job server's pipe, is kept open by us
    for number in _descriptors():
        if number > 2:
            _close(number)
    status = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return status


def _descriptors() -> Iterable[int]:
    try:
        return [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 -- pathlib costs 5 ms
    except OSError:
        return range(1024)


def _close(number: int) -> None:
    try:
        os.close(number)
    except OSError:
        return  # that of the listing itself


def _order(entries: list[str], root: str) -> list[str]:
    """Return the entries of ``sys.path``, those of the project last."""

    def is_projects(entry: str) -> bool:
        return _is_below(entry, root) and not any(
            _is_below(entry, prefix) for prefix in {sys.prefix, sys.base_prefix}
        )

    return sorted(dict.fromkeys(entries), key=is_projects)


def _is_below(path: str, folder: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))  # noqa: PTH118


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return "/"  # a test has removed it


def _import_qlty() -> None:
    """Import this very package, without making what lies beside it importable."""
    import importlib.util

    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    spec = importlib.util.spec_from_file_location(
        "qlty",
        f"{folder}/__init__.py",
        submodule_search_locations=[folder],
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["qlty"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


def main() -> None:
    """Detach, get ready, and run the module that the command line names."""
    status = _detach()
    own = sys.path[1:]  # without the folder of this script
    import json

    setup = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not setup:
        os._exit(1)  # the run was killed meanwhile
    here = _here()
    given = [os.path.join(here, entry) for entry in setup["sys_path"]]  # noqa: PTH118
    sys.path[:] = _order([*own, *given], setup.get("rootdir") or here)
    if setup["pythonpath"] is not None:
        os.environ["PYTHONPATH"] = setup["pythonpath"]
    if setup["cwd"] is not None:
        os.chdir(setup["cwd"])
    _import_qlty()
    import importlib

    result = importlib.import_module(sys.argv[1]).run(setup, sys.stdin.buffer, status)
    os.write(status, b"%d" % result)
    # threads that still wait for a server that does not answer must not keep the process alive
    os._exit(result)


if __name__ == "__main__":
    main()
