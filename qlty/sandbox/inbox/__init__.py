"""The inbox: a web page that shows what arrived, as its receiver would see it."""

from __future__ import annotations

from qlty.sandbox.inbox._pages import routes

__all__ = ["routes"]
