"""R19: what Stripe knows of how a customer pays: read as it is, shown again for half a minute, and then asked anew."""

from types import SimpleNamespace
from typing import Any

import pytest
import stripe

from reprise.errors import Unavailable
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.stripe_api import billing_details
from reprise.stripe_api.billing_details import BillingDetails, BillingDetailsReader, _Kept, view_of
from tests.stripe_api.scripted import Json, answering, listed, refusal

CARD = {"type": "card", "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}}
VISA = PaymentMethodView(brand="visa", last4="4242", exp_month=12, exp_year=2034)
GONE = (404, refusal("resource_missing", "No such customer: 'cus_1'"))
ADA: Json = {"id": "cus_1", "object": "customer", "email": "ada@example.com", "invoice_settings": None}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock of the kept answers shows."""
    now = [1000.0]
    monkeypatch.setattr(billing_details, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


# ---------------------------------------------------------------------- the customer


async def test_R19_a_customer_is_shown_as_stripe_has_it() -> None:
    """With the default method, which is asked for in the same request; nobody's is not asked for."""
    answer = {**ADA, "invoice_settings": {"default_payment_method": {"id": "pm_1", "object": "payment_method", **CARD}}}
    async with answering({"*": answer}) as (client, script):
        reader = BillingDetailsReader(client)
        assert await reader.details(None, 1) == BillingDetails()
        assert await reader.details("cus_1", 1) == BillingDetails(email="ada@example.com", payment_method=VISA)
    (asked,) = script.asked
    assert asked.call == "GET /v1/customers/cus_1"
    assert asked.params == {"expand[0]": "invoice_settings.default_payment_method"}


@pytest.mark.parametrize("settings", [None, {"default_payment_method": None}])
async def test_R19_a_customer_without_a_method_has_an_e_mail(settings: Json | None) -> None:
    """Whether or not Stripe has settings of it."""
    async with answering({"*": {**ADA, "invoice_settings": settings}}) as (client, _):
        assert await BillingDetailsReader(client).details("cus_1", 1) == BillingDetails(email="ada@example.com")


@pytest.mark.parametrize("answer", [GONE, {"id": "cus_1", "object": "customer", "deleted": True}])
async def test_R23_a_customer_that_is_gone_shows_nothing(answer: Any) -> None:
    """Deleted, or never heard of."""
    async with answering({"*": answer}) as (client, _):
        reader = BillingDetailsReader(client)
        assert await reader.details("cus_1", 1) == BillingDetails()


async def test_R23_nor_has_it_paid_with_anything() -> None:
    """Lists of a customer that is not there are refused."""
    async with answering({"*": GONE}) as (client, _):
        assert await BillingDetailsReader(client).paid_with("cus_1", 1) == {}


@pytest.mark.parametrize("status", [401, 500])
async def test_R19_where_stripe_does_not_say_nothing_is_concluded(status: int) -> None:
    """Nor is that shown again."""
    async with answering({"*": (status, refusal())}) as (client, _):
        reader = BillingDetailsReader(client)
        for ask in (reader.details, reader.paid_with) * 2:
            with pytest.raises(Unavailable):
                await ask("cus_1", 1)


# ---------------------------------------------------------------------- what invoices were paid with


def charge(intent: Any, **details: Any) -> Json:
    return {"id": "ch_1", "object": "charge", "payment_intent": intent, "payment_method_details": details or None}


def invoice(number: int, *intents: Any) -> Json:
    payments = [{"payment": {"type": "payment_intent", "payment_intent": each}} for each in intents]
    return {"id": f"in_{number}", "object": "invoice", "payments": listed(*payments)}


async def test_R19_what_invoices_were_paid_with_is_their_latest_charge() -> None:
    """Of the newest hundred, in two requests; what has no charge, or one that says too little, is not told of."""
    older = {**CARD, "card": {**CARD["card"], "last4": "0341"}}  # type: ignore[dict-item]
    none = {"id": "in_0", "object": "invoice"}
    invoices = listed(
        invoice(1, "pi_1"), invoice(2, {"id": "pi_2", "object": "payment_intent"}), invoice(3, "pi_3"),
        invoice(4), invoice(5, None), invoice(6, "pi_6"), invoice(7, "pi_7"), none,
    )  # fmt: skip
    charges = listed(
        charge(None, **CARD), charge("pi_1", **CARD), charge("pi_1", **older),
        charge({"id": "pi_2", "object": "payment_intent"}, **older), charge("pi_3", type="cash"), charge("pi_3"),
        charge("pi_7", type="link", link={}), charge("pi_7", **CARD),
    )  # fmt: skip
    async with answering({"GET /v1/invoices": invoices, "GET /v1/charges": charges}) as (client, script):
        reader = BillingDetailsReader(client)
        assert await reader.paid_with(None, 1) == {}
        found = await reader.paid_with("cus_1", 1)
    assert found == {"in_1": VISA, "in_2": VISA.model_copy(update={"last4": "0341"})}
    assert {each.call: each.params for each in script.asked} == {
        "GET /v1/invoices": {"customer": "cus_1", "limit": "100", "expand[0]": "data.payments"},
        "GET /v1/charges": {"customer": "cus_1", "limit": "100"},
    }


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        (CARD, VISA),
        ({"type": "us_bank_account", "us_bank_account": {"bank_name": "A BANK", "last4": "6789"}}, ("A BANK", "6789")),
        ({"type": "sepa_debit", "sepa_debit": {"bank_name": None, "last4": "3000"}}, ("sepa_debit", "3000")),
        ({"type": "link", "link": {"email": "a@example.com"}}, None),
        ({"type": "card"}, None),
        ({"type": None, "card": CARD["card"]}, None),
        ({}, None),
    ],
)
def test_R19_a_method_is_shown_by_its_brand_or_bank_or_type(method: Json, shown: Any) -> None:
    """And its last digits, without which it is not shown."""
    if isinstance(shown, tuple):
        shown = PaymentMethodView(brand=shown[0], last4=shown[1], exp_month=None, exp_year=None)
    assert view_of(stripe.StripeObject.construct_from(method, None)) == shown
    assert view_of(None) is None


