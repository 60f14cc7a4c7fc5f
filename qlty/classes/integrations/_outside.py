"""What the settings say of an integration, whatever its class says."""

from __future__ import annotations

from typing import Any

from qlty.settings import given

_SUFFIX = "Integration"


class Outside:
    """``REQUIRED``, ``MUST_DELIVER`` and ``WHEN`` of one integration, as somebody has set them.

    They are looked for under the integration's name, under that of its class without
    ``Integration``, and under each name by which it has loaded settings.
    """

    def __init__(self, *names: str) -> None:
        self._names: dict[str, None] = {}
        self.add(*names)

    def add(self, *names: str) -> None:
        """Look under these names, too."""
        words = (name.partition("#")[0].removesuffix(_SUFFIX) or name for name in names)
        self._names.update(dict.fromkeys(word.upper().replace("-", "_") for word in words))

    def get(self, key: str) -> Any:
        """Return the setting of this key, ``None`` where it is not set."""
        found = (given(name, key) for name in self._names)
        return next((value for value in found if value is not None), None)

    def says(self, key: str, *, default: bool) -> bool:
        """Return a yes-or-no setting, or what the class itself says."""
        found = self.get(key)
        return default if found is None else bool(found)
