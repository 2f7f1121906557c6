"""One payment as one Stripe invoice: found by its key, built line by line, checked, finalized, paid (R8).

Every step looks before it acts, so that the whole can be run again from any point, any number of times, after any
length of time: Stripe forgets idempotency keys after 24 hours.
"""

from decimal import Decimal
from typing import Any

import stripe

from reprise.activities.stripe_client import code_of, decline_code_of, is_passing, metadata_of, sentence_of
from reprise.statemachine.outcomes import Declined, NoPaymentMethod, Paid, PaymentOutcome, RequiresAction, Stopped
from reprise.statemachine.payments import Payment, PaymentPurpose
from reprise.statemachine.quotes import QuoteLine

A_LOOK = 20
"""How many invoices one look at the latest asks for: an account's newest payments are among them."""

_UNPAID = ("draft", "open", "uncollectible")

_WITH_INTENT = ["payments.data.payment.payment_intent"]


class Invoicing:
    """The invoices of one account at Stripe."""

    def __init__(self, client: stripe.StripeClient, account_id: str, customer_id: str) -> None:
        """Take the client and whose invoices these are."""
        self._stripe = client.v1
        self._account_id = account_id
        self._customer_id = customer_id

    # ------------------------------------------------------------------ looking

    async def find(self, payment_key: str) -> stripe.Invoice | None:
        """Return the invoice of a payment: by list, which is read-after-write, not by search, which is not.

        Payments are made one after another, and Stripe lists the newest invoice first. So it takes no more looking once
        a whole page has been seen that holds an earlier payment's: an account of many years costs what a new one does.
        """
        page = await self._stripe.invoices.list_async({"customer": self._customer_id, "limit": A_LOOK})
        while True:
            ours = [each for each in page.data if _account_of(each) == self._account_id]
            if found := next((each for each in ours if _key_of(each) == payment_key), None):
                return found
            earlier = any(0 < _number(_key_of(each)) < _number(payment_key) for each in ours)
            if earlier or not page.has_more:
                return None
            page = await page.next_page_async()

    async def default_payment_method(self) -> str | None:
        """Return the customer's default payment method for invoices."""
        customer = await self._stripe.customers.retrieve_async(self._customer_id)
        method = customer.invoice_settings.default_payment_method if customer.invoice_settings else None
        return method if method is None or isinstance(method, str) else method.id

    # ------------------------------------------------------------------ collecting

    async def collect(self, payment: Payment) -> PaymentOutcome:
        """Make one attempt of a payment, or find out how it went.

        Raises:
            stripe.StripeError: The outcome is not known (`is_passing`), or Stripe refused the request itself.
        """
        invoice = await self.find(payment.key)
        if payment.purpose is not PaymentPurpose.RENEWAL and _number(payment.key) > 1:
            await self._clear_old_debt(payment.key)
        if invoice is None:
            invoice = await self._create(payment)
        if invoice.status == "draft":
            await self._complete_lines(invoice.id, payment)
            invoice = await self._stripe.invoices.retrieve_async(invoice.id)
            if wrong := _what_is_wrong(invoice, payment):
                return Stopped(payment_key=payment.key, invoice_id=invoice.id, reason=wrong)
            invoice = await self._finalize(invoice.id, payment)
        if wrong := _what_is_wrong(invoice, payment):
            return Stopped(payment_key=payment.key, invoice_id=invoice.id, reason=wrong)
        if invoice.status == "paid":
            return Paid(payment_key=payment.key, invoice_id=invoice.id)
        if invoice.status != "open":
            return Declined(payment_key=payment.key, invoice_id=invoice.id, code=f"invoice_{invoice.status}")
        return await self._pay(invoice, payment)

    async def _create(self, payment: Payment) -> stripe.Invoice:
        return await self._stripe.invoices.create_async(
            {
                "customer": self._customer_id,
                "currency": payment.quote.currency,
                "auto_advance": False,
                "collection_method": "charge_automatically",
                "pending_invoice_items_behavior": "exclude",
                "metadata": {"account_id": self._account_id, "payment_key": payment.key},
            },
            {"idempotency_key": f"create:{payment.key}"},
        )

    async def _complete_lines(self, invoice_id: str, payment: Payment) -> None:
        """Add the lines that are not there yet: a second one after 24 hours would double the sum."""
        lines = await self._stripe.invoices.line_items.list_async(invoice_id, {"limit": 100})
        there = {metadata_of(each).get("line") async for each in lines.auto_paging_iter()}
        for number, line in enumerate(payment.quote.lines):
            if str(number) not in there:
                await self._add_line(invoice_id, payment, number, line)

    async def _add_line(self, invoice_id: str, payment: Payment, number: int, line: QuoteLine) -> None:
        await self._stripe.invoice_items.create_async(
            {
                "customer": self._customer_id,
                "invoice": invoice_id,
                "currency": payment.quote.currency,
                "quantity": line.quantity,
                "unit_amount_decimal": Decimal(line.unit_amount),
                "description": line.description,
                "period": {"start": int(line.period.start.timestamp()), "end": int(line.period.end.timestamp())},
                "metadata": {"payment_key": payment.key, "line": str(number)},
            },
            {"idempotency_key": f"line:{payment.key}:{number}"},
        )

    async def _finalize(self, invoice_id: str, payment: Payment) -> stripe.Invoice:
        return await self._stripe.invoices.finalize_invoice_async(
            invoice_id, {"auto_advance": False}, {"idempotency_key": f"finalize:{payment.key}"}
        )

    async def _pay(self, invoice: stripe.Invoice, payment: Payment) -> PaymentOutcome:
        """Move the money: the only call that does."""
        method = await self.default_payment_method()
        known = {"payment_key": payment.key, "invoice_id": invoice.id, "payment_method": method}
        if method is None:
            return NoPaymentMethod(**known)
        try:
            paid = await self._stripe.invoices.pay_async(
                invoice.id,
                {"off_session": True},
                {"idempotency_key": f"pay:{payment.key}:{payment.attempt}"},
            )
        except stripe.StripeError as error:
            if is_passing(error) or error.http_status in {401, 403}:
                raise
            return await self._after_refusal(invoice.id, error, known)
        if paid.status == "paid":
            return Paid(**known)
        return Stopped(**known, reason=f"Stripe answered the payment with an invoice that is {paid.status}.")

    async def _after_refusal(self, invoice_id: str, error: stripe.StripeError, known: dict[str, Any]) -> PaymentOutcome:
        """Believe the invoice, not the answer: it may be a saved one, older than what has happened since."""
        invoice = await self._stripe.invoices.retrieve_async(invoice_id, {"expand": _WITH_INTENT})
        if invoice.status == "paid":
            return Paid(**known)
        if invoice.status != "open":
            return Declined(**known, code=f"invoice_{invoice.status}")
        if _intent_status(invoice) == "requires_action" and invoice.hosted_invoice_url:
            return RequiresAction(**known, url=invoice.hosted_invoice_url)
        if isinstance(error, stripe.CardError):
            return Declined(**known, code=decline_code_of(error) or code_of(error) or "card_declined")
        return Stopped(**known, reason=sentence_of(error))

    # ------------------------------------------------------------------ voiding

    async def void(self, invoice: stripe.Invoice) -> stripe.Invoice | None:
        """Make an invoice unpayable: void it, or delete a draft. Return it as it is then; None when deleted.

        A paid one stays paid, also when it was paid while this ran.
        """
        try:
            if invoice.status == "draft":
                await self._stripe.invoices.delete_async(invoice.id)
                return None
            if invoice.status in {"open", "uncollectible"}:
                return await self._stripe.invoices.void_invoice_async(
                    invoice.id, {}, {"idempotency_key": f"void:{invoice.id}"}
                )
        except stripe.InvalidRequestError:
            return await self._stripe.invoices.retrieve_async(invoice.id)
        return invoice

    async def _clear_old_debt(self, payment_key: str) -> None:
        """Void what older payments left unpaid: coming back never collects it, nor leaves it to be paid (R12)."""
        for status in _UNPAID:
            page = await self._stripe.invoices.list_async(
                {"customer": self._customer_id, "status": status, "limit": 100}
            )
            for invoice in [each async for each in page.auto_paging_iter()]:
                if _account_of(invoice) == self._account_id and _key_of(invoice) != payment_key:
                    await self.void(invoice)


