"""Random lives of accounts: whatever may come to one, in any order. The same number is always the same life.

Unlike the stories of the reference model, in which Stripe answers what it is asked, here anything comes at any time:
answers about another payment, late ones, twice, of customers and invoices that nobody asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.effects import (
    Announce,
    ChangeEmail,
    ChangePaymentMethod,
    Collect,
    Effect,
    EraseCustomer,
    RegisterCustomer,
    RetrieveInvoice,
    VoidInvoice,
)
from reprise.statemachine.machine import Event
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    CustomerErased,
    CustomerNotRegistered,
    CustomerRegistered,
    Declined,
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NothingObserved,
    NotKnown,
    Paid,
    PaymentMethodChanged,
    PaymentOutcome,
    Processing,
    RefundObserved,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import Refused
from tests.statemachine.book import opening, utc

BEGIN: Final = utc("2027-01-31T10:00")
SETTLED: Final = (InvoiceState.PAID, InvoiceState.PROCESSING)
DISPUTES: Final = ("succeeded", "failed", "pending", "needs_response", "lost", "won", None)


@dataclass(frozen=True)
class Step:
    """A moment of a life: how the account stands, what has come to it before, and what may come now."""

    account: Account
    now: datetime
    said: tuple[str, ...]
    """What has come so far, in words."""
    may_come: tuple[Event, ...]


def life(number: int, edition: int) -> Iterator[Step]:
    """Live one life by an edition of the rules."""
    random = Random(number)  # noqa: S311 - a life, not a secret
    command, now = _opening(random), BEGIN
    account, effects = machine.open_account(command, now, edition=edition, life="life-1")
    asked = _of_stripe(effects)
    said = [
        f"opened {command.model_dump(exclude_defaults=True, include={'carts', 'paid_through', 'cancelled', 'policy'})}"
    ]
    for _ in range(random.randint(3, 14)):
        given, answers, rest = commands(account), outcomes(account), others(account)
        drawn = (*random.sample(given, 4), *random.sample(answers, 7), *random.sample(rest, 3))
        yield Step(account, now, tuple(said), drawn)
        luck, deadline = random.random(), deadline_of(account)
        if random.random() < 0.3:
            now += random.choice([timedelta(hours=1), timedelta(days=1), timedelta(days=5), timedelta(days=30)])
        event: Event
        if asked and luck < 0.75:
            event = _answer(asked.pop(0), random)
        elif deadline is not None and not asked and luck < 0.6:
            now, event = max(now, deadline.at), deadline
        else:
            event = random.choice((given, given, given, answers, rest)[random.randrange(5)])
        said.append(f"{now:%m-%d %H:%M} {in_words(event)}")
        try:
            account, effects = machine.take(account, event, now)
        except Refused:
            continue
        asked += _of_stripe(effects)


def in_words(event: Event) -> str:
    """Return what has come, in a line."""
    return f"{type(event).__name__} {event.model_dump_json(exclude_defaults=True)}"


def _opening(random: Random) -> OpenAccount:
    changes: dict[str, Any] = {}
    if random.random() < 0.4:
        debt, upcoming = random.choice(["void", "collect"]), random.choice([None, 7])
        changes["policy"] = BillingPolicy.model_validate({"debt": debt, "renewal_upcoming_days": upcoming})
    if random.random() < 0.25:
        changes["paid_through"] = BEGIN + timedelta(days=random.choice([-40, -1, 10, 28]))
        changes["cancelled"] = random.random() < 0.3
    if random.random() < 0.15:
        changes["carts"] = 0
    return opening(**changes)


def _of_stripe(effects: tuple[Effect, ...]) -> list[Effect]:
    return [each for each in effects if not isinstance(each, Announce)]


def commands(account: Account) -> list[AnyCommand]:
    """Return what people may ask for."""
    return [
        Cancel(),
        Cancel(when="now"),
        Cancel(expected_state=account.state),
        Reactivate(),
        Reactivate(expected_amount=7500),
        SetCarts(carts=0),
        SetCarts(carts=5),
        SetPaymentMethod(payment_method="pm_x"),
        SetEmail(email="new@example.com"),
        Disable(),
        Enable(),
        ExtendTerm(days=3),
        ChangePlan(plan=Plan(currency="usd", unit_amount=10)),
        ChangePlan(plan=Plan(currency="jpy", unit_amount=3000)),
        Close(),
    ]


def outcomes(account: Account) -> list[Event]:
    """Return what Stripe may say of invoices: of the latest payment's, of an earlier one's, and of one unheard of."""
    payment = account.payment
    latest = payment.key if payment else f"{account.account_id}:1"
    keys = [latest, f"{account.account_id}:9"]
    if account.payment_count > 1:
        keys.append(f"{account.account_id}:{account.payment_count - 1}")
    terms = [None, payment.quote.term if payment else None, account.term]
    found: list[Event] = []
    for key in keys:
        found += _attempts(key)
        for state in InvoiceState:
            found.append(InvoiceVoided(payment_key=key, invoice_id="in_8", invoice=state, reason="why"))
            for card in (None, "pm_new"):
                code = "lost_card" if card else None
                found.append(InvoiceObserved(payment_key=key, invoice=state, payment_method=card, decline_code=code))
        for state in SETTLED:
            for term in dict.fromkeys(terms):
                invoice = Invoice(
                    payment_key=key, invoice_id="in_8", state=state, amount=7500, currency="usd", period=term
                )
                found.append(EarlierPayment(payment_key=latest, found=invoice))
                found.append(InvoiceVoided(payment_key=key, invoice=state, found=invoice))
                found.append(InvoiceObserved(payment_key=latest, invoice=InvoiceState.MISSING, found=(invoice,)))
    for status in DISPUTES:
        about: dict[str, Any] = {"ours": True, "status": status, "amount": 7500, "currency": "usd"}
        found.append(RefundObserved(object_id="re_1", kind="refund", **about))
        found.append(RefundObserved(object_id="dp_1", kind="dispute", **about))
    return found


def _attempts(key: str) -> list[PaymentOutcome]:
    return [
        Paid(payment_key=key, invoice_id="in_7", payment_method="pm_x"),
        Paid(payment_key=key, charged=100),
        Processing(payment_key=key, invoice_id="in_7"),
        Declined(payment_key=key, code="generic_decline", invoice_id="in_7"),
        Declined(payment_key=key, code="lost_card"),
        Declined(payment_key=key, code="generic_decline", advice="do_not_try_again"),
        NoPaymentMethod(payment_key=key),
        CustomerDeleted(payment_key=key, customer_id="cus_9"),
        RequiresAction(payment_key=key, url="https://pay.example/in_7", invoice_id="in_7"),
        Stopped(payment_key=key, reason="No such coupon"),
        NotKnown(payment_key=key, reason="Stripe is away"),
    ]


def others(account: Account) -> list[Event]:
    """Return what Stripe may say of the customer, and the deadline that comes next."""
    deadline = deadline_of(account)
    return [
        CustomerRegistered(customer_id="cus_1"),
        CustomerRegistered(customer_id="cus_2", refused="card_declined", email_refused="No such domain."),
        CustomerNotRegistered(reason="Invalid API key"),
        PaymentMethodChanged(payment_method="pm_x"),
        PaymentMethodChanged(refused="card_declined", message="Your card was declined."),
        EmailChanged(email="new@example.com"),
        EmailChanged(email="new@example.com", refused="No such domain."),
        CustomerErased(customer_id="cus_1"),
        CustomerErased(customer_id="cus_1", refused="Invalid API key"),
        NothingObserved(reason="No such refund"),
        *([deadline] if deadline else []),
    ]


def _answer(asked: Effect, random: Random) -> Event:
    """Return how Stripe answers what it was asked: mostly as one hopes."""
    match asked:
        case Collect():
            hoped = Paid(payment_key=asked.payment.key, invoice_id=f"in_{asked.payment.key}")
            return random.choice([hoped] * 8 + _attempts(asked.payment.key))
        case VoidInvoice():
            state = random.choice([InvoiceState.VOID] * 5 + list(InvoiceState))
            return InvoiceVoided(payment_key=asked.payment_key, invoice=state)
        case RegisterCustomer():
            registered = CustomerRegistered(customer_id="cus_1")
            return random.choice([registered] * 6 + [CustomerNotRegistered(reason="Invalid API key")])
        case RetrieveInvoice():
            return InvoiceObserved(payment_key=asked.payment_key, invoice=random.choice(list(InvoiceState)))
        case ChangePaymentMethod():
            return PaymentMethodChanged(payment_method=asked.payment_method)
        case ChangeEmail():
            return EmailChanged(email=asked.email)
        case EraseCustomer():
            return CustomerErased(customer_id="cus_1")
        case _:
            return NothingObserved(reason="No such refund")
