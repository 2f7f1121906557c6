"""R8, R19: what somebody between Reprise and Stripe answers is not taken for Stripe's, whoever reads it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import stripe

from reprise.errors import Unavailable
from reprise.stripe_api.billing_details import BillingDetailsReader
from reprise.stripe_api.customers import check_customer, portal_url
from reprise.stripe_api.invoice_list import hosted_invoice, invoice_page
from reprise.stripe_api.webhooks import subject_of
from tests.stripe_api.scripted import Answer, answering

Reader = Callable[[stripe.StripeClient], Awaitable[object]]


def _about(kind: str, **about: Any) -> Reader:
    event: dict[str, Any] = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}
    return lambda client: subject_of(stripe.Event.construct_from(event, "sk_test_reprise"), client)


READERS: dict[str, Reader] = {
    "details": lambda client: BillingDetailsReader(client).details("cus_1", 1),
    "paid with": lambda client: BillingDetailsReader(client).paid_with("cus_1", 1),
    "customer": lambda client: check_customer(client, "cus_1"),
    "portal": lambda client: portal_url(client, "cus_1", "https://shop.example/back"),
    "invoices": lambda client: invoice_page(client, "cus_1", 10, None),
    "invoice": lambda client: hosted_invoice(client, "in_1", customer="cus_1", account_id="shop", life=None),
    "customer of an invoice": _about("invoice.paid", id="in_1", object="invoice", customer="cus_1"),
    "charge of a refund": _about("refund.created", id="re_1", object="refund", charge="ch_1"),
    "refunds of a charge": _about("charge.refunded", id="ch_1", object="charge"),
}


@pytest.mark.parametrize(
    "answer",
    [{}, {"status": "ok"}, "<html>", (403, {"error": "forbidden"}), (400, "{}"), (404, "Not Found")],
    ids=["nothing", "json", "html", "forbidden", "bad request", "not found"],
)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
async def test_R8_R19_what_a_proxy_says_is_not_known_of_stripe(reader: Reader, answer: Answer) -> None:
    """Try again, people are told, and Stripe, of a webhook: never that there is nothing, nor a defect of ours."""
    async with answering({"*": answer}) as (client, _):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await reader(client)


async def test_R24_a_proxy_behind_a_charge_is_not_known_of_stripe() -> None:
    """The charge is Stripe's, what it has paid is not."""
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "customer": "cus_1"}
    async with answering({"GET /v1/charges/ch_1": charge, "*": {}}) as (client, _):
        with pytest.raises(Unavailable):
            await _about("refund.created", id="re_1", object="refund", charge="ch_1")(client)
