"""A company with accounts in every standing, and what can go wrong between them and Stripe, done at Stripe's side."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import stripe
from temporalio.client import Client

from reprise.accounts.client import Accounts
from reprise.client import AsyncClient, PaymentDeclined, ReconciliationView
from reprise.local.clock import AccountClock
from reprise.statemachine.account import Account
from reprise.workflows.messages import PaymentHint
from tests.stripe_objects import marked_invoice
from tests.stripe_side import Json, StripeSide
from tests.waiting import until


class Company:
    """Accounts over HTTP, and Stripe as its dashboard shows it."""

    def __init__(self, api: AsyncClient, temporal: Client, side: StripeSide, client: stripe.StripeClient) -> None:
        self.api, self.side, self.stripe = api, side, client.v1
        self.temporal = temporal
        self.accounts = Accounts(temporal)

    # ------------------------------------------------------------------ accounts

    async def open(self, **changes: Any) -> str:
        """Open an account: three carts at 25.00 USD with a good card, unless the test says otherwise."""
        account_id = f"shop-{uuid.uuid4().hex[:12]}"
        asked: dict[str, Any] = {
            "email": f"{account_id}@example.com",
            "carts": 3,
            "plan": {"currency": "usd", "unit_amount": 2500},
            "payment_method": "pm_card_visa",
            **changes,
        }
        await self.api.open_account(account_id, **asked)
        return account_id

    async def record(self, account_id: str) -> Account:
        account = (await self.accounts.record(account_id)).run.account
        assert account is not None
        return account

    async def pass_time(self, account_id: str, **time: float) -> None:
        """Let time pass for one account, from deadline to deadline."""
        clock = AccountClock(self.temporal, account_id)
        async for _ in clock.move((await clock.look()).now + timedelta(**time)):
            pass

    async def in_every_standing(self) -> None:
        """Open accounts, and lead each into another standing; nothing differs."""
        await self.open()
        await self.open(carts=0)
        await self.open(paid_through="2097-01-31T10:00:00Z")
        cancelled, ended, closed, refunded = [await self.open() for _ in range(4)]
        await self.api.cancel(cancelled)
        await self.api.cancel(ended, when="now")
        await self.api.close_account(closed)
        bad = self.side.payment_method(decline_code="insufficient_funds")
        await self.open(payment_method=bad)
        back = await self.open(paid_through="2020-01-31T10:00:00Z", payment_method="pm_card_chargeCustomerFail")
        for _ in range(2):
            with pytest.raises(PaymentDeclined):
                await self.api.reactivate(back)
        await self.open(payment_method="pm_card_authenticationRequired")
        policy = {"payment_methods": ["us_bank_account"]}
        await self.open(payment_method="pm_usBankAccount_processing", policy=policy)
        renewed, past_due = await self.open(), await self.open()
        await self.pass_time(renewed, days=32)
        customer = (await self.record(past_due)).customer_id
        assert customer is not None
        self.side.behave(customer, decline_code="insufficient_funds")
        await self.pass_time(past_due, days=32)
        refund = await self.stripe.refunds.create_async({"charge": await self.charge(refunded), "amount": 100})
        await self.look(refunded, refund.id)
        disabled = await self.open()
        await self.api.disable(disabled, reason="a test")

    async def look(self, account_id: str, refund: str) -> None:
        """Make an account look at a refund, as a webhook of Stripe's does, until it has told it."""
        await self.accounts.hint(account_id, PaymentHint(refund_id=refund))
        await until(lambda: self.record(account_id), lambda it: it.refunds)

    # ------------------------------------------------------------------ Stripe's side

    async def charge(self, account_id: str) -> str:
        customer = (await self.record(account_id)).customer_id
        assert customer is not None
        return (await self.stripe.charges.list_async({"customer": customer})).data[0].id

    async def invoice(
        self, account_id: str, number: int, *, amount: int = 7500, pay: bool = False, customer: str | None = None
    ) -> str:
        """Make an invoice that bears an account's marks; for an account that there is not, give the customer."""
        life = None
        if customer is None:
            account = await self.record(account_id)
            life, customer = account.life, account.customer_id
        assert customer is not None
        marks: Json = {"account_id": account_id, "payment_key": f"{account_id}:{number}"}
        if life is not None:
            marks["life"] = life
        return await marked_invoice(self.stripe, customer, marks, amount=amount, pay=pay)

    # ------------------------------------------------------------------ reconciling

    async def reconciled(self, *, repair: bool = False) -> ReconciliationView:
        """Begin a reconciliation, and wait for its end."""
        begun = await self.api.begin_reconciliation(repair=repair)
        found = await until(
            lambda: self.api.get_reconciliation(begun.id), lambda it: it.status != "running", seconds=60
        )
        assert found.status == "completed"
        return found
