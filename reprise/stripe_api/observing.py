"""Looks at a payment's invoice and at what else is paid for the account, and voids of it (R8, R15, R22)."""

import stripe

from reprise.statemachine.outcomes import InvoiceObserved, InvoiceState, InvoiceVoided
from reprise.stripe_api.customers import Customers, Left, leave
from reprise.stripe_api.inputs import InvoiceInput
from reprise.stripe_api.invoicing import Invoices, Latest, Voided, unknown
from reprise.stripe_api.reading import charged_of, default_method, found_of, is_deleted, last_failure, state_of

_BY_WEIGHT = (InvoiceState.PAID, InvoiceState.PROCESSING, InvoiceState.OPEN, InvoiceState.VOID, InvoiceState.MISSING)
"""Which of several invoices of one payment decides how it stands."""


async def retrieve(client: stripe.StripeClient, asked: InvoiceInput) -> InvoiceObserved:
    """See how a payment's invoice stands, what else is paid for the account, and the default payment method.

    Raises:
        stripe.StripeError: Stripe refuses to show something, or does not answer.
    """
    invoices, customers = Invoices(client, asked, asked.customer_id), Customers(client, asked)
    try:
        latest = await invoices.latest(asked.payment_key)
    except stripe.InvalidRequestError as error:
        if not await customers.is_gone(asked.customer_id, error):
            raise
        latest = Latest((), None)
    customer = latest.customer or await customers.retrieve(asked.customer_id)
    left = Left()
    if is_deleted(customer):
        left = await leave(client, asked, latest)
        latest = await invoices.latest(asked.payment_key) if latest.invoices else latest
    mine = min([await invoices.believed(each) for each in latest.of(asked.payment_key)], key=_weight, default=None)
    state = state_of(mine) if mine else InvoiceState.MISSING
    failure = last_failure(mine) if mine and state is InvoiceState.OPEN else None
    others = [await invoices.believed(each) for each in unknown(latest, asked.payment_key, asked)]
    return InvoiceObserved(
        payment_key=asked.payment_key,
        invoice_id=mine.id if mine else None,
        invoice=state,
        payment_method=default_method(customer),
        charged=charged_of(mine) if mine else None,
        decline_code=getattr(failure, "decline_code", None) or getattr(failure, "code", None),
        advice=getattr(failure, "advice_code", None),
        found=tuple(
            found_of(each) for each in others if state_of(each) in {InvoiceState.PAID, InvoiceState.PROCESSING}
        ),
        customer_id=left.customer_id,
        email_refused=left.email_refused,
    )


async def void(client: stripe.StripeClient, asked: InvoiceInput) -> InvoiceVoided:
    """Make every invoice of a payment unpayable, and say how they stand then. What Stripe refuses is a value.

    Raises:
        stripe.StripeError: Stripe refuses to show the invoices, or does not answer.
    """
    if asked.payment_key is None:
        raise ValueError("a void is of one payment")
    invoices = Invoices(client, asked, asked.customer_id)
    of_key = (await invoices.latest(asked.payment_key)).of(asked.payment_key)
    ended = [await invoices.void(each) for each in of_key]
    worst = min(ended, key=lambda each: _BY_WEIGHT.index(each.state), default=Voided(None))
    return InvoiceVoided(
        payment_key=asked.payment_key,
        invoice_id=worst.invoice.id if worst.invoice else (of_key[0].id if of_key else None),
        invoice=worst.state,
        found=found_of(worst.invoice) if worst.invoice and worst.state is InvoiceState.PAID else None,
        reason=worst.refusal,
    )


def _weight(invoice: stripe.Invoice) -> int:
    return _BY_WEIGHT.index(state_of(invoice))
