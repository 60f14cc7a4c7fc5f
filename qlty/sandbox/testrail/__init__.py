"""A TestRail on loopback: API v2 over `index.php?/api/v2/`."""

from __future__ import annotations

from qlty.sandbox.testrail._service import TestRail

__all__ = ["TestRail"]
