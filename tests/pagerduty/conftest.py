"""A sandbox, and pytest projects that report to its PagerDuty."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from qlty.sandbox import Sandbox, start

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    with start() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    shared_sandbox.reset()
    return shared_sandbox


@dataclass
class Reported:
    """One finished pytest run and what PagerDuty has from it."""

    returncode: int
    output: str
    receipt: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """Pytest's last line, as ``{"failed": 1}``."""
        last = [line for line in self.output.splitlines() if re.search(r" in [\d.]+s", line)][-1]
        return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}

    @property
    def line(self) -> dict[str, Any]:
        """PagerDuty's part of the receipt."""
        lines = [
            one for one in self.receipt.get("integrations", []) if one["integration"] == "pagerduty"
        ]
        return lines[0] if lines else {}


@dataclass
class Suite:
    """A test project that knows the sandbox by its environment alone."""

    project: Any
    sandbox: Sandbox

    def __post_init__(self) -> None:
        for name in ("settings.py", "spy.py"):
            (self.project.root / name).unlink()
        self.env = {
            name: value for name, value in self.sandbox.env.items() if name.startswith("PAGERDUTY_")
        }
        del self.env["PAGERDUTY_SERVICE_ID"]

    def write(self, text: str, name: str = "test_shop.py") -> None:
        self.project.write(name, text)

    def run(
        self, *args: str, env: dict[str, str] | None = None, without: tuple[str, ...] = ()
    ) -> Reported:
        environ = {name: value for name, value in self.env.items() if name not in without}
        receipt = self.project.root / "receipt.json"
        receipt.unlink(missing_ok=True)
        ran = self.project.pytest(
            f"--qlty-receipt={receipt}", *args, env={**environ, **(env or {})}
        )
        told = json.loads(receipt.read_text()) if receipt.exists() else {}
        return Reported(ran.returncode, ran.stdout + ran.stderr, told)

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return self.sandbox.pagerduty.incidents

    def calls(self, method: str = "") -> list[str]:
        return [one["call"] for one in self.sandbox.calls if one["call"].startswith(method)]


@pytest.fixture
def suite(project: Any, sandbox: Sandbox) -> Suite:
    return Suite(project, sandbox)
