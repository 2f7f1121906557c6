"""What an account's history says to its owner: each entry of the timeline as a sentence (R17)."""

from reprise.portal import words
from reprise.portal.declines import told_of
from reprise.portal.localized import Local
from reprise.workflows.messages import ActorKind, TimelineEntry


def told(entry: TimelineEntry, zone: str, local: Local) -> str:
    """Return what an entry of the timeline says, as a sentence; days are those of `zone`."""
    amount = _amount(entry, local)
    until = f" until {local.date(entry.term.end, zone)}" if entry.term else ""
    match entry.type.removeprefix("account."):
        case "opened":
            return f"Account opened with {words.carts(entry.carts or 0, local)}."
        case "activated":
            return f"First month paid: {amount}."
        case "cancelled":
            return f"Cancelled; works{until}."
        case "resumed":
            return "Cancellation taken back, at no charge."
        case "reactivated":
            return (
                f"Reactivated for {amount}; paid{until}." if entry.amount else f"Reactivated at no charge; paid{until}."
            )
        case "renewed":
            return f"Renewed for {amount}; paid{until}." if entry.amount else f"Renewed at no charge{until}."
        case "past_due":
            reason = f": {told_of(entry.decline_code).why}" if entry.decline_code else ""
            return f"The renewal of {amount} could not be collected{reason}."
        case "payment_declined":
            return f"A payment of {amount} failed: {told_of(entry.decline_code).why}. Nothing was charged."
        case "payment_requires_action":
            return f"Your bank asked for a confirmation of {amount}."
        case "payment_cancelled":
            return f"A payment of {amount} was called off. Nothing was charged."
        case "payment_stopped":
            return f"A payment of {amount} stopped on our side. Nothing was charged."
        case "payment_processing":
            return f"Your bank is transferring {amount}. This takes a few days."
        case "payment_not_known":
            return f"It is not known yet whether a payment of {amount} went through. We keep asking."
        case "payment_received":
            return _told_received(entry, amount, until)
        case "void_owed":
            return "An invoice that was called off is still open at the payment service. It is being voided."
        case "payment_voided":
            return "An open invoice was voided: it can no longer be paid."
        case "refunded":
            return _told_refund(entry, amount)
        case "disputed":
            return _told_dispute(entry, amount)
        case "disabled":
            return _told_disabled(entry)
        case "enabled":
            return "Taken back into service." if entry.term else "The hold was lifted."
        case "carts_changed":
            return f"Changed to {words.carts(entry.carts or 0, local)}, from the next payment on."
        case "plan_changed":
            return f"The price changed to {amount} for a cart, from the next payment on."
        case "payment_method_changed":
            return "Card changed."
        case "payment_method_refused":
            return f"The card was not taken: {told_of(entry.decline_code).why}."
        case "customer_replaced":
            return "Your details were set up anew at the payment service. There is no card on file now."
        case "customer_not_registered":
            return "Your details could not be set up at the payment service yet. This is on our side."
        case "email_changed":
            return "Billing e-mail changed."
        case "email_refused":
            return "The billing e-mail was not taken. Please change it."
        case "cancellation_requested":
            return "Support asked for something that changes nothing here."
        case "term_extended":
            return f"Extended{until}, at no charge."
        case "closed":
            return "Account closed."
        case "customer_not_erased":
            return "Your details could not be removed from the payment service yet. This is on our side."
        case "customer_erased":
            return "Your details were removed from the payment service."
        case other:
            return f"{other.replace('_', ' ').capitalize()}."


def _told_disabled(entry: TimelineEntry) -> str:
    if entry.actor.kind is ActorKind.OPERATOR:
        return "Disabled by support."  # the reason is written for operators
    if entry.reason == "payment_failed":
        return "Disabled: the last month could not be collected."
    return (
        "Disabled: the paid time was over." if entry.actor.kind is ActorKind.TIMER else "Cancelled at once; disabled."
    )


def _amount(entry: TimelineEntry, local: Local) -> str:
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
        case _:
            return "Automatic"