# ---------------------------------------------------------------------- kept answers


async def test_R19_an_answer_is_shown_again_for_half_a_minute(at: list[float]) -> None:
    """Unless something has happened to the account; each customer's own."""
    async with answering({"*": ADA}) as (client, script):
        reader = BillingDetailsReader(client)

        async def asks(customer: str = "cus_1", sequence: int = 1) -> int:
            before = len(script.asked)
            assert (await reader.details(customer, sequence)).email == "ada@example.com"
            return len(script.asked) - before

        assert [await asks(), await asks(), await asks("cus_2"), await asks(sequence=2)] == [1, 0, 1, 1]
        at[0] += 29.9
        assert [await asks(), await asks("cus_2")] == [0, 0]
        at[0] = 1030.0
        assert [await asks(), await asks()] == [1, 0]


async def test_R19_what_is_forgotten_is_asked_for_anew() -> None:
    """Of this customer, both answers; of no other."""
    answers: Any = {"*": listed(), "GET /v1/customers/cus_1": ADA, "GET /v1/customers/cus_2": ADA}
    async with answering(answers) as (client, script):
        reader = BillingDetailsReader(client)

        async def ask() -> list[str]:
            before = len(script.asked)
            for customer in ("cus_1", "cus_2"):
                await reader.details(customer, 7)
                await reader.paid_with(customer, 7)
            return sorted(script.calls[before:])

        one = ["GET /v1/charges", "GET /v1/customers/cus_1", "GET /v1/invoices"]
        assert len(await ask()) == 6
        reader.forget(None)
        assert await ask() == []
        reader.forget("cus_1")
        assert await ask() == one


async def test_R19_of_two_thousand_answers_the_oldest_give_way(at: list[float]) -> None:
    """One that was asked for anew is no longer among the oldest."""
    kept: _Kept[int] = _Kept()
    asked: list[str] = []

    async def get(name: str) -> None:
        async def ask() -> int:
            asked.append(name)
            return 1

        assert await kept.get((name, 1), ask) == 1

    for number in range(2000):
        await get(f"cus_{number}")
    at[0] += 30
    await get("cus_0")
    at[0] -= 30
    asked.clear()
    for number in range(2000):
        await get(f"cus_{number}")
    assert asked == [], "two thousand are kept"
    await get("another")
    for name in ("cus_0", "cus_2", "another", "cus_1"):
        await get(name)
    assert asked == ["another", "cus_1"]
