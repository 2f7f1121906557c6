"""A plain driver for the core: it answers effects as a scripted Stripe would, and keeps the books."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reprise.statemachine.account import Account
from reprise.statemachine.commands import AnyCommand, OpenAccount
from reprise.statemachine.effects import (
    Act,
    Announce,
    ChangePaymentMethod,
    Collect,
    Effect,
    LookAtInvoice,
    RegisterCustomer,
    VoidInvoice,
)
from reprise.statemachine.machine import AccountMachine
from reprise.statemachine.money import Plan
from reprise.statemachine.payments import (
    CustomerRegistered,
    Declined,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    Paid,
    Payment,
    PaymentMethodChanged,
    PaymentOutcome,
    RequiresAction,
    Stopped,
)


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
    """One account, Stripe's side of it, and the time."""

    machine: AccountMachine
    now: datetime
    card: str = "good"
    invoices: dict[str, str] = field(default_factory=dict)
    charges: list[tuple[str, int]] = field(default_factory=list)
    attempts: list[tuple[str, int]] = field(default_factory=list)
    announced: list[int] = field(default_factory=list)
    waiting: list[Act] = field(default_factory=list)

    @classmethod
    def open(cls, at: str = "2027-01-31T10:00", card: str = "good", **changes: Any) -> "Book":
        """Open an account and let Stripe answer."""
        machine, effects = AccountMachine.opening(opening(**changes), utc(at))
        book = cls(machine, utc(at), card)
        book.perform(effects)
        return book

    @property
    def account(self) -> Account:
        return self.machine.account

    @property
    def state(self) -> str:
        return self.account.state.value

    @property
    def charged(self) -> list[int]:
        return [amount for _, amount in self.charges]

    def at(self, moment: str | datetime) -> "Book":
        """Move the clock, letting every deadline on the way happen at its instant."""
        target = utc(moment) if isinstance(moment, str) else moment
        while (deadline := self.machine.deadline) and deadline.at <= target:
            self.now = max(deadline.at, self.now)
            self.perform(self.machine.take(deadline, self.now))
        self.now = target
        return self

    def do(self, command: AnyCommand) -> None:
        """Send a command."""
        self.perform(self.machine.take(command, self.now))

    def replace_card(self, card: str) -> None:
        """Change the card as the product does."""
        from reprise.statemachine.commands import SetPaymentMethod

        self.card = card
        self.do(SetPaymentMethod(payment_method=f"pm_{card}"))

    def hint(self) -> None:
        """Let a webhook come."""
        self.perform(self.machine.hint(self.now))

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
            self.perform(self.machine.take(self._answer(self.waiting.pop(0)), self.now))

    def _answer(self, act: Act) -> Any:
        match act:
            case RegisterCustomer():
                return CustomerRegistered(customer_id="cus_1", payment_method=f"pm_{self.card}")
            case ChangePaymentMethod(payment_method=method, asked_by=actor):
                return PaymentMethodChanged(payment_method=method, asked_by=actor)
            case Collect(payment=payment):
                return self._collect(payment)
            case LookAtInvoice(payment_key=key):
                state = InvoiceState(self.invoices.get(key, "missing"))
                return InvoiceObserved(payment_key=key, invoice=state, payment_method=f"pm_{self.card}")
            case VoidInvoice(payment_key=key):
                if self.invoices.get(key) == "open":
                    self.invoices[key] = "void"
                return InvoiceVoided(payment_key=key, invoice=InvoiceState(self.invoices.get(key, "missing")))

    def _collect(self, payment: Payment) -> PaymentOutcome:
        self.attempts.append((payment.key, payment.attempt))
        if self.card == "stopped":
            return Stopped(payment_key=payment.key, reason="Invalid API Key provided")
        self.invoices.setdefault(payment.key, "open")
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
                return NoPaymentMethod(**known)
            case "authentication":
                return RequiresAction(**known, url="https://pay.example.com/in")
            case code:
                return Declined(**known, code=code)

    def _charge(self, payment: Payment) -> None:
        self.invoices[payment.key] = "paid"
        self.charges.append((payment.key, payment.quote.amount_due))
