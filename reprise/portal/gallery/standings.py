"""Made-up accounts in every standing, each brought there by the core itself, with a Stripe that does as it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from reprise.portal.situation import AtStripe, Situation
from reprise.schemas.invoices import InvoiceList, InvoiceView
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    OpenAccount,
    Reactivate,
    SetCarts,
)
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.effects import Collect, Effect, RegisterCustomer, VoidInvoice
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    Declined,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    Paid,
    PaymentOutcome,
    Processing,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.payments import Payment
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.stripe_api.billing_details import BillingDetails

BEGIN: Final = datetime(2026, 9, 25, 10, 0, tzinfo=UTC)
"""When the made-up accounts are opened; what is shown stands months later, always at the same instant."""

ADA: Final = Actor(kind=ActorKind.USER, id="user-7")
SHOP: Final = Actor(kind=ActorKind.PRODUCT, id="shop-backend")
SUPPORT: Final = Actor(kind=ActorKind.OPERATOR, id="grace")

VISA: Final = PaymentMethodView(brand="visa", last4="4242", exp_month=4, exp_year=2028)
EXPIRING: Final = PaymentMethodView(brand="mastercard", last4="4444", exp_month=11, exp_year=2026)

ELSEWHERE: Final = "https://billing.example.com/hosted"


@dataclass
class Life:
    """One account's life up to now.

    `card` says how the next attempt goes: `good`, `none`, `confirm`, `bank`, `stopped`, `waits`, or a decline code.
    """

    card: str = "good"
    method: PaymentMethodView | None = VISA
    now: datetime = BEGIN
    account: Account = field(init=False)
    paid: dict[str, PaymentMethodView] = field(default_factory=dict)
    invoices: list[InvoiceView] = field(default_factory=list)

    def open(self, **changes: Any) -> "Life":
        """Open the account."""
        asked: dict[str, Any] = {
            "account_id": "shop-42",
            "email": "ada@shop.example.com",
            "carts": 3,
            "plan": Plan(currency="usd", unit_amount=2500),
            "timezone": "Europe/Berlin",
            "actor": SHOP,
            **changes,
        }
        decided = machine.open_account(OpenAccount(**asked), self.now)
        self.account = decided.account
        self._answer(decided.effects)
        return self

    def send(self, command: AnyCommand, actor: Actor = ADA) -> "Life":
        """Let somebody send a command."""
        self._take(command.model_copy(update={"actor": actor}))
        return self

    def until(self, at: datetime) -> "Life":
        """Live on, through each deadline at its instant."""
        while (due := deadline_of(self.account)) and due.at <= at:
            self.now = due.at
            self._take(due)
        self.now = at
        return self

    def after(self, **time: float) -> "Life":
        """Live on for a while."""
        return self.until(self.now + timedelta(**time))

    def with_card(self, card: str) -> "Life":
        """Change how the next attempts go."""
        self.card = card
        self.method = None if card == "none" else self.method
        return self

    @property
    def situation(self) -> Situation:
        """How the account stands now."""
        details = BillingDetails(email="ada@shop.example.com", payment_method=self.method)
        return Situation(self.account, self.now, AtStripe(details, dict(self.paid)))

    @property
    def invoice_list(self) -> InvoiceList:
        """Its invoices, newest first."""
        return InvoiceList(invoices=list(reversed(self.invoices)), next_cursor=None)

    # ------------------------------------------------------------------ Stripe's side

    def _take(self, event: machine.Event) -> None:
        decided = machine.take(self.account, event, self.now)
        self.account = decided.account
        self._answer(decided.effects)

    def _answer(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case RegisterCustomer():
                    self._take(CustomerRegistered(customer_id="cus_Gallery"))
                case Collect() if self.card != "waits":
                    self._take(self._attempt(effect.payment))
                case VoidInvoice():
                    self._mark(effect.payment_key, "void")
                    self._take(InvoiceVoided(payment_key=effect.payment_key, invoice=InvoiceState.VOID))
                case _:
                    pass  # told to the product, or about what the gallery does not show

    def _attempt(self, payment: Payment) -> PaymentOutcome:
        known: dict[str, Any] = {"payment_key": payment.key, "invoice_id": f"in_{payment.key.replace(':', '_')}"}
        if self.method is not None:
            self.paid[known["invoice_id"]] = self.method
        self._note(payment, known["invoice_id"])
        match self.card:
            case "good":
                self._mark(payment.key, "paid")
                return Paid(**known)
            case "bank":
                return Processing(**known)
            case "none":
                return NoPaymentMethod(**known)
            case "confirm":
                return RequiresAction(**known, url=f"{ELSEWHERE}/{known['invoice_id']}")
            case "stopped":
                return Stopped(**known, reason="the API key is wrong")
            case code:
                return Declined(**known, code=code)

    def _note(self, payment: Payment, invoice_id: str) -> None:
        if any(each.id == invoice_id for each in self.invoices):
            return
        self.invoices.append(
            InvoiceView(
                id=invoice_id,
                number=f"GALLERY-{len(self.invoices) + 1:04d}",
                status="open",
                amount_due=payment.quote.amount_due,
                amount_paid=0,
                currency=payment.quote.currency,
                created=self.now,
                period=Term(start=payment.quote.term.start, end=payment.quote.term.end),
                payment_key=payment.key,
                hosted_invoice_url=f"{ELSEWHERE}/{invoice_id}",
                invoice_pdf=f"{ELSEWHERE}/{invoice_id}.pdf",
            )
        )

    def _mark(self, payment_key: str, status: str) -> None:
        self.invoices = [
            each.model_copy(update={"status": status}) if each.payment_key == payment_key else each
            for each in self.invoices
        ]


# ---------------------------------------------------------------------- the standings


def in_service() -> Life:
    """Paid, renews; nothing to do."""
    return Life().open().after(days=76)


def just_paid() -> Life:
    """A renewal was paid today."""
    return Life().open().after(days=61, hours=3)


def no_carts() -> Life:
    """In service without carts: nothing is called paid."""
    return Life().open(carts=0).after(days=40)


def carts_changed() -> Life:
    """Three carts are paid, seven come."""
    return in_service().send(SetCarts(carts=7))


def card_expires() -> Life:
    """The card expires before the next payment."""
    return Life(method=EXPIRING).open().after(days=46)


def price_changed() -> Life:
    """Support has changed the price, from the next payment on."""
    return in_service().send(ChangePlan(plan=Plan(currency="eur", unit_amount=2900)), SUPPORT)


def renewing() -> Life:
    """The renewal is being collected."""
    return Life().open().with_card("waits").after(days=30, hours=1, seconds=5)


def renewal_clearing() -> Life:
    """The renewal is on its way from a bank account."""
    bank = PaymentMethodView(brand="STRIPE TEST BANK", last4="6789")
    return Life(method=bank).open().with_card("bank").after(days=31)


def cancelled() -> Life:
    """Works to the term's end."""
    return in_service().send(Cancel(feedback="too_expensive"))


