"""One payer at Stripe, and the payments that the activities make for it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from reprise.activities.payments import StripePayments
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    InvoiceObserved,
    InvoiceVoided,
    PaymentMethodChanged,
    PaymentOutcome,
)
from reprise.statemachine.payments import Payment, PaymentPurpose, PaymentStatus, payment_key
from reprise.statemachine.quotes import Debt, upfront_quote
from reprise.statemachine.terms import nth_term
from reprise.statemachine.timeline import TIMER
from reprise.stripe_api import inputs
from reprise.stripe_api.client import stripe_client
from tests.activities.one_payment import attempt, environment_of
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide

START = datetime(2027, 1, 31, 10, tzinfo=UTC)
USD = Plan(currency="usd", unit_amount=2500)
CREATING = ("POST", "/v1/invoices")
_AUTH = {"Authorization": "Bearer sk_test_reprise"}


class Payer:
    """An account as the activities see it. `life` None: as accounts of 0.1.0 are."""

    def __init__(self, stripe: StripeSide, life: str | None = "life-1", account_id: str | None = None) -> None:
        self.stripe = stripe
        self.account_id = account_id or f"acct-{uuid.uuid4().hex[:12]}"
        self.life = life
        self.customer_id = ""
        self.email: str | None = f"{self.account_id}@example.com"

    @property
    def whose(self) -> dict[str, Any]:
        return {"account_id": self.account_id, "customer_id": self.customer_id, "life": self.life, "email": self.email}

    def key(self, n: int = 1) -> str:
        return payment_key(self.account_id, n)

    # ------------------------------------------------------------------ acts

    async def register(self, payment_method: str | None = "pm_card_visa", **settings: Any) -> CustomerRegistered:
        asked = inputs.RegisterCustomerInput(
            account_id=self.account_id, life=self.life, email=self.email, payment_method=payment_method
        )
        registered = await self.run("register_customer", asked, **settings)
        assert isinstance(registered, CustomerRegistered)
        self.customer_id = registered.customer_id
        return registered

    async def card(self, payment_method: str, **settings: Any) -> PaymentMethodChanged:
        asked = inputs.ChangePaymentMethodInput(
            **self.whose, payment_method=payment_method, request=settings.pop("request", uuid.uuid4().hex)
        )
        changed: PaymentMethodChanged = await self.run("change_payment_method", asked, **settings)
        return changed

    def asked(
        self,
        n: int = 1,
        *,
        attempt: int = 1,
        plan: Plan = USD,
        carts: int = 3,
        purpose: PaymentPurpose = PaymentPurpose.REACTIVATION,
        debts: tuple[Debt, ...] = (),
        known_from: int | None = 1,
        paid: tuple[int, ...] = (),
        not_known: bool = False,
        payment_methods: tuple[str, ...] = ("card",),
    ) -> inputs.CollectInput:
        payment = Payment(
            key=self.key(n),
            purpose=purpose,
            quote=upfront_quote(plan, carts, nth_term(START, 0, "UTC"), debts),
            asked_by=TIMER,
            status=PaymentStatus.COLLECTING,
            attempt=attempt,
            started_at=START,
            not_known_since=START if not_known else None,
        )
        return inputs.CollectInput(
            **self.whose,
            payment=payment,
            payment_methods=payment_methods,
            known_from=known_from,
            paid_keys=tuple(self.key(each) for each in paid),
        )

    async def collect(
        self, asked: inputs.CollectInput | None = None, *, try_number: int = 1, seconds: float = 60, **settings: Any
    ) -> PaymentOutcome:
        return await attempt(self.stripe.settings(**settings), asked or self.asked(), try_number, seconds)

    def invoice(
        self, n: int | None = 1, *, known_from: int | None = 1, paid: tuple[int, ...] = ()
    ) -> inputs.InvoiceInput:
        return inputs.InvoiceInput(
            **self.whose,
            payment_key=None if n is None else self.key(n),
            invoice_id=None,
            known_from=known_from,
            paid_keys=tuple(self.key(each) for each in paid),
        )

    async def look(self, n: int | None = 1, *, paid: tuple[int, ...] = (), **settings: Any) -> InvoiceObserved:
        observed: InvoiceObserved = await self.run("retrieve_invoice", self.invoice(n, paid=paid), **settings)
        return observed

    async def void(self, n: int = 1, **settings: Any) -> InvoiceVoided:
        voided: InvoiceVoided = await self.run("void_invoice", self.invoice(n), **settings)
        return voided

    async def run(self, activity: str, asked: Any, *, try_number: int = 1, **settings: Any) -> Any:
        async with stripe_client(self.stripe.settings(**settings)) as client:
            return await environment_of(try_number).run(getattr(StripePayments(client), activity), asked)

    # ------------------------------------------------------------------ by hand, as in Stripe's dashboard

    async def by_hand(self, method: str, path: str, **fields: str) -> dict[str, Any]:
        async with plain_client(base_url=self.stripe.url, headers=_AUTH) as dashboard:
            answer = await dashboard.request(method, f"/v1/{path}", data=fields or None)
            answer.raise_for_status()
            return dict(answer.json())

    def marks(self, n: int = 1) -> dict[str, str]:
        """What the invoices of a payment bear."""
        return {"account_id": self.account_id, "life": self.life or "", "payment_key": self.key(n)}

    async def draft(self, n: int = 1, **fields: str) -> str:
        """Make a draft that carries the marks of a payment, beside what there is of it; return its id."""
        marked = {f"metadata[{name}]": value for name, value in self.marks(n).items()}
        made = await self.by_hand(
            "POST", "invoices", customer=self.customer_id, auto_advance="false", **marked, **fields
        )
        return str(made["id"])

    async def owes(self, amount: int, currency: str = "usd") -> None:
        """Put an amount on the customer's balance; below zero it is credit."""
        await self.by_hand(
            "POST", f"customers/{self.customer_id}/balance_transactions", amount=str(amount), currency=currency
        )

    def intent(self, n: int = 1) -> str:
        """Return the payment intent of a payment's newest invoice."""
        invoice = self.stripe.dump("invoices", metadata=f"payment_key:{self.key(n)}")["invoices"][-1]
        tied = self.stripe.dump("invoice_payments", owners=[invoice["id"]])["invoice_payments"]
        return str(tied[-1]["payment"]["payment_intent"])

    # ------------------------------------------------------------------ what must be so

    def statuses(self) -> list[str]:
        """Return how the account's invoices stand, the oldest first."""
        return [each["status"] for each in self.stripe.invoices(self.account_id)]

    def charged(self) -> list[int]:
        return self.stripe.charged(self.account_id)

    def calls_since(self, before: int) -> list[str]:
        return [f"{each['method']} {each['path']}" for each in self.stripe.requests(before)]

    def creations_since(self, before: int) -> list[str]:
        """Return how the idempotency keys end under which invoices were made: how many the payment had before."""
        made = [each for each in self.stripe.requests(before) if (each["method"], each["path"]) == CREATING]
        return [each["key"].split(f":{self.customer_id}:")[1] for each in made]

    def paid_exactly_once(self, amount: int = 7500) -> None:
        """Stripe's side has one invoice, one line and one charge for this account."""
        invoices = self.stripe.invoices(self.account_id)
        assert [each["status"] for each in invoices] == ["paid"]
        assert [line["amount"] for line in invoices[0]["lines"]["data"]] == [amount]
        assert self.charged() == [amount]
