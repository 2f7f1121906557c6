"""What an account's history says to its owner: each entry of the timeline as a sentence (R17)."""

from typing import assert_never

from reprise.portal import words
from reprise.portal.declines import told_of
from reprise.portal.localized import LocalFormat
from reprise.workflows.messages import ActorKind, DisabledReason, EntryType, TimelineEntry


def told(entry: TimelineEntry, zone: str, local: LocalFormat) -> str:
    """Return what an entry of the timeline says, as a sentence; days are those of `zone`.

    One of a type that a later release has brought says no more than its type.
    """
    if not isinstance(entry.type, EntryType):
        return f"{entry.type.removeprefix('account.').replace('_', ' ').capitalize()}."
    amount = _amount(entry, local)
    until = f" until {local.date(entry.term.end, zone)}" if entry.term else ""
    match entry.type:
        case EntryType.OPENED:
            return f"Account opened with {words.carts(entry.carts or 0, local)}."
        case EntryType.ACTIVATED:
            return f"First month paid: {amount}."
        case EntryType.CANCELLED:
            return f"Cancelled; works{until}."
        case EntryType.RESUMED:
            return "Cancellation taken back, at no charge."
        case EntryType.REACTIVATED:
            return (
                f"Reactivated for {amount}; paid{until}." if entry.amount else f"Reactivated at no charge; paid{until}."
            )
        case EntryType.RENEWED:
            return f"Renewed for {amount}; paid{until}." if entry.amount else f"Renewed at no charge{until}."
        case EntryType.RENEWAL_UPCOMING:
            return f"The coming renewal of {amount} was announced."
        case EntryType.PAST_DUE:
            reason = f": {told_of(entry.decline_code).why}" if entry.decline_code else ""
            return f"The renewal of {amount} could not be collected{reason}."
        case EntryType.RESTORED:
            return "The account was taken up again after an interruption on our side."
        case EntryType.PAYMENT_DECLINED:
            return f"A payment of {amount} failed: {told_of(entry.decline_code).why}. Nothing was charged."
        case EntryType.PAYMENT_REQUIRES_ACTION:
            return f"Your bank asked for a confirmation of {amount}."
        case EntryType.PAYMENT_CANCELLED:
            return f"A payment of {amount} was called off. Nothing was charged."
        case EntryType.PAYMENT_STOPPED:
            return f"A payment of {amount} stopped on our side. Nothing was charged."
        case EntryType.PAYMENT_PROCESSING:
            return f"Your bank is transferring {amount}. This takes a few days."
        case EntryType.PAYMENT_NOT_KNOWN:
            return f"It is not known yet whether a payment of {amount} went through. We keep asking."
        case EntryType.PAYMENT_RECEIVED:
            return _told_received(entry, amount, until)
        case EntryType.VOID_OWED:
            return "An invoice that was called off is still open at the payment service. It is being voided."
        case EntryType.PAYMENT_VOIDED:
            return "An open invoice was voided: it can no longer be paid."
        case EntryType.REFUNDED:
            return _told_refund(entry, amount)
        case EntryType.DISPUTED:
            return _told_dispute(entry, amount)
        case EntryType.DISABLED:
            return _told_disabled(entry)
        case EntryType.ENABLED:
            return "Taken back into service." if entry.term else "The hold was lifted."
        case EntryType.CARTS_CHANGED:
            return f"Changed to {words.carts(entry.carts or 0, local)}, from the next payment on."
        case EntryType.PLAN_CHANGED:
            return f"The price changed to {amount} for a cart, from the next payment on."
        case EntryType.PAYMENT_METHOD_CHANGED:
            return "Card changed."
        case EntryType.PAYMENT_METHOD_REFUSED:
            return f"The card was not taken: {told_of(entry.decline_code).why}."
        case EntryType.CUSTOMER_REPLACED:
            return "Your details were set up anew at the payment service. There is no card on file now."
        case EntryType.CUSTOMER_NOT_REGISTERED:
            return "Your details could not be set up at the payment service yet. This is on our side."
        case EntryType.EMAIL_CHANGED:
            return "Billing e-mail changed."
        case EntryType.EMAIL_REFUSED:
            return "The billing e-mail was not taken. Please change it."
        case EntryType.CANCELLATION_REQUESTED:
            return "Support asked for something that changes nothing here."
        case EntryType.TERM_EXTENDED:
            return f"Extended{until}, at no charge."
        case EntryType.CLOSED:
            return "Account closed."
        case EntryType.CUSTOMER_NOT_ERASED:
            return "Your details could not be removed from the payment service yet. This is on our side."
        case EntryType.CUSTOMER_ERASED:
            return "Your details were removed from the payment service."
        case kind:
            assert_never(kind)


def _told_disabled(entry: TimelineEntry) -> str:
    if entry.actor.kind is ActorKind.OPERATOR:
        return "Disabled by support."  # the reason is written for operators
    if entry.reason == DisabledReason.PAYMENT_FAILED:
        return "Disabled: the last month could not be collected."
    return (
        "Disabled: the paid time was over." if entry.actor.kind is ActorKind.TIMER else "Cancelled at once; disabled."
    )


def _amount(entry: TimelineEntry, local: LocalFormat) -> str:
    """Return what an entry moved, and how: `$75.00 ($55.00 charged, $20.00 from your credit)` (R8)."""
    if entry.amount is None or entry.currency is None:
        return "an amount"
    whole = local.money(entry.amount, entry.currency)
    if not entry.from_balance:
        return whole
    charged = entry.amount - entry.from_balance if entry.charged is None else entry.charged
    credit = local.money(entry.from_balance, entry.currency)
    return f"{whole} ({local.money(charged, entry.currency)} charged, {credit} from your credit)"


def _told_received(entry: TimelineEntry, amount: str, until: str) -> str:
    if entry.term:
        return f"A payment of {amount} arrived; paid{until}."
    return f"A payment of {amount} arrived that buys nothing any more. It is to be paid back to you."


def _told_refund(entry: TimelineEntry, amount: str) -> str:
    match _status(entry):
        case "succeeded" | None:
            return f"{amount} was paid back to you."
        case "failed" | "canceled":
            return f"A refund of {amount} did not go through."
        case _:
            return f"A refund of {amount} is on its way to you."


def _told_dispute(entry: TimelineEntry, amount: str) -> str:
    match _status(entry):
        case "won":
            return f"The dispute about a payment of {amount} is over: the payment stands."
        case "lost":
            return f"The dispute about a payment of {amount} is over: the money went back to you."
        case _:
            return f"A payment of {amount} is disputed at your bank."


def _status(entry: TimelineEntry) -> str | None:
    """Return Stripe's status of a refund or dispute, which comes first in its entry's reason (R24)."""
    return (entry.reason or "").partition(":")[0] or None


def who(entry: TimelineEntry, user_id: str) -> str:
    """Return who made a change, as the reader knows them."""
    match entry.actor.kind:
        case ActorKind.USER:
            return "You" if entry.actor.id == user_id else "A user of your shop"
        case ActorKind.OPERATOR:
            return "Support"
        case ActorKind.STRIPE:
            return "Payment service"
        case ActorKind.TIMER:
            return "Automatic"
        case kind:
            assert_never(kind)
