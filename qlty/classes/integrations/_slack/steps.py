"""What a job has done, and what it was doing when it was last heard of.

The checkpoint names a step before it is tried and forgets it once Slack has answered. A step that
is still named when a job is taken up again may have been done or not.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qlty.errors import AnswerLost, DeliveryError, Refused, RemoteFailed
from qlty.runtime import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.delivery import Job

_MAYBE_TWICE = "a message got no answer and was sent once more: it may stand there twice"


class Steps:
    """The steps of one job."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @property
    def open(self) -> dict[str, Any] | None:
        """The step that was begun and not answered: ``part``, ``since``, and what was given."""
        return self._job.checkpoint.get("pending")

    @property
    def notes(self) -> tuple[str, ...]:
        """What the receipt should say beside what was delivered."""
        return tuple(self._job.checkpoint.get("notes", ()))

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self._job.save(notes=[*self.notes, text])

    @contextmanager
    def begun(self, part: str, **more: Any) -> Iterator[None]:
        """Name the step while the block tries it; what was certainly not done is not open."""
        step = {"part": part, "since": clock.now(), "failed": False, **more}
        self._job.save(pending=step)
        try:
            yield
        except RemoteFailed:
            self._job.save(pending={**step, "failed": True})
            raise
        except AnswerLost:
            raise
        except DeliveryError:
            self._job.save(pending=None)
            raise

    def not_done(self) -> None:
        """Slack does not have what the open step would have made."""
        self._job.save(pending=None)

    def cannot_ask(self, why: str) -> None:
        """Settle the open step without Slack's help: it is tried once more, and not a third time.

        A report that is missing is worse than one that stands there twice. Where Slack said that
        it failed, the step counts as not done.

        Raises:
            Refused: it was tried a second time already.
        """
        step = self.open
        if step is None or step["failed"]:
            self.not_done()
        elif self._job.checkpoint.get("again") == step["part"]:
            raise Refused(f"{why}; it was sent twice without an answer: look into the channel")
        else:
            self._job.save(pending=None, again=step["part"])
            self.note(_MAYBE_TWICE)
