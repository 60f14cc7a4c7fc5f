"""The command ``qlty-framework``."""

from qlty.cli._main import main

__all__ = ["main"]
