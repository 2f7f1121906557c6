"""An announcement as the product receives it: an entry of the timeline, and how the account stands after it (R18)."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from reprise.statemachine.account import AccountState
from reprise.statemachine.terms import Instant
from reprise.statemachine.timeline import AnyEntryType, TimelineEntry
from reprise.statemachine.unknown import KeptWhenRead


class AnnouncedEntry(TimelineEntry):
    """What an announcement is about."""

    account_id: str
    state: Annotated[
        AccountState | None, KeptWhenRead, Field(description="The account's state after it: its `to_state`.")
    ] = None
    access: Annotated[bool | None, Field(description="Whether the account may work after it.")] = None
    access_until: Annotated[
        Instant | None, Field(description="Until when, if nothing else happens; null: out of service.")
    ] = None


class EndpointBacklog(BaseModel):
    """What one endpoint has not taken of an account's announcements (R18)."""

    model_config = ConfigDict(frozen=True)

    endpoint: Annotated[str, Field(description="Its name in the workers' settings.")]
    pending: Annotated[int, Field(description="How many announcements wait.")]
    next_sequence: Annotated[int, Field(description="The entry that comes next.")]
    oldest_at: Annotated[Instant | None, Field(description="When that entry was made.")] = None
    failing_since: Annotated[Instant | None, Field(description="Since when it takes nothing.")] = None
    last_error: Annotated[str | None, Field(description="Why, when that was noticed.")] = None
    unknown_since: Annotated[
        Instant | None, Field(description="Since when workers do not have it in their settings; dropped after an hour.")
    ] = None


EndpointName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"), Field(examples=["crm"])]


class AccountBacklog(BaseModel):
    """How far each endpoint has come with an account's announcements."""

    account_id: str
    endpoints: list[EndpointBacklog]


class PendingAnnouncements(BaseModel):
    """One page of accounts whose announcements an endpoint does not take."""

    accounts: list[AccountBacklog]
    next_cursor: str | None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnnouncementsBody(_Body):
    """Whether changes are announced from now on."""

    enabled: Annotated[bool, Field(strict=True, examples=[True])]


class AnnouncementsChange(BaseModel):
    """What was begun for all accounts."""

    job: Annotated[str, Field(description="Temporal's batch job.")]
    accounts: Annotated[int, Field(description="How many accounts it is for.")]


class ResendBody(_Body):
    """What is sent again: from an entry on, or what waits; to one endpoint, or to all."""

    from_sequence: Annotated[int | None, Field(strict=True, ge=1, le=2**53, examples=[12])] = None
    endpoint: EndpointName | None = None


class EndpointTestBody(_Body):
    """Which endpoint is tested; all of them without one."""

    endpoint: EndpointName | None = None


class EndpointTest(BaseModel):
    """What an endpoint answered to a test: its status, or why there was none."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    url: str
    delivered: bool
    status: int | None = None
    error: str | None = None
    milliseconds: int


class EndpointTests(BaseModel):
    """What each endpoint answered."""

    model_config = ConfigDict(frozen=True)

    endpoints: tuple[EndpointTest, ...]


class Announcement(BaseModel):
    """One announcement. Its `webhook-id` is `<account_id>:<sequence>`, the same each time it is sent."""

    model_config = ConfigDict(frozen=True)

    type: AnyEntryType
    timestamp: Annotated[Instant, Field(description="When it happened, in UTC.")]
    data: AnnouncedEntry

    @classmethod
    def of(cls, account_id: str, entry: TimelineEntry, *, in_service: bool) -> "Announcement":
        """Return the announcement of an entry.

        Args:
            account_id: The account.
            entry: What happened.
            in_service: Whether the state it led to is one of service: an entry of 0.1.0 says no more.
        """
        until = entry.access_until
        access = in_service if until is None else entry.at < until
        return cls(
            type=entry.type,
            timestamp=entry.at,
            data=AnnouncedEntry(**dict(entry), account_id=account_id, state=entry.to_state, access=access),
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is sent: what an entry does not have is left out, save until when there is access."""
        data = self.data.model_dump(mode="json", exclude_none=True)
        data.setdefault("access_until", None)
        return {**self.model_dump(mode="json", exclude={"data"}), "data": data}

    def body(self) -> str:
        """Return the body that is sent."""
        return json.dumps(self.as_json())
