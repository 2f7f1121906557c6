"""What Stripe keeps for an account: its invoices, and the customer portal where billing information is edited."""

from datetime import UTC, datetime
from typing import Any

import stripe

from reprise.activities.stripe_client import is_passing, metadata_of, sentence_of
from reprise.api.engine import Engine
from reprise.api.problems import Problem, invalid, not_found, unavailable
from reprise.api.schemas import InvoiceList, InvoiceView
from reprise.statemachine.terms import Term
from reprise.workflows.messages import AccountState


async def invoice_page(
    client: stripe.StripeClient, customer: str | None, limit: int, cursor: str | None
) -> InvoiceList:
    """Return one page of a customer's invoices, newest first; drafts are left out.

    Raises:
        Problem: The cursor is none of this list's, or Stripe is out of reach.
    """
    if customer is None:
        return InvoiceList(invoices=[], next_cursor=None)
    wanted: Any = {"customer": customer, "limit": limit}
    if cursor is not None:
        wanted["starting_after"] = cursor
    try:
        page = await client.v1.invoices.list_async(wanted)
    except stripe.InvalidRequestError as error:
        if error.param == "starting_after":
            raise invalid("cursor", "is not one that this list has given") from error
        raise _problem(error) from error
    except stripe.StripeError as error:
        raise _problem(error) from error
    shown = [_view(each) for each in page.data if each.status != "draft"]
    return InvoiceList(invoices=shown, next_cursor=page.data[-1].id if page.has_more else None)


def _view(invoice: stripe.Invoice) -> InvoiceView:
    line = invoice.lines.data[0] if invoice.lines.data else None
    return InvoiceView(
        id=invoice.id,
        number=invoice.number,
        status=invoice.status or "open",
        amount_due=invoice.amount_due,
        amount_paid=invoice.amount_paid,
        currency=invoice.currency,
        created=_instant(invoice.created),
        period=Term(start=_instant(line.period.start), end=_instant(line.period.end)) if line else None,
        payment_key=metadata_of(invoice).get("payment_key"),
        hosted_invoice_url=invoice.hosted_invoice_url,
        invoice_pdf=invoice.invoice_pdf,
    )


def _instant(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


async def customer_portal(client: stripe.StripeClient, engine: Engine, account_id: str, return_url: str) -> str:
    """Return an address of Stripe's customer portal that leads back to `return_url`.

    Raises:
        Problem: The account is closed, its customer is not registered yet, or Stripe is out of reach.
    """
    customer = await engine.customer_id(account_id)
    if customer is None:
        raise (
            not_found()
            if (await engine.account(account_id)).state is AccountState.CLOSED
            else unavailable("The account's customer is still being registered with Stripe. Try again.")
        )
    try:
        session = await client.v1.billing_portal.sessions.create_async({"customer": customer, "return_url": return_url})
    except stripe.StripeError as error:
        raise _problem(error) from error
    return session.url


def _problem(error: stripe.StripeError) -> Problem:
    if is_passing(error):
        return unavailable("Stripe cannot be reached. Try again.")
    return unavailable(f"Stripe refused Reprise's own request ({sentence_of(error)}).", retry_after=300)
