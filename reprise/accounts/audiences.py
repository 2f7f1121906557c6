"""What an account's own users are shown of what operators see whole: one view for each audience (R17, R19).

The API and the pages both show a timeline through here.
"""

from collections.abc import Iterable
from typing import Final

from reprise.statemachine.account import DisabledReason
from reprise.statemachine.timeline import Actor, ActorKind, EntryType, TimelineEntry

SUPPORT: Final = Actor(kind=ActorKind.OPERATOR, id="Support")
"""Every operator, as an account's users know them."""

_STRUCTURED: Final = frozenset({EntryType.REFUNDED, EntryType.DISPUTED})
"""Entries whose reason begins with a status of Stripe's (R24)."""

_OF_THE_PRODUCT: Final = frozenset({ActorKind.OPERATOR, ActorKind.PRODUCT})
"""Whose reasons are written for operators."""

_CODES: Final = frozenset(reason.value for reason in DisabledReason)


def for_owner(entries: Iterable[TimelineEntry], subject: str) -> list[TimelineEntry]:
    """Return a timeline as a user with Billing Access sees it.

    Who acted is told by its kind alone, save for what the user did themselves; operators are "Support". Reasons are
    left out: an operator's is written for operators, another user's is that user's, and Stripe's sentences name what is
    ours. A reason that is a code, or begins with a refund's or dispute's status, keeps that.

    Args:
        entries: The timeline, whole.
        subject: The user's id.
    """
    return [_shown(entry, subject) for entry in entries]


def _shown(entry: TimelineEntry, subject: str) -> TimelineEntry:
    if entry.actor.kind is ActorKind.USER and entry.actor.id == subject:
        return entry
    who = SUPPORT if entry.actor.kind is ActorKind.OPERATOR else Actor(kind=entry.actor.kind)
    return entry.model_copy(update={"actor": who, "reason": _plain(entry)})


def _plain(entry: TimelineEntry) -> str | None:
    if entry.reason is None or entry.actor.kind in _OF_THE_PRODUCT:
        return None
    if entry.type in _STRUCTURED:
        return entry.reason.partition(":")[0]
    return entry.reason if entry.reason in _CODES else None
