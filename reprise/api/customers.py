"""What Stripe keeps for an account: its invoices, and the customer portal where billing information is edited."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe
import structlog

from reprise.activities.stripe_client import is_missing_customer, is_passing, metadata_of, sentence_of
from reprise.api.engine import Engine
from reprise.api.problems import Problem, invalid, not_found, unavailable
from reprise.api.schemas import InvoiceList, InvoiceView
from reprise.statemachine.terms import EARLIEST, LATEST, Term
from reprise.workflows.messages import AccountState

log = structlog.get_logger()


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
    shown = [view_of(each) for each in page.data if getattr(each, "status", None) != "draft"]
    return InvoiceList(invoices=shown, next_cursor=page.data[-1].id if page.has_more else None)


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


async def check_customer(client: stripe.StripeClient, customer_id: str) -> None:
    """See that a customer given for an account that lived elsewhere exists (R20, R25).

    Raises:
        Problem: 422: Stripe has no such customer, or has it no more; 503: Stripe is out of reach.
    """
    try:
        customer = await client.v1.customers.retrieve_async(customer_id)
    except stripe.StripeError as error:
        if is_missing_customer(error):
            raise invalid("customer_id", "is not a customer that Stripe has for this API key") from error
        raise _problem(error) from error
    if getattr(customer, "deleted", False):
        raise invalid("customer_id", "was deleted at Stripe; leave it out, and the account gets a new one")


async def customer_portal(client: stripe.StripeClient, engine: Engine, account_id: str, return_url: str) -> str:
    """Return an address of Stripe's customer portal that leads back to `return_url`.

    Raises:
        Problem: The account is closed, its customer is not registered yet or gone, or Stripe is out of reach.
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
        raise (_gone() if is_missing_customer(error) else _problem(error)) from error
    return session.url


def _gone() -> Problem:
    """Return what is said of a customer that was deleted at Stripe, or never was there (R23, R25)."""
    detail = (
        "Stripe has no customer for this account any more. Set a payment method (PUT …/payment-method), or wait for the"
        " next payment: a customer that was deleted is registered anew with it."
    )
    return Problem(409, "customer_gone", detail)


def _problem(error: stripe.StripeError) -> Problem:
    if is_passing(error):
        return unavailable("Stripe cannot be reached. Try again.")
    log.error(
        "stripe refused a request", why=sentence_of(error), stripe_request_id=error.request_id
    )  # for operators: it may name what is ours
    return unavailable("Stripe refused Reprise's own request; the operators can see why. Try again later.", 300)
