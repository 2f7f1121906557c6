"""The invoices of one account at Stripe: found, made line by line, finalized, voided (R8).

Every step looks before it acts, so that the whole can be run again from any point, any number of times, after any
length of time: Stripe forgets idempotency keys after 24 hours.
"""

from dataclasses import dataclass
from decimal import Decimal

import stripe

from reprise.statemachine.outcomes import InvoiceState
from reprise.statemachine.payments import payment_number
from reprise.statemachine.quotes import QuoteLine
from reprise.stripe_api.client import metadata_of, understood
from reprise.stripe_api.errors import is_transient, message_of
from reprise.stripe_api.idempotency import behind_replays, idempotency_key
from reprise.stripe_api.inputs import CollectInput, PaymentsInput, StripeInput
from reprise.stripe_api.reading import (
    WITH_PAYMENT,
    customer_of,
    intents_of,
    is_ours,
    is_unpaid,
    key_of,
    number_of,
    state_of,
)

PAGE_SIZE = 20
"""How many invoices one page of the latest asks for: an account's newest payments are among them."""


@dataclass(frozen=True)
class Latest:
    """The account's latest invoices, newest first, and their customer, as far as any invoice shows it."""

    invoices: tuple[stripe.Invoice, ...]
    customer: stripe.Customer | None

    def of(self, payment_key: str | None) -> tuple[stripe.Invoice, ...]:
        """Return those of one payment."""
        return tuple(each for each in self.invoices if key_of(each) == payment_key)

    def others(self, payment_key: str | None) -> tuple[stripe.Invoice, ...]:
        """Return those of the other payments, oldest first."""
        return tuple(sorted((each for each in self.invoices if key_of(each) != payment_key), key=number_of))


def unknown_paid(latest: Latest, payment_key: str | None, known: PaymentsInput) -> list[stripe.Invoice]:
    """Return the other payments that are paid at Stripe and not in the record, the oldest first (R22)."""
    return [each for each in unknown(latest, payment_key, known) if each.status == "paid"]


def unknown(latest: Latest, payment_key: str | None, known: PaymentsInput) -> list[stripe.Invoice]:
    """Return the other payments' invoices of which the record does not know that they are paid, the oldest first."""
    since = known.known_from
    if since is None:
        return []
    return [
        each for each in latest.others(payment_key) if number_of(each) >= since and key_of(each) not in known.paid_keys
    ]


@dataclass(frozen=True)
class Voided:
    """How voiding turned out: the invoice as it is now, None if it is deleted; why Stripe refused, if it did."""

    invoice: stripe.Invoice | None
    refusal: str | None = None

    @property
    def state(self) -> InvoiceState:
        """How the invoice stands; a deleted draft is missing."""
        return state_of(self.invoice) if self.invoice else InvoiceState.MISSING

    @property
    def done(self) -> bool:
        """Whether nobody can pay it any more."""
        return self.state in {InvoiceState.VOID, InvoiceState.MISSING}