def _what_is_wrong(invoice: stripe.Invoice, payment: Payment) -> str | None:
    """Compare an invoice with its quote before anything can be charged; return a sentence if they differ."""
    quote = payment.quote
    if invoice.currency != quote.currency or invoice.total != quote.amount_due:
        return (
            f"Invoice {invoice.id} comes to {invoice.total} {invoice.currency}, but the quote of payment {payment.key}"
            f" to {quote.amount_due} {quote.currency}. Nothing was charged. Void it in Stripe's dashboard."
        )
    if len(invoice.lines.data) != len(quote.lines):
        return f"Invoice {invoice.id} has {len(invoice.lines.data)} lines instead of {len(quote.lines)}."
    return None


def _intent_status(invoice: stripe.Invoice) -> str | None:
    for payment in invoice.payments.data if invoice.payments else []:
        intent = payment.payment.payment_intent
        if isinstance(intent, stripe.PaymentIntent):
            return intent.status
    return None


def _key_of(invoice: stripe.Invoice) -> str | None:
    return metadata_of(invoice).get("payment_key")


def _account_of(invoice: stripe.Invoice) -> str | None:
    return metadata_of(invoice).get("account_id")


def _number(payment_key: str | None) -> int:
    """Return which of its account's payments a key names, from 1 on (R8); 0 if it names none."""
    number = (payment_key or "").rpartition(":")[2]
    return int(number) if number.isdecimal() else 0
