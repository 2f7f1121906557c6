"""The activities that speak to Stripe. One activity is one act of the core, safe to run again from any point (R8)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.activities import names
from reprise.activities.invoicing import Invoicing
from reprise.activities.stripe_client import code_of, decline_code_of, is_passing, metadata_of, sentence_of
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    PaymentMethodChanged,
    PaymentOutcome,
    Stopped,
)

MARGIN = 2.0
"""Seconds before its time-out at which a try stops by itself, so that it never acts beside the next one."""

_INVOICE_STATES = {
    "draft": InvoiceState.OPEN,
    "open": InvoiceState.OPEN,
    "uncollectible": InvoiceState.OPEN,
    "paid": InvoiceState.PAID,
    "void": InvoiceState.VOID,
}


class StripePayments:
    """Payments through Stripe, for the worker."""

    def __init__(self, client: stripe.StripeClient) -> None:
        """Take the client that every activity uses."""
        self._client = client

    @activity.defn(name=names.REGISTER_CUSTOMER)
    async def register_customer(self, asked: names.RegisterCustomerInput) -> CustomerRegistered:
        """Find or make the account's customer at Stripe, and give it its first payment method.

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `stripe_refused` (not).
        """
        async with _asking():
            customer = await self._find_customer(asked) or await self._client.v1.customers.create_async(
                {"email": asked.email or "", "metadata": {"account_id": asked.account_id}},
                {"idempotency_key": f"customer:{asked.account_id}"},
            )
            settings = customer.invoice_settings
            default = settings.default_payment_method if settings else None
            if default is not None or asked.payment_method is None:
                return CustomerRegistered(customer_id=customer.id, payment_method=_id(default))
            changed = await self._make_default(
                customer.id, asked.payment_method, f"{asked.account_id}:{asked.payment_method}"
            )
            return CustomerRegistered(
                customer_id=customer.id, payment_method=changed.payment_method, refused=changed.refused
            )

    async def _find_customer(self, asked: names.RegisterCustomerInput) -> stripe.Customer | None:
        if asked.email is None:
            return None
        page = await self._client.v1.customers.list_async({"email": asked.email, "limit": 100})
        async for customer in page.auto_paging_iter():
            if metadata_of(customer).get("account_id") == asked.account_id:
                return customer
        return None

    @activity.defn(name=names.CHANGE_PAYMENT_METHOD)
    async def change_payment_method(self, asked: names.ChangePaymentMethodInput) -> PaymentMethodChanged:
        """Attach a payment method and make it the default for invoices. A refusal is a value.

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `stripe_refused` (not).
        """
        async with _asking():
            return await self._make_default(
                asked.customer_id, asked.payment_method, f"{asked.account_id}:{asked.request}"
            )

    async def _make_default(self, customer: str, payment_method: str, key: str) -> PaymentMethodChanged:
        try:
            attached = await self._client.v1.payment_methods.attach_async(
                payment_method, {"customer": customer}, {"idempotency_key": f"attach:{key}"}
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            if is_passing(error):
                raise
            refused = decline_code_of(error) or code_of(error) or "resource_missing"
            return PaymentMethodChanged(refused=refused, message=sentence_of(error))
        await self._client.v1.customers.update_async(
            customer,
            {"invoice_settings": {"default_payment_method": attached.id}},
            {"idempotency_key": f"default:{key}"},
        )
        return PaymentMethodChanged(payment_method=attached.id)

    @activity.defn(name=names.COLLECT)
    async def collect(self, asked: names.CollectInput) -> PaymentOutcome:
        """Make one attempt of a payment and say how it turned out (R8). Declines are values, not errors.

        Raises:
            ApplicationError: `stripe_unavailable`: the outcome is not known; the same attempt is made again.
        """
        async with _asking():
            try:
                outcome = await self._invoicing(asked).collect(asked.payment)
            except stripe.StripeError as error:
                if is_passing(error):
                    raise
                outcome = Stopped(payment_key=asked.payment.key, reason=sentence_of(error))
        activity.logger.info("payment %s, attempt %s: %s", asked.payment.key, asked.payment.attempt, outcome.kind)
        return outcome

    @activity.defn(name=names.LOOK_AT_INVOICE)
    async def look_at_invoice(self, asked: names.InvoiceInput) -> InvoiceObserved:
        """See what Stripe says of a payment, and which payment method is the default now (R15).

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `stripe_refused` (not).
        """
        async with _asking():
            invoicing = self._invoicing(asked)
            invoice = await invoicing.find(asked.payment_key)
            return InvoiceObserved(
                payment_key=asked.payment_key,
                invoice_id=invoice.id if invoice else None,
                invoice=_state(invoice),
                payment_method=await invoicing.default_payment_method(),
            )

    @activity.defn(name=names.VOID_INVOICE)
    async def void_invoice(self, asked: names.InvoiceInput) -> InvoiceVoided:
        """Void a payment's invoice; a paid one stays paid, and the answer says so.

        Raises:
            ApplicationError: `stripe_unavailable` (retried), `stripe_refused` (not).
        """
        async with _asking():
            invoicing = self._invoicing(asked)
            invoice = await invoicing.find(asked.payment_key)
            after = await invoicing.void(invoice) if invoice else None
            return InvoiceVoided(
                payment_key=asked.payment_key, invoice_id=invoice.id if invoice else None, invoice=_state(after)
            )

    def _invoicing(self, asked: names.CollectInput | names.InvoiceInput) -> Invoicing:
        return Invoicing(self._client, asked.account_id, asked.customer_id)


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """Bound a try by its own time-out, and turn Stripe's errors into ones that Temporal retries, or does not.

    A process that was stopped for longer than its time-out goes no further when it wakes: by then another try runs.
    """
    limit = activity.info().start_to_close_timeout
    try:
        async with asyncio.timeout(max(limit.total_seconds() - MARGIN, MARGIN) if limit else None):
            yield
    except TimeoutError as error:
        raise ApplicationError("Stripe did not answer in time.", type="stripe_unavailable") from error
    except stripe.StripeError as error:
        if is_passing(error):
            message = (
                f"Stripe cannot be reached or is failing ({type(error).__name__}, {error.http_status or 'no answer'})."
            )
            raise ApplicationError(message, type="stripe_unavailable") from error
        raise ApplicationError(sentence_of(error), type="stripe_refused", non_retryable=True) from error


def _state(invoice: stripe.Invoice | None) -> InvoiceState:
    return _INVOICE_STATES[invoice.status or "open"] if invoice else InvoiceState.MISSING


def _id(reference: str | stripe.PaymentMethod | None) -> str | None:
    return reference if reference is None or isinstance(reference, str) else reference.id