class Invoices:
    """The invoices of one account's customer at Stripe."""

    def __init__(self, client: stripe.StripeClient, asked: StripeInput, customer_id: str) -> None:
        self._stripe = client.v1
        self._account_id = asked.account_id
        self._life = asked.life
        self._customer_id = customer_id

    # ------------------------------------------------------------------ retrieving

    async def latest(self, payment_key: str | None) -> Latest:
        """Return the account's latest invoices, so many that one payment's are among them wherever they stand.

        By list, which is read-after-write, not by search, which is not. Payments are made one after another, and Stripe
        lists the newest invoice first. So no further page is needed once a page has been seen that holds one of the
        payment that is not void, or an earlier payment's: an account of many years costs what a new one does.

        Args:
            payment_key: The payment that is wanted; None: the latest are enough.

        Raises:
            stripe.StripeError: Stripe refused to list, or does not answer.
        """
        ours: list[stripe.Invoice] = []
        page = await understood(
            self._stripe.invoices.list_async(
                {"customer": self._customer_id, "limit": PAGE_SIZE, "expand": ["data.customer"]}
            )
        )
        customer = next((customer_of(each) for each in page.data), None)
        while True:
            ours += [each for each in page.data if is_ours(each, self._account_id, self._life)]
            if payment_key is None or not page.has_more or self._seen(ours, payment_key):
                return Latest(tuple(ours), customer)
            page = await understood(page.next_page_async())

    def _seen(self, ours: list[stripe.Invoice], payment_key: str) -> bool:
        sought = payment_number(payment_key)
        return any(number_of(each) < sought or (key_of(each) == payment_key and each.status != "void") for each in ours)

    async def read(self, invoice_id: str) -> stripe.Invoice:
        """Return an invoice as it stands now, with its payment and its customer."""
        return await understood(self._stripe.invoices.retrieve_async(invoice_id, {"expand": WITH_PAYMENT}))

    async def believed(self, invoice: stripe.Invoice) -> stripe.Invoice:
        """Return an invoice with all that decides how it stands: one that may be being paid is read again."""
        return await self.read(invoice.id) if invoice.status in {"open", "uncollectible"} else invoice

    async def lines_of(self, invoice: stripe.Invoice) -> list[stripe.InvoiceLineItem]:
        """Return all lines of an invoice, also those beyond the ten that it shows by itself."""
        if not invoice.lines.has_more:
            return list(invoice.lines.data)
        page = await understood(self._stripe.invoices.line_items.list_async(invoice.id, {"limit": 100}))
        return [each async for each in page.auto_paging_iter()]

    # ------------------------------------------------------------------ making

    async def create(self, asked: CollectInput, replaced: int) -> stripe.Invoice:
        """Make the draft of a payment, without lines, and so that nothing at Stripe adds to it or takes off it (R8).

        Returns:
            The draft; or what stands there of the payment, if Stripe has only replayed an older answer.

        Args:
            asked: The payment, and the types of payment method that it may be paid with.
            replaced: How many invoices of the payment are void: another one needs another idempotency key.
        """
        payment = asked.payment
        metadata = {"account_id": self._account_id, "payment_key": payment.key}
        if self._life is not None:
            metadata["life"] = self._life
        params: stripe.params.InvoiceCreateParams = {
            "customer": self._customer_id,
            "currency": payment.quote.currency,
            "auto_advance": False,
            "automatic_tax": {"enabled": False},
            "collection_method": "charge_automatically",
            # Without it the customer's own discount counts (`InvoiceCreateParams.discounts`).
            "discounts": "",
            "pending_invoice_items_behavior": "exclude",
            "payment_settings": {"payment_method_types": list(asked.payment_methods)},
            "metadata": metadata,
            "expand": ["customer"],
        }

        async def send(key: str) -> stripe.Invoice:
            return await understood(self._stripe.invoices.create_async(params, {"idempotency_key": key}))

        async def read(_: stripe.Invoice | None) -> stripe.Invoice | None:
            unpaid = [each for each in (await self.latest(payment.key)).of(payment.key) if each.status != "void"]
            return await self.believed(unpaid[0]) if unpaid else None

        of_customer = (self._customer_id,) if self._life is not None else ()
        of_replacement = (str(replaced),) if replaced or of_customer else ()
        return await behind_replays(send, self._key("create", payment.key, *of_customer, *of_replacement), read)

    async def complete(self, invoice: stripe.Invoice, asked: CollectInput) -> stripe.Invoice:
        """Add the lines that a draft lacks, and return it as it is then. A line added twice would double the sum."""
        there = {metadata_of(each).get("line") for each in await self.lines_of(invoice)}
        for number, line in enumerate(asked.payment.quote.lines):
            if str(number) not in there:
                await self._add_line(invoice, asked, number, line)
        return await self.read(invoice.id)

    async def _add_line(self, invoice: stripe.Invoice, asked: CollectInput, number: int, line: QuoteLine) -> None:
        payment_key = asked.payment.key
        params: stripe.params.InvoiceItemCreateParams = {
            "customer": self._customer_id,
            "invoice": invoice.id,
            "currency": asked.payment.quote.currency,
            "quantity": line.quantity,
            "unit_amount_decimal": Decimal(line.unit_amount),
            "description": line.description,
            "period": {"start": int(line.period.start.timestamp()), "end": int(line.period.end.timestamp())},
            "metadata": {"payment_key": payment_key, "line": str(number)},
        }

        async def send(key: str) -> stripe.StripeObject:
            return await understood(self._stripe.invoice_items.create_async(params, {"idempotency_key": key}))

        async def read(_: stripe.StripeObject | None) -> stripe.StripeObject | None:
            lines = await self.lines_of(await self.read(invoice.id))
            return next((each for each in lines if metadata_of(each).get("line") == str(number)), None)

        await behind_replays(send, self._key("line", payment_key, *self._of(invoice), str(number)), read)

    async def finalize(self, invoice: stripe.Invoice, asked: CollectInput) -> stripe.Invoice:
        """Finalize a draft, or return what stands there, if it is a draft no more."""

        async def send(key: str) -> stripe.Invoice:
            return await understood(
                self._stripe.invoices.finalize_invoice_async(
                    invoice.id, {"auto_advance": False}, {"idempotency_key": key}
                )
            )

        async def read(_: stripe.Invoice | None) -> stripe.Invoice | None:
            now = await self.read(invoice.id)
            return None if now.status == "draft" else now

        return await behind_replays(send, self._key("finalize", asked.payment.key, *self._of(invoice)), read)

    async def pay(self, invoice: stripe.Invoice, key: str) -> stripe.Invoice:
        """Move the money: the only request that does."""
        return await understood(
            self._stripe.invoices.pay_async(invoice.id, {"off_session": True}, {"idempotency_key": key})
        )

    def pay_key(self, invoice: stripe.Invoice, asked: CollectInput) -> str:
        """Return the idempotency key of an attempt to pay: the same over its retries, another for the next attempt."""
        return self._key("pay", asked.payment.key, str(asked.payment.attempt), *self._of(invoice))

    def _key(self, action: str, payment_key: str, *parts: str) -> str:
        """Return the key of a request; accounts of 0.1.0 have no life, and keep the keys that they have used."""
        return idempotency_key(action, *([self._life] if self._life else []), payment_key, *parts)

    def _of(self, invoice: stripe.Invoice) -> list[str]:
        return [invoice.id] if self._life else []

    # ------------------------------------------------------------------ voiding

    async def void(self, invoice: stripe.Invoice) -> Voided:
        """Make an invoice unpayable: void it, or delete a draft. What Stripe refuses is a value.

        A paid one stays paid, also when it was paid while this ran, and one whose payment clears is left alone (R21):
        that Stripe refuses to void it is not relied on. The request has no idempotency key of ours: to void twice does
        no harm, and an old refusal must not be replayed.

        Raises:
            stripe.StripeError: Stripe does not answer, or will not say how the invoice stands.
        """
        now = invoice if intents_of(invoice) else await self.believed(invoice)
        if not is_unpaid(now):
            return Voided(now)
        if state_of(now) is InvoiceState.PROCESSING:
            return Voided(
                now, f"Its payment is still processing: invoice {now.id} can be void only once it has failed."
            )
        try:
            if invoice.status == "draft":
                await understood(self._stripe.invoices.delete_async(invoice.id))
                return Voided(None)
            return Voided(await understood(self._stripe.invoices.void_invoice_async(invoice.id)))
        except stripe.StripeError as error:
            if is_transient(error):
                raise
            return await self._after_refusal(invoice, error)

    async def _after_refusal(self, invoice: stripe.Invoice, refused: stripe.StripeError) -> Voided:
        try:
            now = await self.read(invoice.id)
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return Voided(None)  # a draft that was deleted meanwhile
            raise
        return Voided(now, None if now.status == "void" else message_of(refused))
