"""One attempt of one payment: found by its key, made, checked, finalized, paid; or found out how it went (R8).

At most six requests when nothing goes wrong: list, create, line, check, finalize, pay. However often it runs, from
whatever point, one key moves money at most once: the invoice guards against a second charge, not the idempotency keys.
"""

from dataclasses import dataclass
from typing import Any

import stripe

from reprise.statemachine.declines import AUTHENTICATION_REQUIRED, GENERIC_DECLINE
from reprise.statemachine.money import formatted, least
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    Declined,
    EarlierPayment,
    InvoiceState,
    NoPaymentMethod,
    Paid,
    PaymentOutcome,
    Processing,
    RequiresAction,
    Stopped,
)
from reprise.stripe_api.checking import Wrong, check
from reprise.stripe_api.customers import Customers, leave
from reprise.stripe_api.errors import (
    advice_of,
    code_of,
    decline_code_of,
    is_saved,
    is_transient,
    message_of,
    was_replayed,
)
from reprise.stripe_api.idempotency import fresh
from reprise.stripe_api.inputs import CollectInput
from reprise.stripe_api.invoicing import Invoices, Latest, Voided, unknown_paid
from reprise.stripe_api.reading import (
    charged_of,
    customer_of,
    default_method,
    found_of,
    is_deleted,
    is_unpaid,
    key_of,
    last_failure,
    state_of,
    waits_for_payer,
)


@dataclass(frozen=True)
class Spoilt:
    """An invoice that was not for its quote, or that somebody has voided: nobody can pay it, another replaces it."""

    invoice_id: str
    reason: str


