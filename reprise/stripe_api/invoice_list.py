"""A customer's invoices at Stripe, as people are shown them."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe

from reprise.errors import InvalidInput
from reprise.schemas.invoices import InvoiceList, InvoiceView
from reprise.statemachine.terms import EARLIEST, LATEST, Term
from reprise.stripe_api.client import metadata_of, understood
from reprise.stripe_api.errors import unavailable_by
from reprise.stripe_api.reading import is_ours


async def invoice_page(
    client: stripe.StripeClient, customer: str | None, limit: int, cursor: str | None
) -> InvoiceList:
    """Return one page of a customer's invoices, newest first; drafts are left out.

    Raises:
        InvalidInput: The cursor is none of this list's.
        Unavailable: Stripe is out of reach.
    """
    if customer is None:
        return InvoiceList(invoices=[], next_cursor=None)
    wanted: Any = {"customer": customer, "limit": limit}
    if cursor is not None:
        wanted["starting_after"] = cursor
    try:
        page = await understood(client.v1.invoices.list_async(wanted))
    except stripe.InvalidRequestError as error:
        if error.param == "starting_after":
            raise InvalidInput("cursor", "is not one that this list has given") from error
        raise unavailable_by(error) from error
    except stripe.StripeError as error:
        raise unavailable_by(error) from error
    shown = [view_of(each) for each in page.data if getattr(each, "status", None) != "draft"]
    return InvoiceList(invoices=shown, next_cursor=page.data[-1].id if page.has_more else None)


async def hosted_invoice(
    client: stripe.StripeClient, invoice_id: str, *, customer: str | None, account_id: str, life: str | None
) -> str | None:
    """Return where Stripe shows an invoice to its payer; None for one that is not the account's, or has no page.

    Raises:
        Unavailable: Stripe is out of reach.
    """
    try:
        invoice = await understood(client.v1.invoices.retrieve_async(invoice_id))
    except stripe.InvalidRequestError:
        return None
    except stripe.StripeError as error:
        raise unavailable_by(error) from error
    theirs = customer is not None and invoice.customer == customer
    return _of(invoice, "hosted_invoice_url", str) if theirs or is_ours(invoice, account_id, life) else None


def view_of(invoice: Any) -> InvoiceView:
    """Return what is to be shown of an invoice, whoever made it: what Stripe leaves out or null is left out here.

    An invoice made by hand may have no lines, lines whose period is an instant, or a status that is new
    (docs.stripe.com/api/invoices/object). Ours have one line, with the term as its period (R8).
    """
    return InvoiceView(
        id=invoice.id,
        number=_of(invoice, "number", str),
        status=_of(invoice, "status", str) or "unknown",
        amount_due=_of(invoice, "amount_due", int),
        amount_paid=_of(invoice, "amount_paid", int),
        currency=_of(invoice, "currency", str),
        created=_instant(_of(invoice, "created", int)),
        period=_period(invoice),
        payment_key=_payment_key(invoice),
        hosted_invoice_url=_of(invoice, "hosted_invoice_url", str),
        invoice_pdf=_of(invoice, "invoice_pdf", str),
    )


T = TypeVar("T")


def _of(document: Any, name: str, kind: type[T]) -> T | None:
    """Return a field of an object of Stripe's; None where it has none, or one of another type than documented."""
    found = getattr(document, name, None)
    return found if isinstance(found, kind) else None


def _payment_key(invoice: Any) -> str | None:
    return metadata_of(invoice).get("payment_key") if _of(invoice, "metadata", stripe.StripeObject) else None


def _period(invoice: Any) -> Term | None:
    """Return the first period of an invoice's lines that lasts; None where there is none."""
    for line in _of(_of(invoice, "lines", stripe.StripeObject), "data", list) or ():
        period = _of(line, "period", stripe.StripeObject)
        start, end = _instant(_of(period, "start", int)), _instant(_of(period, "end", int))
        if start and end and start < end:
            return Term(start=start, end=end)
    return None


def _instant(unix: int | None) -> datetime | None:
    """Return a timestamp of Stripe's as an instant; None where it is none, or lies out of all time that is shown."""
    earliest, latest = EARLIEST.timestamp(), LATEST.timestamp()
    return datetime.fromtimestamp(unix, UTC) if unix is not None and earliest <= unix < latest else None
