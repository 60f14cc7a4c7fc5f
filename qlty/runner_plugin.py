"""What the runner adds to pytest: the choice of tests, and the run's flags in every process.

It is a plugin of its own because xdist's workers collect the tests, and see nothing of the
process that reads the command line but pytest's arguments. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from qlty import config as flags
from qlty.settings import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OPTION = "--qlty-runner"
_NO_MATCH = "qlty_no_match"
_SHOWN_NAMES = 3
_ALIKE = 0.4  # 'Kart' shall find 'TestCart'


@dataclass(frozen=True)
class Selection:
    """Which tests run. Empty means no restriction."""

    tests: Sequence[str] = ()
    exclude: Sequence[str] = ()
    tags: Sequence[str] = ()
    exclude_tags: Sequence[str] = ()


@dataclass(frozen=True)
class Order:
    """What the runner hands to the plugin in each process, as JSON in one option."""

    selection: Selection = field(default_factory=Selection)
    flags: dict[str, Any] = field(default_factory=dict)

    def to_argument(self) -> str:
        """Return the argument for pytest."""
        return f"{OPTION}={json.dumps(asdict(self))}"

    @classmethod
    def from_option(cls, text: str | None) -> Order:
        """Read the option's value."""
        given = json.loads(text or "{}")
        return cls(Selection(**given.get("selection", {})), given.get("flags", {}))


def current_flags() -> dict[str, Any]:
    """Return the flags of ``qlty.config``, those that a user added included."""
    kinds = (bool, int, float, str, type(None))
    return {k: v for k, v in vars(flags).items() if k.isupper() and isinstance(v, kinds)}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option by which the runner's order reaches every process."""
    parser.addoption(OPTION, dest="qlty_runner", help=argparse.SUPPRESS)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set the flags before the first conftest file may read them."""
    order = Order.from_option(early_config.known_args_namespace.qlty_runner)
    vars(flags).update(order.flags)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that were chosen.

    Raises:
        pytest.UsageError: a name is that of no test.
    """
    selection = Order.from_option(config.option.qlty_runner).selection
    unknown = [
        name
        for name in (*selection.tests, *selection.exclude)
        if not any(_is_named(item, name) for item in items)
    ]
    if unknown:
        _refuse(config, items, "\n".join(_no_match(name, items) for name in unknown))
        return
    kept = [item for item in items if _is_chosen(item, selection)]
    dropped = [item for item in items if not _is_chosen(item, selection)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _refuse(config: pytest.Config, items: list[pytest.Item], message: str) -> None:
    output = getattr(config, "workeroutput", None)
    if output is None:
        raise pytest.UsageError(message)
    output[_NO_MATCH] = message  # the controller ends the run: a worker's error is a crash
    items.clear()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over, from an xdist worker that ended, that a name was that of no test."""
    del error
    message = getattr(node, "workeroutput", {}).get(_NO_MATCH)
    if message:
        setattr(node.config, _NO_MATCH, message)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End with a usage error where the workers found no test of a name."""
    message = getattr(session.config, _NO_MATCH, None)
    if message:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
        writer = session.config.get_terminal_writer()
        writer.line(f"\nERROR: {message}", red=True)


def _is_chosen(item: pytest.Item, selection: Selection) -> bool:
    tags = _tags(item)
    return (
        (not selection.tests or any(_is_named(item, name) for name in selection.tests))
        and not any(_is_named(item, name) for name in selection.exclude)
        and (not selection.tags or not tags.isdisjoint(selection.tags))
        and tags.isdisjoint(selection.exclude_tags)
    )


def _tags(item: pytest.Item) -> set[str]:
    """Return the test's marks, and the ``tags`` that suites without pytest use (Django's too)."""
    tags = {mark.name for mark in item.iter_markers()}
    for owner in (getattr(item, "obj", None), getattr(item, "cls", None)):
        own = getattr(owner, "tags", ())
        tags.update([own] if isinstance(own, str) else _texts(own))
    return tags


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, list | tuple | set | frozenset):
        yield from (value for value in values if isinstance(value, str))


def _is_named(item: pytest.Item, name: str) -> bool:
    wanted, parameters, _ = _dotted(name).partition("[")
    if parameters and item.nodeid.partition("[")[2] != name.partition("[")[2]:
        return False
    return wanted in _names(item, len(wanted.split(".")))


def _names(item: pytest.Item, length: int) -> set[str]:
    """Return the names of so many parts that mean this test, its class or its module."""
    path, *inner = item.nodeid.partition("[")[0].split("::")
    module = path.removesuffix(".py").split("/")
    parts = [*module, *inner]
    ends = range(max(len(module), length), len(parts) + 1)
    return {".".join(parts[end - length : end]) for end in ends}


def _dotted(name: str) -> str:
    head, bracket, parameters = name.partition("[")
    return head.replace("::", ".") + bracket + parameters


def _no_match(name: str, items: Sequence[pytest.Item]) -> str:
    wanted = _dotted(name).partition("[")[0]
    known = {known for item in items for known in _names(item, len(wanted.split(".")))}
    meant = nearest(wanted, sorted(known), count=_SHOWN_NAMES, cutoff=_ALIKE)
    hint = f" Nearest: {', '.join(meant)}." if meant else ""
    return f"no test is named {name!r} ({len(items)} collected).{hint}"
