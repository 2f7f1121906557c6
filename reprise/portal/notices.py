"""What a page says once, after something was done. The address carries no more than a word for it."""

from collections.abc import Callable
from typing import Final

from reprise.portal import money
from reprise.portal.localized import LocalFormat
from reprise.portal.situation import Situation
from reprise.statemachine.timeline import EntryType

Say = Callable[[Situation, LocalFormat], str]


def _reactivated(seen: Situation, local: LocalFormat) -> str:
    """Say that the account is back; what was paid stands beside it, for a day."""
    back = next((each for each in reversed(seen.record.timeline) if each.type is EntryType.REACTIVATED), None)
    if back is not None and back.amount:
        return local.text("You are back.")
    return local.text("You are back. Nothing was charged.")


def _carts(seen: Situation, local: LocalFormat) -> str:
    return local.text("The number of carts is changed. %(costs)s", costs=money.from_when(seen, local))


def _cancelled(seen: Situation, local: LocalFormat) -> str:
    if seen.account.term is None:
        return local.text("Your subscription is cancelled.")
    until = local.moment(seen.account.term.end, seen.account.timezone)
    return local.text("Your subscription is cancelled. Your shop works until %(moment)s.", moment=until)


NOTICES: Final[dict[str, Say]] = {
    "cancelled": _cancelled,
    "resumed": lambda _, local: local.text("The cancellation is taken back. Nothing was charged."),
    "reactivated": _reactivated,
    "already": lambda _, local: local.text("Your account is in service. Nothing more was charged."),
    "carts": _carts,
    "called-off": lambda _, local: local.text("The payment is called off. Nothing was charged."),
    "stopped": lambda _, local: local.text("Your subscription is cancelled, and your shop has stopped."),
    "email": lambda _, local: local.text("Your billing e-mail is changed."),
    "card": lambda _, local: local.text("Your card is changed."),
    "paid-meanwhile": lambda _, local: local.text("The payment has gone through meanwhile. Nothing was cancelled."),
    "ended-meanwhile": lambda _, local: local.text("The payment has ended meanwhile. Nothing was charged."),
    "cancelled-already": lambda _, local: local.text(
        "Your subscription is cancelled already. To stop your shop at once, confirm it here."
    ),
    "changed": lambda _, local: local.text(
        "Your account has changed since that page was shown. Nothing was cancelled. This is how it stands now."
    ),
    "out-already": lambda _, local: local.text("Your account is out of service already. Nothing was changed."),
}


def notice_of(word: str | None, seen: Situation, local: LocalFormat) -> str | None:
    """Return what a page says after what was done; None for a word that nothing stands for."""
    say = NOTICES.get(word or "")
    return say(seen, local) if say else None
