"""A Slack, a TestRail and a PagerDuty on your own machine, and an inbox to look at.

`main` is the command. `start` runs the sandbox in a child process, for tests:

    with start() as sandbox:
        os.environ.update(sandbox.env)
        ...
        assert sandbox.slack.messages

This room is an island: it is written from the vendors' documentation and imports nothing
of the rest of `qlty`, so that it can contradict the integrations.
"""

from __future__ import annotations

from qlty.sandbox._cli import main
from qlty.sandbox._client import Sandbox, SandboxError, start

__all__ = ["Sandbox", "SandboxError", "main", "start"]