class Collecting:
    """One try of collecting one payment."""

    def __init__(self, client: stripe.StripeClient, asked: CollectInput, *, is_first_try: bool) -> None:
        """Take the client, what is to be collected, and whether no try was before this one."""
        self._client = client
        self._asked = asked
        self._is_first_try = is_first_try
        self._payment = asked.payment
        self._invoices = Invoices(client, asked, asked.customer_id)
        self._customer: stripe.Customer | None = None
        self._seen = False
        self._pay_sent = False

    # ------------------------------------------------------------------ what is known

    def nothing_was_asked(self, refused: stripe.StripeError) -> bool:
        """Say whether it is certain that no money can have been asked for, when Stripe has refused a request.

        Where `pay` was not sent in this try, and either no try was before it, or this one has seen that the payment is
        neither paid nor being paid. After a wrong key (401, 403) the former alone counts: an answer to an earlier try's
        `pay` may have been lost (R8).
        """
        first = self._is_first_try and self._payment.not_known_since is None
        return not self._pay_sent and (first or (self._seen and refused.http_status not in {401, 403}))

    def _known(self, invoice: stripe.Invoice) -> dict[str, Any]:
        method = default_method(self._customer)
        return {"payment_key": self._payment.key, "invoice_id": invoice.id, "payment_method": method}

    def _stopped(self, reason: str, invoice_id: str | None = None) -> Stopped:
        return Stopped(payment_key=self._payment.key, invoice_id=invoice_id, reason=reason)

    def _settled(self, invoice: stripe.Invoice) -> PaymentOutcome | None:
        """Return the outcome of an invoice of this payment by which money has come, or is coming."""
        match state_of(invoice):
            case InvoiceState.PAID:
                return Paid(**self._known(invoice), charged=charged_of(invoice))
            case InvoiceState.PROCESSING:
                return Processing(**self._known(invoice))
            case _:
                return None

    def _earlier(self, invoice: stripe.Invoice) -> EarlierPayment:
        return EarlierPayment(payment_key=self._payment.key, found=found_of(invoice))

    # ------------------------------------------------------------------ the attempt

    async def collect(self) -> PaymentOutcome:
        """Make the attempt, or find out how it went.

        Raises:
            stripe.StripeError: The outcome is not known, or Stripe refused a request; see `nothing_was_asked`.
        """
        try:
            return await self._collect()
        except stripe.InvalidRequestError as error:
            customers = Customers(self._client, self._asked)
            if self._pay_sent or not await customers.is_gone(self._asked.customer_id, error):
                raise
            return await self._leave(None)

    async def _collect(self) -> PaymentOutcome:
        latest = await self._invoices.latest(self._payment.key)
        self._customer = latest.customer
        self._replaced = sum(each.status == "void" for each in latest.of(self._payment.key))
        mine = [await self._invoices.believed(each) for each in latest.of(self._payment.key) if each.status != "void"]
        for invoice in mine:
            if settled := self._settled(invoice):
                return settled
        self._seen = True
        for earlier in unknown_paid(latest, self._payment.key, self._asked):
            return self._earlier(earlier)
        if is_deleted(self._customer):
            return await self._leave(latest)
        others = [each for each in latest.others(self._payment.key) if is_unpaid(each)]
        if blocked := await self._clear([*others, *mine[1:]]):
            return blocked
        return await self._attempt_twice(mine[0] if mine else None)

    async def _clear(self, unpaid: list[stripe.Invoice]) -> PaymentOutcome | None:
        """Void what else could be paid: no payment begins beside an open one (R12, R21)."""
        for invoice in unpaid:
            voided = await self._invoices.void(invoice)
            if not voided.done:
                return self._in_the_way(voided)
        return None

    def _in_the_way(self, voided: Voided) -> PaymentOutcome:
        """Return what an invoice that Stripe will not void means for this payment, which was not begun."""
        invoice = voided.invoice
        assert invoice is not None, "what is deleted is not in the way"
        if key_of(invoice) == self._payment.key and (settled := self._settled(invoice)):
            return settled
        if voided.state in {InvoiceState.PAID, InvoiceState.PROCESSING}:
            return self._earlier(invoice)
        reason = (
            f"Invoice {invoice.id} must be void before another payment begins, but Stripe refused: {voided.refusal}"
        )
        return self._stopped(f"{reason} Nothing was charged. Void it in Stripe's dashboard.")

    async def _leave(self, latest: Latest | None) -> PaymentOutcome:
        left = await leave(self._client, self._asked, latest)
        if left.unsettled:
            return self._in_the_way(left.unsettled)
        assert left.customer_id is not None, "one or the other"
        return CustomerDeleted(
            payment_key=self._payment.key, customer_id=left.customer_id, email_refused=left.email_refused
        )

    async def _attempt_twice(self, invoice: stripe.Invoice | None) -> PaymentOutcome:
        """Attempt the payment; where its invoice is spoilt, replace that once (R8)."""
        first = await self._attempt(invoice)
        if not isinstance(first, Spoilt):
            return first
        second = await self._attempt(None)
        return self._stopped(second.reason, second.invoice_id) if isinstance(second, Spoilt) else second

    async def _attempt(self, invoice: stripe.Invoice | None) -> PaymentOutcome | Spoilt:
        if invoice is None:
            quote = self._payment.quote
            if 0 < quote.amount_due < least(quote.currency):
                return self._stopped(_too_little(quote.amount_due, quote.currency))
            invoice = await self._invoices.create(self._asked, self._replaced)
            self._customer = customer_of(invoice)
        if invoice.status == "draft":
            invoice = await self._invoices.complete(invoice, self._asked)
            if invoice.status == "draft":
                if wrong := await self._wrong(invoice):
                    return await self._drop(invoice, wrong)
                invoice = await self._invoices.finalize(invoice, self._asked)
        if settled := self._settled(invoice):
            return settled
        if state_of(invoice) is InvoiceState.VOID:
            return self._spoilt(invoice)
        if wrong := await self._wrong(invoice):
            return await self._drop(invoice, wrong)
        if default_method(self._customer) is None:
            return NoPaymentMethod(**self._known(invoice))
        return await self._pay(invoice)

    async def _wrong(self, invoice: stripe.Invoice) -> Wrong | None:
        return check(invoice, await self._invoices.lines_of(invoice), self._payment)

    async def _drop(self, invoice: stripe.Invoice, wrong: Wrong) -> PaymentOutcome | Spoilt:
        """Make an invoice unpayable that must not be paid: it stays neither as a draft nor for the payer to pay."""
        voided = await self._invoices.void(invoice)
        if not voided.done:
            assert voided.invoice is not None, "what is deleted is done"
            return self._settled(voided.invoice) or self._stopped(
                f"{wrong.reason} Stripe refused to void it: {voided.refusal}", invoice.id
            )
        self._replaced += voided.state is InvoiceState.VOID
        return Spoilt(invoice.id, wrong.reason) if wrong.spoilt else self._stopped(wrong.reason, invoice.id)

    def _spoilt(self, invoice: stripe.Invoice) -> Spoilt:
        self._replaced += 1
        reason = f"Invoice {invoice.id} was voided while it was being paid, by somebody else. Nothing was charged."
        return Spoilt(invoice.id, reason)

    # ------------------------------------------------------------------ paying

    async def _pay(self, invoice: stripe.Invoice) -> PaymentOutcome | Spoilt:
        """Ask for the money, and believe the invoice, not the answer.

        A saved answer about an invoice that is still open is not believed: the attempt goes on under a key of this
        try's own, once.
        """
        usual = self._invoices.pay_key(invoice, self._asked)
        for key in (usual, fresh(usual)):
            outcome, error, replayed = await self._ask_for_money(invoice, key)
            if outcome is not None:
                return outcome
            if not replayed:
                break
        raise error or stripe.APIError("Stripe answered the payment, and does not say that it is paid.")

    async def _ask_for_money(
        self, invoice: stripe.Invoice, key: str
    ) -> tuple[PaymentOutcome | Spoilt | None, stripe.StripeError | None, bool]:
        """Send `pay`, and return what has come of it, if that is known; the error; and whether the answer was saved."""
        self._pay_sent = True
        error = None
        try:
            answer = await self._invoices.pay(invoice, key)
        except stripe.StripeError as failure:
            error, replayed = failure, is_saved(failure)
        else:
            replayed = was_replayed(answer)
            if settled := self._settled(answer):
                return settled, None, replayed
        now = await self._invoices.read(invoice.id)
        return self._believed(now, error, replayed=replayed), error, replayed

    def _believed(
        self, now: stripe.Invoice, error: stripe.StripeError | None, *, replayed: bool
    ) -> PaymentOutcome | Spoilt | None:
        """Return how an attempt went, from its invoice as it is after the answer; None: that is not known."""
        if settled := self._settled(now):
            return settled
        if state_of(now) is InvoiceState.VOID:
            return self._spoilt(now)
        if error is None and replayed and (failure := last_failure(now)):
            # The debit was taken, and has failed since: so the attempt went. Another one is not made by itself (R21).
            code = getattr(failure, "decline_code", None) or failure.code or GENERIC_DECLINE
            return Declined(**self._known(now), code=code, advice=getattr(failure, "advice_code", None))
        if error is None or is_transient(error) or error.http_status in {401, 403}:
            return None
        if waits_for_payer(now) and now.hosted_invoice_url:
            return RequiresAction(**self._known(now), url=now.hosted_invoice_url)
        if replayed and not _is_the_last_failure(error, now):
            return None
        if isinstance(error, stripe.CardError):
            return self._declined(now, error)
        self._customer = customer_of(now)
        if default_method(self._customer) is None:
            return NoPaymentMethod(**self._known(now))
        return self._stopped(message_of(error), now.id)

    def _declined(self, now: stripe.Invoice, error: stripe.StripeError) -> PaymentOutcome:
        code, decline = code_of(error), decline_code_of(error)
        if AUTHENTICATION_REQUIRED in {code, decline} and now.hosted_invoice_url:
            return RequiresAction(**self._known(now), url=now.hosted_invoice_url)
        advice = advice_of(error) or getattr(last_failure(now), "advice_code", None)
        return Declined(**self._known(now), code=decline or code or "card_declined", advice=advice)


def _is_the_last_failure(error: stripe.StripeError, invoice: stripe.Invoice) -> bool:
    """Say whether a saved decline is what has happened to an invoice last: then it is this attempt's, after a crash."""
    failure = last_failure(invoice)
    said = getattr(error.error, "charge", None), code_of(error), decline_code_of(error)
    return failure is not None and said == tuple(
        getattr(failure, each, None) for each in ("charge", "code", "decline_code")
    )


def _too_little(amount: int, currency: str) -> str:
    return (
        f"{formatted(amount, currency)} is less than the {formatted(least(currency), currency)} that Stripe charges at"
        " least. Nothing was charged. Change the plan's price or the carts."
    )
