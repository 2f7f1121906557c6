"""One payer at Stripe, and the payments that the activities make for it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from temporalio.testing import ActivityEnvironment

from reprise.activities import names
from reprise.activities.payments import StripePayments
from reprise.activities.stripe_client import stripe_client
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import CustomerRegistered, PaymentMethodChanged, PaymentOutcome
from reprise.statemachine.payments import Payment, PaymentPurpose, PaymentStatus, payment_key
from reprise.statemachine.quotes import Debt, upfront_quote
from reprise.statemachine.terms import nth_term
from reprise.statemachine.timeline import TIMER
from tests.activities.one_payment import attempt
from tests.stripe_side import StripeSide

START = datetime(2027, 1, 31, 10, tzinfo=UTC)


class Payer:
    """An account as the activities see it."""

    def __init__(self, stripe: StripeSide) -> None:
        self.stripe = stripe
        self.account_id = f"acct-{uuid.uuid4().hex[:12]}"
        self.customer_id = ""

    async def register(self, payment_method: str | None = "pm_card_visa") -> CustomerRegistered:
        asked = names.RegisterCustomerInput(
            account_id=self.account_id, email=f"{self.account_id}@example.com", payment_method=payment_method
        )
        registered: CustomerRegistered = await self.run("register_customer", asked)
        self.customer_id = registered.customer_id
        return registered

    async def card(self, payment_method: str) -> PaymentMethodChanged:
        changed: PaymentMethodChanged = await self.run(
            "change_payment_method",
            names.ChangePaymentMethodInput(
                account_id=self.account_id,
                customer_id=self.customer_id,
                payment_method=payment_method,
                request=uuid.uuid4().hex,
            ),
        )
        return changed

    def asked(
        self,
        n: int = 1,
        *,
        attempt: int = 1,
        plan: Plan | None = None,
        carts: int = 3,
        purpose: PaymentPurpose = PaymentPurpose.REACTIVATION,
        debt: Debt | None = None,
    ) -> names.CollectInput:
        plan = plan or Plan(currency="usd", unit_amount=2500)
        payment = Payment(
            key=payment_key(self.account_id, n),
            purpose=purpose,
            quote=upfront_quote(plan, carts, nth_term(START, 0, "UTC"), debt),
            asked_by=TIMER,
            status=PaymentStatus.COLLECTING,
            attempt=attempt,
            started_at=START,
        )
        return names.CollectInput(account_id=self.account_id, customer_id=self.customer_id, payment=payment)

    async def collect(self, asked: names.CollectInput | None = None, **settings: Any) -> PaymentOutcome:
        return await attempt(self.stripe.settings(**settings), asked or self.asked())

    def invoice(self, n: int = 1) -> names.InvoiceInput:
        return names.InvoiceInput(
            account_id=self.account_id,
            customer_id=self.customer_id,
            payment_key=payment_key(self.account_id, n),
            invoice_id=None,
        )

    async def run(self, activity: str, asked: Any, **settings: Any) -> Any:
        async with stripe_client(self.stripe.settings(**settings)) as client:
            return await ActivityEnvironment().run(getattr(StripePayments(client), activity), asked)

    def paid_exactly_once(self, amount: int = 7500) -> None:
        """Stripe's side has one invoice, one line and one charge for this account."""
        invoices = self.stripe.invoices(self.account_id)
        assert [each["status"] for each in invoices] == ["paid"]
        assert [line["amount"] for line in invoices[0]["lines"]["data"]] == [amount]
        assert self.stripe.charged(self.account_id) == [amount]
