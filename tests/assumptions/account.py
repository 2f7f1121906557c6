"""The Stripe account that assumptions are tried on; what a test makes there is cleared away after it."""

import contextlib
import os
import re
from collections.abc import Iterable
from typing import Any

import stripe

from reprise.settings import StripeSettings

TEST_KEY = re.compile(r"(sk|rk)_test_\w+")


class WrongKeyError(Exception):
    """The key is none that assumptions may be tried with. Its words are for people."""


def settings_of_stripe() -> StripeSettings:
    """Return how to reach Stripe, by the environment.

    Raises:
        WrongKeyError: There is no key, or it is not one of Stripe's test mode.
    """
    key = os.environ.get("STRIPE_API_KEY", "")
    if not key:
        raise WrongKeyError("Give the key of a Stripe test account: STRIPE_API_KEY=sk_test_… make stripe")
    if not TEST_KEY.fullmatch(key):
        raise WrongKeyError(
            "STRIPE_API_KEY is not a test key. Assumptions are tried with sk_test_… only: never with live keys."
        )
    return StripeSettings()


class Account:
    """Stripe, as one test sees it. Nothing here, nor in a test, asks whether it is Stripe or the sandbox."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client
        self.v1 = client.v1
        self._customers: list[str] = []
        self._coupons: list[str] = []

    async def customer(self, card: str | None = "pm_card_visa", **params: Any) -> stripe.Customer:
        """Make a customer; `card` is its default payment method."""
        made = await self.v1.customers.create_async({"email": "assumptions@example.com", **params})  # type: ignore[arg-type]
        self._customers.append(made.id)
        if card is not None:
            await self.default_card(made.id, card)
        return made

    def clear_later(self, customer: str) -> None:
        """Let a customer that a test has made by itself be cleared away after it."""
        self._customers.append(customer)

    async def default_card(self, customer: str, card: str) -> str:
        """Attach a card and make it the default for invoices; return its id."""
        method = await self.v1.payment_methods.attach_async(card, {"customer": customer})
        await self.v1.customers.update_async(customer, {"invoice_settings": {"default_payment_method": method.id}})
        return method.id

    async def bank_account(self, customer: str, account: str) -> str:
        """Let a customer agree to debits of a bank account; return the payment method's id.

        Where Stripe asks for microdeposits, it takes these amounts (docs.stripe.com/payments/ach-direct-debit).
        """
        agreed: Any = {
            "customer": customer,
            "payment_method": account,
            "allowed_payment_method_types": ["us_bank_account"],
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
            "confirm": True,
        }
        setup = await self.v1.setup_intents.create_async(agreed)
        if setup.status == "requires_action":
            setup = await self.v1.setup_intents.verify_microdeposits_async(setup.id, {"amounts": [32, 45]})
        return str(setup.payment_method)

    async def coupon(self, **params: Any) -> str:
        """Make a coupon; return its id."""
        made = await self.v1.coupons.create_async({"duration": "forever", **params})  # type: ignore[arg-type]
        self._coupons.append(made.id)
        return made.id

    async def draft(self, customer: str, amount: int = 7500, currency: str = "usd", **params: Any) -> stripe.Invoice:
        """Make a draft invoice with one line, in the way that Reprise does; return it as it was without that line."""
        made = await self.v1.invoices.create_async(
            {"customer": customer, "currency": currency, "auto_advance": False, **params}  # type: ignore[arg-type]
        )
        await self.v1.invoice_items.create_async(
            {"customer": customer, "invoice": made.id, "currency": currency, "amount": amount}
        )
        return made

    async def finalized(
        self, customer: str, amount: int = 7500, currency: str = "usd", **params: Any
    ) -> stripe.Invoice:
        """Make an invoice with one line, and finalize it."""
        draft = await self.draft(customer, amount, currency, **params)
        return await self.v1.invoices.finalize_invoice_async(draft.id, {"auto_advance": False})

    async def intent_of(self, invoice: str) -> stripe.PaymentIntent:
        """Return the payment intent of an invoice."""
        seen = await self.v1.invoices.retrieve_async(invoice, {"expand": ["payments.data.payment.payment_intent"]})
        assert seen.payments is not None
        intent = seen.payments.data[0].payment.payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        return intent

    async def charges(self, customer: str) -> list[stripe.Charge]:
        """Return the charges of a customer that moved money or may yet."""
        listed = await self.v1.charges.list_async({"customer": customer, "limit": 100})
        return [each for each in listed.data if each.status != "failed"]

    async def balance(self, customer: str) -> int | None:
        """Return a customer's balance."""
        return (await self.v1.customers.retrieve_async(customer)).balance

    # ------------------------------------------------------------------ clearing away

    async def clear(self) -> None:
        """Delete what can be deleted, and void what cannot. Paid invoices stay; Stripe keeps those for good."""
        for customer in self._customers:
            await self._clear_customer(customer)
        for coupon in self._coupons:
            with contextlib.suppress(stripe.InvalidRequestError):
                await self.v1.coupons.delete_async(coupon)

    async def _clear_customer(self, customer: str) -> None:
        with contextlib.suppress(stripe.InvalidRequestError):
            pending = await self.v1.invoice_items.list_async({"customer": customer, "pending": True, "limit": 100})
            for item in pending.data:
                await self.v1.invoice_items.delete_async(item.id)
        listed = await self.v1.invoices.list_async({"customer": customer, "limit": 100})
        for invoice in listed.data:
            with contextlib.suppress(stripe.InvalidRequestError):
                if invoice.status == "draft":
                    await self.v1.invoices.delete_async(invoice.id)
                elif invoice.status in {"open", "uncollectible"}:
                    await self.v1.invoices.void_invoice_async(invoice.id)
        with contextlib.suppress(stripe.InvalidRequestError):
            await self.v1.customers.delete_async(customer)


def replayed(answer: stripe.StripeObject | stripe.StripeError) -> bool:
    """Say whether an answer was a saved one."""
    if isinstance(answer, stripe.StripeError):
        return _named("idempotent-replayed", answer.headers or {}) == "true"
    assert answer.last_response is not None
    return _named("idempotent-replayed", answer.last_response.headers) == "true"


def _named(name: str, headers: Any) -> str | None:
    pairs: Iterable[tuple[str, str]] = headers.items()
    return next((value for key, value in pairs if key.lower() == name), None)
