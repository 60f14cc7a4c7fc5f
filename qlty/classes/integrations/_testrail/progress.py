"""How far a delivery has come, kept where the next attempt finds it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qlty.errors import Refused, RetryLater

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.delivery import Job


class Progress:
    """The checkpoint of one job, in words.

    Every step that changes something is announced before it is made, and its end is stored
    together with its answer. Where an announced step has no end, its answer was lost or its
    sender died: then TestRail is asked first.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lost: str | None = job.checkpoint.get("announced")

    def get(self, name: str, default: Any = None) -> Any:
        """Return what was stored under this name."""
        return self._job.checkpoint.get(name, default)

    def save(self, **values: Any) -> None:
        """Store what was learned; without values: say that there is progress."""
        self._job.save(**values)

    def finish(self, **values: Any) -> None:
        """Store the answer of the announced step, and with it the step's end."""
        self._job.save(announced=None, **values)
        self._lost = None

    def was_lost(self, step: str) -> bool:
        """Say whether an earlier attempt began this step and did not hear how it ended."""
        return self._lost == step

    @contextmanager
    def announced(self, step: str) -> Iterator[None]:
        """Announce a step; :meth:`finish` ends it.

        A step that TestRail says it did not carry out is over, too; after every other failure it
        stays announced.
        """
        self._job.save(announced=step)
        try:
            yield
        except (RetryLater, Refused):
            self._job.save(announced=None)
            raise

    def drop(self, case_id: int, reason: str) -> None:
        """Leave a case out from here on, and remember why."""
        self.save(dropped={**self.dropped, str(case_id): reason})

    @property
    def dropped(self) -> dict[str, str]:
        """Why each of the cases that were left out was left out, by the case's number."""
        return dict(self.get("dropped", {}))

    def note(self, text: str) -> None:
        """Keep a line for the receipt, once."""
        notes = self.get("notes", [])
        if text not in notes:
            self.save(notes=[*notes, text])
