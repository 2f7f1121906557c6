"""R15, R23: what a look says where Stripe says less than usual, or nothing of the customer."""

import pytest

from reprise.statemachine.outcomes import InvoiceState
from reprise.stripe_api.inputs import InvoiceInput
from reprise.stripe_api.observing import retrieve
from tests.stripe_api.one_invoice import CUSTOMER, KEY, failed
from tests.stripe_api.scripted import Answer, answering, listed
from tests.stripe_side import Json

ASKED = InvoiceInput(account_id="shop", life="life", customer_id="cus_1", payment_key=KEY, invoice_id=None)


@pytest.mark.parametrize(
    ("failure", "code", "advice"),
    [
        ({"code": "card_declined", "decline_code": "lost_card"}, "lost_card", None),
        ({"code": "account_closed", "advice_code": "do_not_try_again"}, "account_closed", "do_not_try_again"),
        ({}, None, None),
    ],
)
async def test_R15_a_look_says_why_as_far_as_stripe_does(failure: Json, code: str | None, advice: str | None) -> None:
    """The decline's code before the error's."""
    shown = failed(**failure)
    async with answering({"GET /v1/invoices": listed(shown), "*": shown}) as (client, _):
        seen = await retrieve(client, ASKED)
    assert (seen.decline_code, seen.advice) == (code, advice)


async def test_R23_a_look_that_is_refused_for_a_deleted_customer_registers_it_anew() -> None:
    """Should Stripe list no invoices of one: there are none to be seen, then, and nobody lists them again."""
    missing = {"code": "resource_missing", "param": "customer", "message": "No such customer: 'cus_1'"}
    answers: dict[str, Answer] = {
        "GET /v1/invoices": (400, {"error": {"type": "invalid_request_error", **missing}}),
        "GET /v1/customers/cus_1": {"id": "cus_1", "object": "customer", "deleted": True},
        "GET /v1/customers/search": {"object": "search_result", "url": "/", "has_more": False, "data": []},
        "POST /v1/customers": {**CUSTOMER, "id": "cus_2", "invoice_settings": None},
    }
    async with answering(answers) as (client, script):
        seen = await retrieve(client, ASKED)
    assert (seen.invoice, seen.customer_id) == (InvoiceState.MISSING, "cus_2")
    assert script.calls.count("GET /v1/invoices") == 1
