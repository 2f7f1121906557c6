"""R8, R19, R23, R25: what is concluded of a customer from answers that the sandbox gives seldom, or never."""

from typing import Any

import pytest
import stripe

from reprise.errors import InvalidInput, Unavailable
from reprise.stripe_api.customers import Customers, check_customer, portal_url
from reprise.stripe_api.errors import CustomerGone
from reprise.stripe_api.inputs import StripeInput
from tests.stripe_api.scripted import Json, answering, refusal

ASKED = StripeInput(account_id="acct-1", life="life-1")
CUSTOMER: Json = {"id": "cus_1", "object": "customer"}
DELETED: Json = {**CUSTOMER, "deleted": True}
MISSING = refusal("resource_missing", "No such customer: 'cus_1'")


@pytest.mark.parametrize(
    ("status", "body", "answer", "gone"),
    [
        (404, MISSING, DELETED, True),
        (400, refusal("resource_missing", param="customer"), DELETED, True),
        (404, MISSING, CUSTOMER, False),
        (404, MISSING, (404, MISSING), False),
        (400, refusal("parameter_invalid"), DELETED, False),
        (418, MISSING, DELETED, False),
    ],
    ids=["deleted", "deleted-named", "there", "never-there", "another-refusal", "no-refusal"],
)
async def test_R23_a_customer_is_gone_if_stripe_says_that_it_was_deleted(
    status: int, body: Json, answer: Any, gone: bool
) -> None:
    """Not by a refusal alone; it is asked for only where that names the customer."""
    async with answering({"POST /v1/customers/cus_1": (status, body), "*": answer}) as (client, script):
        customers = Customers(client, ASKED)
        with pytest.raises(stripe.StripeError) as refused:
            await customers.change_email("cus_1", "ada@example.com")
        assert await customers.is_gone("cus_1", refused.value) is gone
    assert len(script.asked) == 1 + (status != 418 and "resource_missing" in str(body))


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, refusal("payment_method_unexpected_state", "Not this one."), "payment_method_unexpected_state"),
        (400, refusal(None, "Not this one."), "resource_missing"),
        (402, refusal("card_declined", "Not this one."), "card_declined"),
        (402, refusal("card_declined", "Not this one.", decline_code="lost_card"), "lost_card"),
    ],
)
async def test_R9_a_method_that_is_refused_is_told_by_its_closest_code(status: int, body: Json, refused: str) -> None:
    """With Stripe's words for people."""
    async with answering({"*": (status, body)}) as (client, _):
        customers = Customers(client, ASKED)
        told = await customers.make_default("cus_1", "pm_1", "request-1")
    assert (told.payment_method, told.refused, told.message) == (None, refused, "Not this one.")
    assert not customers.has_attached


# ---------------------------------------------------------------------- checked, and led to Stripe


async def test_R25_a_customer_that_is_there_is_taken() -> None:
    """Nothing is said of it."""
    async with answering({"GET /v1/customers/cus_1": CUSTOMER}) as (client, script):
        await check_customer(client, "cus_1")
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("answer", "why"), [((404, MISSING), "not a customer that Stripe has"), (DELETED, "was deleted at Stripe")]
)
async def test_R25_a_customer_that_is_not_there_is_wrong_input(answer: Any, why: str) -> None:
    """By its field, with what is wrong."""
    async with answering({"*": answer}) as (client, _):
        with pytest.raises(InvalidInput, match=why) as wrong:
            await check_customer(client, "cus_1")
    assert wrong.value.field == "customer_id"


@pytest.mark.parametrize("status", [401, 500])
async def test_R20_where_stripe_does_not_say_nobody_is_told_that_it_is_wrong(status: int) -> None:
    """Nor is anybody led anywhere."""
    async with answering({"*": (status, refusal())}) as (client, _):
        with pytest.raises(Unavailable):
            await check_customer(client, "cus_1")
        with pytest.raises(Unavailable):
            await portal_url(client, "cus_1", "https://shop.example/back")


@pytest.mark.parametrize("new_card_to", [None, "https://shop.example/card"])
async def test_R19_stripes_portal_leads_back(new_card_to: str | None) -> None:
    """For one thing alone, it leads on by itself once that is done."""
    session = {"id": "bps_1", "object": "billing_portal.session", "url": "https://billing.example/1"}
    async with answering({"POST /v1/billing_portal/sessions": session}) as (client, script):
        url = await portal_url(client, "cus_1", "https://shop.example/back", new_card_to=new_card_to)
    assert url == "https://billing.example/1"
    flow = {
        "flow_data[type]": "payment_method_update",
        "flow_data[after_completion][type]": "redirect",
        "flow_data[after_completion][redirect][return_url]": new_card_to,
    }
    (asked,) = script.asked
    whose = {"customer": "cus_1", "return_url": "https://shop.example/back"}
    assert asked.params == {**whose, **(flow if new_card_to else {})}


async def test_R23_nobody_is_led_to_the_portal_of_a_customer_that_is_gone() -> None:
    """It says so."""
    async with answering({"*": (400, MISSING)}) as (client, _):
        with pytest.raises(CustomerGone):
            await portal_url(client, "cus_1", "https://shop.example/back")
