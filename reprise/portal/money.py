"""Money, said: what is paid and with which card, what comes and when, what a card's expiry means for it (R5, R11)."""

from dataclasses import dataclass
from datetime import timedelta

from reprise.portal.localized import LocalFormat
from reprise.portal.situation import Situation
from reprise.schemas.accounts import AccountView
from reprise.statemachine.timeline import TimelineEntry


def amount_of(account: AccountView, local: LocalFormat) -> str:
    """Return what the latest payment is about, in its own currency: the plan's may be another by now (R26)."""
    payment = account.payment
    return local.money(payment.amount or 0, payment.currency or account.plan.currency)


def price(account: AccountView, local: LocalFormat) -> str:
    """Return what a month comes to, and how: `$75.00 (3 carts × $25.00)`."""
    unit, currency = account.plan.unit_amount, account.plan.currency
    return (
        f"{local.money(account.carts * unit, currency)} ({local.carts(account.carts)} × {local.money(unit, currency)})"
    )


def is_paid_for(seen: Situation) -> bool:
    """Whether money was paid for the current term: one of no carts, or of no price, is not called paid."""
    paid = seen.outlook.paid_for
    if paid is None:
        return bool(seen.account.carts * seen.account.plan.unit_amount)
    unit = seen.account.plan.unit_amount if paid.unit_amount is None else paid.unit_amount
    return bool(paid.carts * unit)


@dataclass(frozen=True)
class ChangeAhead:
    """What is paid now, what comes from when, and the number of carts that takes it back (R11)."""

    now: str
    then: str
    undo: int


def change_ahead(seen: Situation, local: LocalFormat) -> ChangeAhead | None:
    """Say what differs between the carts that are paid and those that come; None where nothing does."""
    account, paid = seen.account, seen.outlook.paid_for
    if not account.in_service or account.is_past_due or account.term is None:
        return None
    if paid is None or paid.carts == account.carts:
        return None
    day = local.date(account.term.end, account.timezone)
    paid_carts = local.carts(paid.carts)
    now = (
        local.text("Now: %(carts)s, paid to %(day)s.", carts=paid_carts, day=day)
        if is_paid_for(seen)
        else local.text("Now: %(carts)s, until %(day)s.", carts=paid_carts, day=day)
    )
    if not account.renews:
        return ChangeAhead(
            now, local.text("If you come back: %(carts)s.", carts=local.carts(account.carts)), paid.carts
        )
    return ChangeAhead(now, from_when(seen, local), paid.carts)


def from_when(seen: Situation, local: LocalFormat) -> str:
    """Say from when the number of carts counts, and what it comes to, as `From Dec 25: 7 carts, $175.00.`."""
    account = seen.account
    amount = local.money(account.carts * account.plan.unit_amount, account.plan.currency)
    number = local.carts(account.carts)
    if account.renews and account.term is not None and not account.is_past_due:
        day = local.date(account.term.end, account.timezone)
        return local.text("From %(day)s: %(carts)s, %(amount)s.", day=day, carts=number, amount=amount)
    return local.text("From your next payment on: %(carts)s, %(amount)s.", carts=number, amount=amount)


def paid_with(entry: TimelineEntry, seen: Situation, local: LocalFormat) -> str:
    """Say a payment: `$75.00 paid with Visa •••• 4242 on Dec 25.`."""
    amount = local.money(entry.amount or 0, entry.currency or seen.account.plan.currency)
    day, card = local.date(entry.at, seen.account.timezone), local.card(seen.paid_with(entry.invoice_id))
    if card is None:
        return local.text("%(amount)s paid on %(day)s.", amount=amount, day=day)
    return local.text("%(amount)s paid with %(card)s on %(day)s.", amount=amount, card=card, day=day)


def expiry_warning(seen: Situation, local: LocalFormat) -> str | None:
    """Warn of a card that expires before the next payment but one, while there is a payment that needs it."""
    card, charges = seen.card, seen.outlook.charges
    if card is None or card.exp_month is None or card.exp_year is None or not charges:
        return None
    # A card works through the last day of its month: nothing says in which zone.
    after = (card.exp_year, card.exp_month)
    due = next((each for each in charges[:2] if (each.at.year, each.at.month) > after), None)
    if due is None:
        return None
    day = local.date(due.at, seen.account.timezone)
    shown = {"card": local.card(card), "expiry": local.expiry(card), "day": day}
    if (seen.now.year, seen.now.month) > after:
        return local.text("%(card)s expired %(expiry)s. Add another card before your payment of %(day)s.", **shown)
    return local.text("%(card)s expires %(expiry)s, before your payment of %(day)s.", **shown)


def days_given_up(seen: Situation) -> int:
    """Return how many paid days are left, the one that has begun included."""
    term = seen.account.term
    if term is None or not is_paid_for(seen):
        return 0
    return max(0, -((seen.now - term.end) // timedelta(days=1)))
