"""The settings ``PAGERDUTY``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from qlty.classes.integrations._configured import fingerprint
from qlty.settings import IntegrationSettings, Secret, Url

#: https://developer.pagerduty.com/docs/events-api-v2-overview, ``routing_key``
ROUTING_KEY_LENGTH = 32

Urgency = Literal["high", "low"]


#: services that a message names
_NAMED = 3


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where tests without a marker of their own go: one entry of ``SERVICES``."""

    service_id: str | None = None
    urgency: Urgency | None = None
    priority_id: str | None = None
    escalation_policy_id: str | None = None
    assignee_id: str | None = None
    owner: str | None = None


class RoutingKeys(Secret):
    """One integration key for everything, or one per service: ``{"PSERVIC": "key"}``.

    Raises:
        ValueError: the map is empty, or not of text to text.
    """

    __slots__ = ("_by_service",)

    def __init__(self, value: str | Mapping[str, str]) -> None:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _decode(value)
        keys = {"": value} if isinstance(value, str) else dict(value)
        if not keys or not all(isinstance(part, str) for pair in keys.items() for part in pair):
            raise ValueError("it is neither a key nor a map from service to key")
        self._by_service = {service: Secret(key).reveal() for service, key in keys.items()}
        super().__init__(next(iter(self._by_service.values())))

    @classmethod
    def from_raw(cls, raw: Any) -> RoutingKeys:
        """Build it from what stands in ``settings.py``."""
        if not isinstance(raw, str | Mapping):
            raise ValueError(f"it is a {type(raw).__name__}")
        return cls(raw)

    @property
    def services(self) -> tuple[str, ...]:
        """All that have a key; ``("",)`` where one key is for everything."""
        return tuple(self._by_service)

    @property
    def everything(self) -> str:
        """All services and keys, in an order of their own."""
        return msgspec.json.encode(self._by_service, order="sorted").decode()

    def of(self, service_id: str) -> str | None:
        """Return the key of a service."""
        return self._by_service.get(service_id) or self._by_service.get("")


def _decode(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        raise ValueError("it is not a JSON object of text to text") from None


class PagerDutySettings(IntegrationSettings, frozen=True, kw_only=True):
    """What can be set for PagerDuty.

    Attributes:
        api_key: REST key of an account or a user; wins over the other two credentials.
        oauth_token: OAuth token for the REST API; wins over ``routing_key``.
        routing_key: integration key for the Events API v2, or a map from service to key.
        account: a name for the account, which tells its deliveries from those of others.
        default_from: e-mail of a user of the account; REST keys of an account need it.
        service_id: service of tests that name none.
        services: path pattern or ``marker:NAME`` to a service id, or to a dict with ``service_id``,
            ``urgency``, ``priority_id``, ``escalation_policy_id``, ``assignee_id``, ``owner``.
        resolve_on_pass: unset: incidents with a key of ours are resolved when their tests pass;
            true: those with an ``incident_key`` of a marker, too; false: none.
        max_incidents: per run and service; the rest share one.
        group_wait: seconds that an incident waits for more of its kind.
        max_age: seconds after which an incident that could not be opened is given up.
        after: how many runs in a row a test must fail.
        quarantine: TOML file of tests that open nothing.
        change_events: send a change event per run; needs ``routing_key``.
        api_url: the REST API; ``https://api.eu.pagerduty.com`` for accounts in the EU.
        events_url: the Events API; ``https://events.eu.pagerduty.com`` for accounts in the EU.
    """

    api_key: Secret | None = None
    oauth_token: Secret | None = None
    routing_key: RoutingKeys | None = None
    account: str | None = None
    default_from: str | None = None
    service_id: str | None = None
    services: dict[str, str | Route] = msgspec.field(default_factory=dict)
    resolve_on_pass: bool | None = None
    max_incidents: Annotated[int, Meta(ge=1, examples=[10])] = 10
    group_wait: Annotated[float, Meta(ge=0, examples=[30])] = 30
    max_age: Annotated[float, Meta(gt=0, examples=[3600])] = 3600
    after: Annotated[int, Meta(ge=1, examples=[1])] = 1
    quarantine: Path | None = None
    change_events: bool = False
    api_url: Url = Url("https://api.pagerduty.com")
    events_url: Url = Url("https://events.pagerduty.com")

    @property
    def uses_rest(self) -> bool:
        """Whether incidents go by REST; otherwise they go by the Events API."""
        return self.api_key is not None or self.oauth_token is not None

    @property
    def identity(self) -> str:
        """What tells this account from others; empty where nothing that lasts does.

        An OAuth token is another one every few hours.
        """
        if self.uses_rest:
            key = self.api_key
            return self.default_from or (fingerprint(key.reveal()) if key else "")
        return fingerprint(self.routing_key.everything) if self.routing_key else ""

    @property
    def has_credentials(self) -> bool:
        """Whether anything can be sent at all."""
        return self.uses_rest or self.routing_key is not None

    def one_key_for(self, services: Iterable[str]) -> str:
        """Say that pages of several services go to the one that the only routing key belongs to.

        ``""`` where they do not: one integration key is of one service, whatever markers say.
        """
        keys, named = self.routing_key, sorted(set(services))
        if self.uses_rest or keys is None or keys.services != ("",) or len(named) < 2:
            return ""
        shown = ", ".join(named[:_NAMED])
        more = f", and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        return (
            f"PAGERDUTY_ROUTING_KEY is one key, so the pages of {shown}{more} all go to "
            "the service that it belongs to: give a map from service to key"
        )

    @property
    def change_services(self) -> tuple[str, ...]:
        """The services beside whose incidents a run is told of as a change."""
        keys = self.routing_key
        if keys is None or not self.change_events:
            return ()
        return (self.service_id,) if self.service_id and keys.of(self.service_id) else keys.services

    def problems(self) -> Iterable[str]:
        """Say what is wrong although each value is right for itself."""
        if self.change_events and self.routing_key is None:
            yield "PAGERDUTY CHANGE_EVENTS needs PAGERDUTY ROUTING_KEY: they are events"
