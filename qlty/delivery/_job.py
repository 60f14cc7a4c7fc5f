"""What is handed to an integration's ``send``, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Sent:
    """What a delivered job shows in the receipt.

    Attributes:
        text: what arrived, in a few words, such as ``"run R12: 40 results"``; a line for each
            thing where one delivery made several.
        links: addresses of what was made at the remote, in the order of those lines; ``""`` for one
            that has none.
        notes: what the remote did not take although the job as a whole was delivered.
        counts: whether something reached people. A job that found nothing to do, or that only
            keeps books, is done but no delivery; its text is a note.
    """

    text: str = ""
    links: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counts: bool = True


@dataclass
class Job:
    """One delivery, as the sender sees it.

    Attributes:
        id: row number in the outbox.
        integration: name of the integration that made it.
        kind: the integration's own word for what is to be done.
        key: unique per integration and target; the same key is the same effect at the remote.
        target: where it goes; a job is never sent anywhere else.
        payload: JSON, as it was handed to ``deliver``.
        checkpoint: what earlier steps or attempts stored with :meth:`save`.
        run_id: the run that made it.
        attempt: 1 for the first.
    """

    id: int
    integration: str
    kind: str
    key: str
    target: str
    payload: dict[str, Any]
    checkpoint: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    attempt: int = 1
    _commit: Callable[[dict[str, Any]], None] = field(default=lambda _: None, repr=False)
    _progress: Callable[[int], tuple[str, dict[str, Any]] | None] = field(
        default=lambda _: None, repr=False
    )

    def save(self, **values: Any) -> None:
        """Add ``values`` to the checkpoint and commit it before returning.

        A job of several steps calls this after each of them, so that a retry in another process
        continues behind the last step that was answered.
        """
        self.checkpoint.update(values)
        self._commit(self.checkpoint)

    def progress_of(self, delivery_id: int) -> tuple[str, dict[str, Any]]:
        """Return state and checkpoint of another delivery in the same outbox.

        For a job that adds what another one found out, once it is known.

        Args:
            delivery_id: :attr:`Delivery.id` of the other one; it is ``dropped`` if it is gone.
        """
        return self._progress(delivery_id) or ("dropped", {})


class Delivery(Protocol):
    """What ``deliver`` returns: a handle on one row of the outbox."""

    @property
    def id(self) -> int:
        """Row number in the outbox."""

    @property
    def state(self) -> str:
        """``waiting``, ``sending``, ``delivered``, ``refused``, ``given_up``, ``lost`` ..."""

    def wait_for(self, name: str, timeout: float) -> Any:
        """Wait until the sender has saved ``name`` in the job's checkpoint.

        Args:
            name: what the sender passes to :meth:`Job.save`.
            timeout: seconds.

        Returns:
            The saved value, or ``None`` where it did not come in time or will not come any more.
        """
