"""A plain driver for the core: it answers effects as a scripted Stripe would, and keeps the books."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reprise.statemachine import editions, machine
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account
from reprise.statemachine.commands import AnyCommand, OpenAccount
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
    RetrieveRefund,
    StripeEffect,
    VoidInvoice,
)
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerErased,
    CustomerNotRegistered,
    CustomerRegistered,
    Declined,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NothingObserved,
    Paid,
    PaymentMethodChanged,
    PaymentOutcome,
    Processing,
    RefundObserved,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.payments import Payment
from reprise.statemachine.quotes import Quote
from reprise.statemachine.schedule import Deadline


def utc(text: str) -> datetime:
    """`2027-01-31T10:00` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opening(**changes: Any) -> OpenAccount:
    """Three carts at 25.00 USD, unless the test says otherwise."""
    asked: dict[str, Any] = {
        "account_id": "a1",
        "email": "owner@example.com",
        "carts": 3,
        "plan": Plan(currency="usd", unit_amount=2500),
        "payment_method": "pm_good",
        **changes,
    }
    return OpenAccount(**asked)


@dataclass
class Book:
    """One account, Stripe's side of it, and the time.

    `card` says how the next charge goes: `good`, `none`, `authentication`, `processing`, `stopped`, or a decline code,
    with the bank's advice behind a slash (`generic_decline/do_not_try_again`). With `key_is_wrong`, Stripe refuses all;
    with `voids_are_refused`, what is open cannot be voided.
    """

    account: Account
    now: datetime
    card: str = "good"
    invoices: dict[str, str] = field(default_factory=dict)
    charges: list[tuple[str, int]] = field(default_factory=list)
    attempts: list[tuple[str, int]] = field(default_factory=list)
    announced: list[int] = field(default_factory=list)
    waiting: list[StripeEffect] = field(default_factory=list)
    performed: list[StripeEffect] = field(default_factory=list)
    key_is_wrong: bool = False
    voids_are_refused: bool = False
    debits: dict[str, Payment] = field(default_factory=dict)
    found: list[Invoice] = field(default_factory=list)
    refunds: dict[str, RefundObserved] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        at: str = "2027-01-31T10:00",
        card: str = "good",
        *,
        edition: int = editions.NEWEST,
        key_is_wrong: bool = False,
        **changes: Any,
    ) -> "Book":
        """Open an account and let Stripe answer."""
        account, effects = machine.open_account(opening(**changes), utc(at), edition=edition, life="life-1")
        book = cls(account, utc(at), card, key_is_wrong=key_is_wrong)
        book.perform(effects)
        return book

    def take(self, event: machine.Event, now: datetime) -> tuple[Effect, ...]:
        """Let an event happen, and return what is to be done."""
        return self._follow(machine.take(self.account, event, now))

    def fire_due(self, now: datetime) -> tuple[Effect, ...]:
        """Let what is due happen, and return what is to be done."""
        return self._follow(machine.fire_due(self.account, now))

    def _follow(self, decision: machine.Decision) -> tuple[Effect, ...]:
        self.account = decision.account
        return decision.effects

    @property
    def deadline(self) -> Deadline | None:
        return deadline_of(self.account)

    @property
    def access_until(self) -> datetime | None:
        return access_until(self.account)

    def quote(self, now: datetime) -> Quote:
        """Return what coming back costs."""
        return machine.quote(self.account, now)

    @property
    def state(self) -> str:
        return self.account.state.value

    @property
    def charged(self) -> list[int]:
        return [amount for _, amount in self.charges]

    def at(self, moment: str | datetime) -> "Book":
        """Move the clock, letting every deadline on the way happen at its instant."""
        target = utc(moment) if isinstance(moment, str) else moment
        while (deadline := self.deadline) and deadline.at <= target:
            self.now = max(deadline.at, self.now)
            self.perform(self.take(deadline, self.now))
            assert self.deadline != deadline, f"{deadline} has happened, and is due again"
        self.now = target
        return self

    def do(self, command: AnyCommand) -> None:
        """Send a command."""
        self.perform(self.take(command, self.now))

    def replace_card(self, card: str) -> None:
        """Change the card as the product does."""
        from reprise.statemachine.commands import SetPaymentMethod

        self.card = card
        self.do(SetPaymentMethod(payment_method=f"pm_{card.partition('/')[0]}"))

    def hint(self, payment_key: str | None = None, refund_id: str | None = None) -> None:
        """Let a webhook come."""
        self.perform(self.hinted(payment_key, refund_id))

    def hinted(self, *facts: str | None, customer_deleted: bool = False) -> tuple[Effect, ...]:
        """Let a webhook come, and return what is to be done."""
        return self._follow(machine.hint(self.account, self.now, *facts, customer_deleted=customer_deleted))

    def settle_debit(self, key: str, *, failing: str | None = None) -> None:
        """The bank lets a debit through, or not."""
        payment = self.debits.pop(key)
        if failing is None:
            self._charge(payment)
        else:
            self.invoices[key], self.card = "open", failing

    def pay_by_hand(self) -> None:
        """The payer pays the open invoice on its hosted page."""
        payment = self.account.payment
        assert payment is not None
        assert self.invoices[payment.key] == "open"
        self._charge(payment)

    # ------------------------------------------------------------------ Stripe's side

    def perform(self, effects: tuple[Effect, ...]) -> None:
        """Answer effects one after another, as the workflow does."""
        for effect in effects:
            if isinstance(effect, Announce):
                self.announced.append(effect.entry.sequence)
            else:
                self.waiting.append(effect)
        while self.waiting:
            effect = self.waiting.pop(0)
            if self.account.customer_id is None and not isinstance(effect, RegisterCustomer) and self.key_is_wrong:
                behind, effect = effect, RegisterCustomer(payment_method=None)
                self.perform(self.take(self._answer(effect), self.now))
                self.perform(self.take(self._refusal(behind), self.now))
                continue
            self.performed.append(effect)
            self.perform(self.take(self._answer(effect), self.now))

    def _answer(self, effect: StripeEffect) -> Any:
        if self.key_is_wrong:
            return self._refusal(effect)
        method = None if self.card == "none" else f"pm_{self.card}"
        match effect:
            case RegisterCustomer():
                return CustomerRegistered(customer_id="cus_1", payment_method=method)
            case ChangePaymentMethod(payment_method=method, asked_by=actor):
                return PaymentMethodChanged(payment_method=method, asked_by=actor)
            case ChangeEmail(email=email, asked_by=actor):
                return EmailChanged(email=email, asked_by=actor)
            case Collect(payment=payment):
                return self._collect(payment)
            case RetrieveInvoice(payment_key=key):
                state = InvoiceState(self.invoices.get(key or "", "missing"))
                code = self.card.partition("/")[0]
                failed = {"decline_code": code} if state is InvoiceState.OPEN and code != "good" else {}
                found = tuple(self.found)
                return InvoiceObserved(payment_key=key, invoice=state, payment_method=method, found=found, **failed)
            case VoidInvoice(payment_key=key):
                if self.invoices.get(key) == "open" and not self.voids_are_refused:
                    self.invoices[key] = "void"
                return InvoiceVoided(payment_key=key, invoice=InvoiceState(self.invoices.get(key, "missing")))
            case RetrieveRefund(object_id=refund):
                return self.refunds.get(refund, NothingObserved(reason="No such refund"))
            case EraseCustomer(customer_id=customer):
                return CustomerErased(customer_id=customer)

    def _refusal(self, effect: StripeEffect) -> Any:
        """Return what an effect comes to while Stripe refuses the key."""
        reason = "Invalid API Key provided"
        match effect:
            case RegisterCustomer():
                return CustomerNotRegistered(reason=reason)
            case ChangePaymentMethod(asked_by=actor):
                return PaymentMethodChanged(refused="stripe_refused", message=reason, asked_by=actor)
            case ChangeEmail(email=email, asked_by=actor):
                return EmailChanged(email=email, refused=reason, asked_by=actor)
            case Collect(payment=payment):
                self.attempts.append((payment.key, payment.attempt))
                return Stopped(payment_key=payment.key, reason=reason)
            case RetrieveInvoice(payment_key=key):
                return InvoiceObserved(payment_key=key, invoice=InvoiceState.UNKNOWN, reason=reason)
            case VoidInvoice(payment_key=key):
                return InvoiceVoided(payment_key=key, invoice=InvoiceState.UNKNOWN, reason=reason)
            case RetrieveRefund():
                return NothingObserved(reason=reason)
            case EraseCustomer(customer_id=customer):
                return CustomerErased(customer_id=customer, refused=reason)

    def _collect(self, payment: Payment) -> PaymentOutcome:
        self.attempts.append((payment.key, payment.attempt))
        if self.card == "stopped":
            return Stopped(payment_key=payment.key, reason="Invalid API Key provided")
        if self.invoices.get(payment.key) in {None, "void"}:
            self.invoices[payment.key] = "open"
        known: dict[str, Any] = {
            "payment_key": payment.key,
            "invoice_id": f"in_{payment.key}",
            "payment_method": f"pm_{self.card}",
        }
        if self.invoices[payment.key] == "paid":
            return Paid(**known)
        match self.card:
            case "good":
                self._charge(payment)
                return Paid(**known)
            case "none":
                return NoPaymentMethod(payment_key=payment.key, invoice_id=known["invoice_id"])
            case "authentication":
                return RequiresAction(**known, url="https://pay.example.com/in")
            case "processing":
                self.invoices[payment.key], self.debits[payment.key] = "processing", payment
                return Processing(**known)
            case declined:
                code, _, advice = declined.partition("/")
                return Declined(**known, code=code, advice=advice or None)

    def _charge(self, payment: Payment) -> None:
        self.invoices[payment.key] = "paid"
        self.charges.append((payment.key, payment.quote.amount_due))
