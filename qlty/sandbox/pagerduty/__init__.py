"""A PagerDuty on loopback: REST v2 and Events v2."""

from __future__ import annotations

from qlty.sandbox.pagerduty._service import PagerDuty

__all__ = ["PagerDuty"]