def stopped_now() -> Life:
    """Stopped at once; coming back is free."""
    return in_service().send(Cancel(when="now"))


def lapsed() -> Life:
    """Cancelled, and the term is over: coming back costs a month."""
    return cancelled().after(days=60)


def lapsed_without_card() -> Life:
    """The same without a card on file."""
    return lapsed().with_card("none")


def declined() -> Life:
    """Coming back was declined: nothing was charged."""
    return lapsed().with_card("insufficient_funds").send(Reactivate())


def paying() -> Life:
    """Coming back is being collected."""
    return lapsed().with_card("waits").send(Reactivate())


def to_confirm() -> Life:
    """Coming back waits for the bank's confirmation."""
    return lapsed().with_card("confirm").send(Reactivate())


def clearing() -> Life:
    """Coming back is on its way from a bank account."""
    return lapsed().with_card("bank").send(Reactivate())


def back_again() -> Life:
    """Came back today."""
    return lapsed().send(Reactivate()).after(minutes=2)


def past_due() -> Life:
    """The renewal was declined: four tries, and the day when the shop stops."""
    return Life().open().with_card("insufficient_funds").after(days=30, hours=2)


def past_due_last_try() -> Life:
    """One try is left."""
    return past_due().after(days=6)


def past_due_lost_card() -> Life:
    """The bank refuses the card for good; the reason is not told."""
    return Life().open().with_card("lost_card").after(days=30, hours=2)


def past_due_to_confirm() -> Life:
    """The renewal waits for the bank's confirmation."""
    return Life().open().with_card("confirm").after(days=30, hours=2)


def past_due_our_fault() -> Life:
    """The renewal is delayed on our side: there is nothing to do."""
    return Life().open().with_card("stopped").after(days=30, hours=2)


def past_due_no_card() -> Life:
    """There is no card."""
    return Life().open().with_card("none").after(days=30, hours=2)


def renewal_failed() -> Life:
    """All tries have failed; the invoice is void."""
    return past_due().after(days=10)


def debt_kept() -> Life:
    """All tries have failed, and what is unpaid is kept (policy `debt: collect`)."""
    life = Life().open(policy=BillingPolicy(debt="collect")).with_card("insufficient_funds")
    return life.after(days=45)


def first_payment_failed() -> Life:
    """The first payment was declined."""
    return Life(card="expired_card").open().after(hours=1)


def first_payment_our_fault() -> Life:
    """The first payment is delayed on our side."""
    return Life(card="stopped").open().after(minutes=20)


def held_by_support() -> Life:
    """Support has taken it out of service."""
    return in_service().send(Disable(reason="chargeback"), SUPPORT)


def closed() -> Life:
    """Closed for good."""
    return in_service().send(Close(), SUPPORT)


def in_yen() -> Life:
    """Yen, and Tokyo's clock."""
    return Life().open(plan=Plan(currency="jpy", unit_amount=500), carts=4, timezone="Asia/Tokyo").after(days=76)


def stripe_away() -> Life:
    """Stripe does not answer: the card cannot be shown."""
    return in_service()


LIVES: Final[dict[str, Callable[[], Life]]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        in_service,
        just_paid,
        no_carts,
        carts_changed,
        card_expires,
        price_changed,
        renewing,
        renewal_clearing,
        cancelled,
        stopped_now,
        lapsed,
        lapsed_without_card,
        declined,
        paying,
        to_confirm,
        clearing,
        back_again,
        past_due,
        past_due_last_try,
        past_due_lost_card,
        past_due_to_confirm,
        past_due_our_fault,
        past_due_no_card,
        renewal_failed,
        debt_kept,
        first_payment_failed,
        first_payment_our_fault,
        held_by_support,
        closed,
        in_yen,
        stripe_away,
    )
}
"""Every standing, by its name in an address."""


@cache
def life_of(name: str) -> Life:
    """Return the life that leads to a standing; lived once."""
    return LIVES[name]()


def situation_of(name: str) -> Situation:
    """Return a standing."""
    life = life_of(name)
    if name == "stripe-away":
        return Situation(life.account, life.now, AtStripe(is_known=False))
    return life.situation
