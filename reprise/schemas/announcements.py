"""An announcement as the product receives it: an entry of the timeline, and how the account stands after it (R18)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from reprise.statemachine.terms import Instant
from reprise.statemachine.timeline import AnyEntryType, TimelineEntry


class AnnouncedEntry(TimelineEntry):
    """What an announcement is about."""

    account_id: str
    state: Annotated[str | None, Field(description="The account's state after it.")] = None
    access: Annotated[bool | None, Field(description="Whether the account may work after it.")] = None
    access_until: Annotated[Instant | None, Field(description="Until when, if nothing else happens.")] = None


class Announcement(BaseModel):
    """One announcement. Its `webhook-id` is `<account_id>:<sequence>`, the same each time it is sent."""

    model_config = ConfigDict(frozen=True)

    type: AnyEntryType
    timestamp: Instant
    data: AnnouncedEntry
