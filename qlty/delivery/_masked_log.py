"""A process's standard error without secrets."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

from qlty.masking import mask


class MaskedLog:
    """Standard error without secrets, whoever writes there: a project's code, its clients."""

    def __init__(self) -> None:
        self._log = os.dup(2)
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        self._thread = threading.Thread(target=self._pass_on, args=(reading,), daemon=True)
        self._thread.start()

    def _pass_on(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8", errors="backslashreplace") as lines:
            for line in lines:
                with suppress(OSError):  # a full disk must not block whoever writes
                    os.write(self._log, mask(line).encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Write what is on its way, unless a child process keeps the pipe open."""
        sys.stderr.flush()
        os.dup2(self._log, 2)
        self._thread.join(1.0)
