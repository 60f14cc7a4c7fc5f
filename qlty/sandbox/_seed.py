"""The world that the sandbox starts with: workspace, test cases, services, accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SEED_FILE = Path(__file__).with_name("seed.yaml")
SERVICES = ("slack", "testrail", "pagerduty")


class SeedError(ValueError):
    """A seed file that cannot be used: its name, and what is wrong in it."""


def load(path: Path | None = None) -> dict[str, Any]:
    """The seed from `path`, each missing service filled from the seed that ships.

    Raises `SeedError` where the file cannot be read or does not hold a mapping of services.
    """
    shipped = _read(SEED_FILE)
    if path is None:
        return shipped
    own = _read(path)
    unknown = sorted(set(own) - set(SERVICES))
    if unknown:
        raise SeedError(f"{path}: unknown service {unknown[0]!r}; known are {', '.join(SERVICES)}")
    return {name: _merged(path, name, shipped[name], own.get(name)) for name in SERVICES}


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SeedError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(data, dict):
        raise SeedError(f"{path}: must be a mapping of {', '.join(SERVICES)}")
    return data


def _merged(path: Path, name: str, shipped: dict[str, Any], own: Any) -> dict[str, Any]:
    if own is None:
        return shipped
    if not isinstance(own, dict):
        raise SeedError(f"{path}: {name} must be a mapping")
    unknown = sorted(set(own) - set(shipped))
    if unknown:
        known = ", ".join(sorted(shipped))
        raise SeedError(f"{path}: {name} has no {unknown[0]!r}; it has {known}")
    return {**shipped, **own}
