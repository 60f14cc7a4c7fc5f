"""A Slack workspace on loopback: Web API, uploads, incoming webhooks."""

from __future__ import annotations

from qlty.sandbox.slack._service import Slack

__all__ = ["Slack"]
