"""What an account's history says to its owner: each entry of the timeline as a sentence (R17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reprise.portal.declines import told_of
from reprise.portal.localized import LocalFormat
from reprise.portal.situation import Situation
from reprise.statemachine.account import DisabledReason
from reprise.statemachine.timeline import ActorKind, EntryType, TimelineEntry


@dataclass(frozen=True)
class Told:
    """What a history shows as one: a sentence, whose doing it was, when, how often, and of which invoice."""

    sentence: str
    who: str
    first: datetime
    last: datetime
    times: int = 1
    invoice_id: str | None = None


def history(entries: Sequence[TimelineEntry], seen: Situation, user_id: str, local: LocalFormat) -> list[Told]:
    """Return the history, newest first; what happened alike several times in a row is told once.

    Args:
        entries: What the reader may see of the timeline, oldest first.
        seen: The account.
        user_id: The reader.
        local: How they have words, amounts and days.
    """
    shown: list[Told] = []
    for entry in reversed(entries):
        sentence = told(entry, seen.account.timezone, local, local.card(seen.paid_with(_paid_invoice(entry))))
        one = Told(sentence, who(entry, user_id, local), entry.at, entry.at, invoice_id=_paid_invoice(entry))
        before = shown[-1] if shown else None
        if before and (before.sentence, before.who) == (one.sentence, one.who) and not one.invoice_id:
            shown[-1] = Told(one.sentence, one.who, entry.at, before.last, before.times + 1)
        else:
            shown.append(one)
    return shown


_PAID = frozenset({EntryType.ACTIVATED, EntryType.REACTIVATED, EntryType.RENEWED, EntryType.PAYMENT_RECEIVED})


def _paid_invoice(entry: TimelineEntry) -> str | None:
    return entry.invoice_id if entry.type in _PAID and entry.amount else None


def told(entry: TimelineEntry, zone: str, local: LocalFormat, card: str | None = None) -> str:
    """Return what an entry of the timeline says, as a sentence; days are those of `zone`.

    One of a type that a later release has brought says no more than its type.
    """
    if not isinstance(entry.type, EntryType):
        return f"{entry.type.removeprefix('account.').replace('_', ' ').capitalize()}."
    said = _told(entry.type, entry, zone, local)
    return f"{said} {card}." if card else said


def _told(kind: EntryType, entry: TimelineEntry, zone: str, local: LocalFormat) -> str:
    _ = local.text
    amount = _amount(entry, local)
    day = local.date(entry.term.end, zone) if entry.term else None
    why = _(told_of(entry.decline_code).why)
    carts = local.carts(entry.carts or 0)
    match kind:
        case EntryType.OPENED:
            return _("Account opened with %(carts)s.", carts=carts)
        case EntryType.ACTIVATED:
            return _("First month paid: %(amount)s.", amount=amount)
        case EntryType.CANCELLED:
            return _("Cancelled; works until %(day)s.", day=day) if day else _("Cancelled; nothing more is charged.")
        case EntryType.RESUMED:
            return _("Cancellation taken back, at no charge.")
        case EntryType.REACTIVATED:
            return _told_reactivated(entry, amount, day, local)
        case EntryType.RENEWED:
            return _told_renewed(entry, amount, day, local)
        case EntryType.RENEWAL_UPCOMING:
            return _("The coming renewal of %(amount)s was announced.", amount=amount)
        case EntryType.PAST_DUE if entry.decline_code:
            return _("The renewal of %(amount)s could not be collected: %(why)s.", amount=amount, why=why)
        case EntryType.PAST_DUE:
            return _("The renewal of %(amount)s could not be collected.", amount=amount)
        case EntryType.RESTORED:
            return _("The account was taken up again after an interruption on our side.")
        case EntryType.PAYMENT_DECLINED:
            return _("A payment of %(amount)s failed: %(why)s. Nothing was charged.", amount=amount, why=why)
        case EntryType.PAYMENT_REQUIRES_ACTION:
            return _("Your bank asked for a confirmation of %(amount)s.", amount=amount)
        case EntryType.PAYMENT_CANCELLED:
            return _("A payment of %(amount)s was called off. Nothing was charged.", amount=amount)
        case EntryType.PAYMENT_STOPPED:
            return _("A payment of %(amount)s stopped on our side. Nothing was charged.", amount=amount)
        case EntryType.PAYMENT_PROCESSING:
            return _("Your bank is transferring %(amount)s. This takes a few days.", amount=amount)
        case EntryType.PAYMENT_NOT_KNOWN:
            return _("It is not known yet whether a payment of %(amount)s went through. We keep asking.", amount=amount)
        case EntryType.PAYMENT_RECEIVED if day:
            return _("A payment of %(amount)s arrived; paid until %(day)s.", amount=amount, day=day)
        case EntryType.PAYMENT_RECEIVED:
            return _(
                "A payment of %(amount)s arrived that buys nothing any more. It is to be paid back to you.",
                amount=amount,
            )
        case EntryType.VOID_OWED:
            return _("An invoice that was called off is still open at the payment service. It is being voided.")
        case EntryType.PAYMENT_VOIDED:
            return _("An open invoice was voided: it can no longer be paid.")
        case EntryType.REFUNDED:
            return _told_refund(entry, amount, local)
        case EntryType.DISPUTED:
            return _told_dispute(entry, amount, local)
        case EntryType.DISABLED:
            return _told_disabled(entry, local)
        case EntryType.ENABLED:
            return _("Taken back into service.") if entry.term else _("The hold was lifted.")
        case EntryType.CARTS_CHANGED:
            return _("Changed to %(carts)s, from the next payment on.", carts=carts)
        case EntryType.PLAN_CHANGED:
            return _("The price changed to %(amount)s for a cart, from the next payment on.", amount=amount)
        case EntryType.PAYMENT_METHOD_CHANGED:
            return _("Card changed.")
        case EntryType.PAYMENT_METHOD_REFUSED:
            return _("The card was not taken: %(why)s.", why=why)
        case EntryType.CUSTOMER_REPLACED:
            return _("Your details were set up anew at the payment service. There is no card on file now.")
        case EntryType.CUSTOMER_NOT_REGISTERED:
            return _("Your details could not be set up at the payment service yet. This is on our side.")
        case EntryType.EMAIL_CHANGED:
            return _("Billing e-mail changed.")
        case EntryType.EMAIL_REFUSED:
            return _("The billing e-mail was not taken. Please change it.")
        case EntryType.CANCELLATION_REQUESTED:
            return _("Support asked for something that changes nothing here.")
        case EntryType.TERM_EXTENDED:
            return _("Extended until %(day)s, at no charge.", day=day) if day else _("Extended, at no charge.")
        case EntryType.CLOSED:
            return _("Account closed.")
        case EntryType.CUSTOMER_NOT_ERASED:
            return _("Your details could not be removed from the payment service yet. This is on our side.")
        case EntryType.CUSTOMER_ERASED:
            return _("Your details were removed from the payment service.")
        case _:
            assert_never(kind)


def _told_reactivated(entry: TimelineEntry, amount: str, day: str | None, local: LocalFormat) -> str:
    if not entry.amount:
        return (
            local.text("Reactivated at no charge; works until %(day)s.", day=day)
            if day
            else local.text("Reactivated at no charge.")
        )
    if not day:
        return local.text("Reactivated for %(amount)s.", amount=amount)
    return local.text("Reactivated for %(amount)s; paid until %(day)s.", amount=amount, day=day)


def _told_renewed(entry: TimelineEntry, amount: str, day: str | None, local: LocalFormat) -> str:
    if not entry.amount:
        return (
            local.text("Renewed at no charge until %(day)s.", day=day) if day else local.text("Renewed at no charge.")
        )
    if not day:
        return local.text("Renewed for %(amount)s.", amount=amount)
    return local.text("Renewed for %(amount)s; paid until %(day)s.", amount=amount, day=day)


def _told_disabled(entry: TimelineEntry, local: LocalFormat) -> str:
    if entry.actor.kind is ActorKind.OPERATOR:
        return local.text("Disabled by support.")  # the reason is written for operators
    if entry.reason == DisabledReason.PAYMENT_FAILED:
        return local.text("Disabled: the last month could not be collected.")
    if entry.actor.kind is ActorKind.TIMER:
        return local.text("Disabled: the paid time was over.")
    return local.text("Cancelled at once; disabled.")


def _amount(entry: TimelineEntry, local: LocalFormat) -> str:
    """Return what an entry moved, and how: `$75.00 ($55.00 charged, $20.00 from your credit)` (R8)."""
    if entry.amount is None or entry.currency is None:
        return local.text("an amount")
    whole = local.money(entry.amount, entry.currency)
    if not entry.from_balance:
        return whole
    charged = entry.amount - entry.from_balance if entry.charged is None else entry.charged
    return local.text(
        "%(amount)s (%(charged)s charged, %(credit)s from your credit)",
        amount=whole,
        charged=local.money(charged, entry.currency),
        credit=local.money(entry.from_balance, entry.currency),
    )


def _told_refund(entry: TimelineEntry, amount: str, local: LocalFormat) -> str:
    match _status(entry):
        case "succeeded" | None:
            return local.text("%(amount)s was paid back to you.", amount=amount)
        case "failed" | "canceled":
            return local.text("A refund of %(amount)s did not go through.", amount=amount)
        case _:
            return local.text("A refund of %(amount)s is on its way to you.", amount=amount)


def _told_dispute(entry: TimelineEntry, amount: str, local: LocalFormat) -> str:
    match _status(entry):
        case "won":
            return local.text("The dispute about a payment of %(amount)s is over: the payment stands.", amount=amount)
        case "lost":
            return local.text(
                "The dispute about a payment of %(amount)s is over: the money went back to you.", amount=amount
            )
        case _:
            return local.text("A payment of %(amount)s is disputed at your bank.", amount=amount)


def _status(entry: TimelineEntry) -> str | None:
    """Return Stripe's status of a refund or dispute, which comes first in its entry's reason (R24)."""
    return (entry.reason or "").partition(":")[0] or None


def who(entry: TimelineEntry, user_id: str, local: LocalFormat) -> str:
    """Return who made a change, as the reader knows them."""
    match entry.actor.kind:
        case ActorKind.USER:
            return local.text("You") if entry.actor.id == user_id else local.text("A user of your shop")
        case ActorKind.PRODUCT:
            return local.text("Your shop")
        case ActorKind.OPERATOR:
            return local.text("Support")
        case ActorKind.STRIPE:
            return local.text("Payment service")
        case ActorKind.TIMER:
            return local.text("Automatic")
        case kind:
            assert_never(kind)
