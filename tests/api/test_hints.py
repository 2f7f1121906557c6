"""R15, R22, R24: which of Stripe's events make an account look, and at what; what says nothing new costs nothing."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from reprise.stripe_api.client import stripe_client
from reprise.stripe_api.event_types import HEEDED
from tests.api_accounts import awaiting, customer_of, opened
from tests.api_side import Api, Callers, Json
from tests.stripe_events import Endpoint, hints
from tests.stripe_side import StripeSide
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def endpoint(caller: Callers) -> Endpoint:
    return Endpoint(caller())


def invoice(account: Json, key: str | None, **more: Any) -> Json:
    metadata = {"account_id": account["account_id"]} | ({"payment_key": key} if key else {})
    return {"id": "in_of_test", "object": "invoice", "metadata": metadata, **more}


def test_R15_the_events_to_send_are_documented() -> None:
    """Those that make an account look are those that operators are told to have sent."""
    page = (Path(__file__).parents[2] / "docs/integrating.md").read_text()
    listed = set(
        re.findall(r"(?<![\w.])(?:invoice|customer|refund|charge)(?:\.\w+)+", page.split("## Stripe's webhooks")[1])
    )
    assert listed == HEEDED


async def test_R15_what_the_account_knows_costs_nothing(operator: Api, temporal: Client, endpoint: Endpoint) -> None:
    """Each payment that goes well brings an `invoice.paid`; the record has it, so no signal is sent."""
    account = await opened(operator)
    key = account["payment"]["key"]
    assert key == f"{account['account_id']}:1"
    for kind in ("invoice.paid", "invoice.created", "invoice.finalized", "invoice.updated", "payment_intent.succeeded"):
        assert await endpoint.tell(kind, invoice(account, key)) == 200
    assert await hints(temporal, account["account_id"]) == []


async def test_R22_a_payment_that_the_account_does_not_know_of_is_hinted_at_in_every_state(
    operator: Api, temporal: Client, endpoint: Endpoint
) -> None:
    """In service, out of service, cancelled, closed: money that came is never lost. The hint says which payment."""
    states = {
        "active": await opened(operator),
        "disabled": await opened(operator, paid_through="2026-01-15T10:00:00Z"),
        "cancelled": await opened(operator),
        "closed": await opened(operator),
    }
    await operator.ask("POST", f"/v1/accounts/{states['cancelled']['account_id']}/cancel")
    await operator.ask("POST", f"/v1/accounts/{states['closed']['account_id']}/close")
    for state, account in states.items():
        key = f"{account['account_id']}:7"
        assert await endpoint.tell("invoice.paid", invoice(account, key)) == 200
        sent = await hints(temporal, account["account_id"])
        assert [(each.event_type, each.payment_key) for each in sent] == [("invoice.paid", key)], state


@pytest.mark.parametrize("kind", ["invoice.voided", "invoice.marked_uncollectible", "invoice.payment_failed"])
async def test_R8_an_invoice_spoilt_by_hand_is_hinted_at_while_it_is_awaited(
    operator: Api, temporal: Client, endpoint: Endpoint, kind: str
) -> None:
    """E18 and its kin: the payer must not be left with a dead link."""
    account = await awaiting(operator)
    assert await endpoint.tell(kind, invoice(account, account["payment"]["key"])) == 200
    assert [each.event_type for each in await hints(temporal, account["account_id"])] == [kind]


@pytest.mark.parametrize("kind", ["invoice.voided", "invoice.payment_failed"])
async def test_R15_our_own_decline_and_void_told_back_cost_nothing(
    operator: Api, temporal: Client, endpoint: Endpoint, kind: str
) -> None:
    """A declined first payment is voided by the account itself; Stripe tells of both."""
    account = await opened(operator, payment_method="pm_card_chargeCustomerFail")
    assert account["payment"]["status"] == "declined"
    assert await endpoint.tell(kind, invoice(account, account["payment"]["key"])) == 200
    assert await hints(temporal, account["account_id"]) == []


async def test_R9_another_payment_method_matters_to_one_who_waits(
    operator: Api, temporal: Client, endpoint: Endpoint
) -> None:
    """A changed e-mail never does, nor a card to an account that is paid; Stripe says what was changed."""
    card = {"invoice_settings": {"default_payment_method": "pm_old"}}
    waits, paid = await awaiting(operator), await opened(operator)
    for account in (waits, paid):
        about = {"id": "cus_x", "object": "customer", "metadata": {"account_id": account["account_id"]}}
        for previous in ({"email": "old@example.com"}, {"invoice_settings": {"footer": None}}, card, None):
            assert await endpoint.tell("customer.updated", about, previous) == 200
    assert len(await hints(temporal, waits["account_id"])) == 2, "the card, and the change that is not told"
    assert await hints(temporal, paid["account_id"]) == []


async def test_R23_a_deleted_customer_is_hinted_at(operator: Api, temporal: Client, endpoint: Endpoint) -> None:
    """Whatever state the account is in: its next payment needs another customer."""
    account = await opened(operator)
    about = {"id": "cus_x", "object": "customer", "metadata": {"account_id": account["account_id"]}}
    assert await endpoint.tell("customer.deleted", about) == 200
    assert [each.event_type for each in await hints(temporal, account["account_id"])] == ["customer.deleted"]


async def test_R15_an_invoice_that_is_none_of_ours(
    operator: Api, temporal: Client, endpoint: Endpoint, stripe_side: StripeSide
) -> None:
    """Made by hand on the same customer: found by the customer, and only heeded while a payment is awaited."""
    for account, expected in ((await opened(operator), 0), (await awaiting(operator), 1)):
        about = {"id": "in_by_hand", "object": "invoice", "customer": await customer_of(stripe_side, account)}
        assert await endpoint.tell("invoice.paid", about) == 200
        sent = await hints(temporal, account["account_id"])
        assert [each.payment_key for each in sent] == [None] * expected


@pytest.mark.parametrize("key", ["other", "../x:1", "x" * 200 + ":1", 7, ["a"], "shop:" + "9" * 30, "shop:\u0662"])
async def test_R15_a_payment_key_that_is_none_is_not_passed_on(
    operator: Api, temporal: Client, endpoint: Endpoint, key: Any
) -> None:
    """Metadata are anybody's to write in the dashboard: the account is made to look, at nothing in particular."""
    account = await awaiting(operator)
    assert await endpoint.tell("invoice.paid", invoice(account, key)) == 200
    assert [each.payment_key for each in await hints(temporal, account["account_id"])] == [None]


async def until_told(operator: Api, account: Json, kind: str, times: int = 1) -> list[Json]:
    """Wait until an account's timeline has entries of a kind."""

    async def told() -> list[Json]:
        entries = (await operator.get(f"/v1/accounts/{account['account_id']}/timeline"))["timeline"]
        return [each for each in entries if each["type"] == f"account.{kind}"]

    return await until(told, lambda them: len(them) >= times, seconds=30)


async def test_R24_a_refund_in_the_dashboard_is_told(operator: Api, stripe_side: StripeSide) -> None:
    """By Stripe's own events, over the charge and its customer: amount and payment, and no state changes."""
    account = await opened(operator)
    charge = (await asyncio.to_thread(stripe_side.invoices, account["account_id"]))[0]["paid_charges"][0]
    async with stripe_client(stripe_side.settings()) as client:
        await client.v1.refunds.create_async({"charge": charge["id"], "amount": 2500, "reason": "duplicate"})
    entry = (await until_told(operator, account, "refunded"))[0]
    assert (entry["amount"], entry["currency"], entry["payment_key"]) == (2500, "usd", account["payment"]["key"])
    assert "duplicate" in entry["reason"]
    assert (await operator.get(f"/v1/accounts/{account['account_id']}"))["state"] == "active"


async def test_R24_a_dispute_is_told_and_how_it_ends(operator: Api, stripe_side: StripeSide) -> None:
    """Two entries: opened, and lost."""
    account = await opened(operator)
    charge = (await asyncio.to_thread(stripe_side.invoices, account["account_id"]))[0]["paid_charges"][0]
    dispute = await asyncio.to_thread(stripe_side.post, f"charges/{charge['id']}/dispute", {"reason": "fraudulent"})
    assert (await until_told(operator, account, "disputed"))[0]["amount"] == 7500
    await asyncio.to_thread(stripe_side.post, f"disputes/{dispute['id']}/close", {"outcome": "lost"})
    ended = (await until_told(operator, account, "disputed", times=2))[0]
    assert ended["reason"].startswith("lost")


async def test_R24_refunds_lead_to_the_account_by_their_charge(
    operator: Api, temporal: Client, endpoint: Endpoint, stripe_side: StripeSide
) -> None:
    """Each kind of event about them, with the charge named or whole; the hint carries the refund's own id."""
    account = await opened(operator)
    charge = (await asyncio.to_thread(stripe_side.invoices, account["account_id"]))[0]["paid_charges"][0]
    async with stripe_client(stripe_side.settings()) as client:
        refund = await client.v1.refunds.create_async({"charge": charge["id"], "amount": 100})
    whole = {"id": charge["id"], "object": "charge", "customer": charge["customer"]}
    told: list[tuple[str, Any, str]] = [
        ("refund.created", {"id": "re_1", "object": "refund", "charge": charge["id"]}, "re_1"),
        ("refund.updated", {"id": "pyr_1", "object": "refund", "charge": whole}, "pyr_1"),
        ("refund.failed", {"id": "re_2", "object": "refund", "charge": charge["id"]}, "re_2"),
        ("charge.dispute.created", {"id": "du_1", "object": "dispute", "charge": charge["id"]}, "du_1"),
        ("charge.dispute.closed", {"id": "dp_1", "object": "dispute", "charge": whole}, "dp_1"),
        ("charge.refunded", whole, refund.id),
    ]
    for kind, about, _ in told:
        assert await endpoint.tell(kind, about) == 200
    sent = await hints(temporal, account["account_id"])
    assert [(each.event_type, each.refund_id) for each in sent] == [(kind, its) for kind, _, its in told]


async def test_R23_R24_a_refund_leads_to_the_account_though_its_customer_is_deleted(
    operator: Api, temporal: Client, endpoint: Endpoint, stripe_side: StripeSide
) -> None:
    """Invoices outlive their customer (docs.stripe.com/api/customers/delete), and say whose they are."""
    account = await opened(operator)
    charge = (await asyncio.to_thread(stripe_side.invoices, account["account_id"]))[0]["paid_charges"][0]
    async with stripe_client(stripe_side.settings()) as client:
        await client.v1.customers.delete_async(charge["customer"])
        refund = await client.v1.refunds.create_async({"charge": charge["id"], "amount": 100})
    assert await endpoint.tell("refund.created", {"id": refund.id, "object": "refund", "charge": charge["id"]}) == 200
    entry = (await until_told(operator, account, "refunded"))[0]
    assert (entry["amount"], entry["payment_key"]) == (100, account["payment"]["key"])
    sent = await hints(temporal, account["account_id"])
    assert [each.refund_id for each in sent] == [refund.id]


async def test_R23_a_deleted_customer_is_registered_anew_as_soon_as_it_is_told(
    operator: Api, stripe_side: StripeSide
) -> None:
    """In service, months before the next payment: the owner has time to give another card."""
    account = await opened(operator)
    customer = await customer_of(stripe_side, account)
    async with stripe_client(stripe_side.settings()) as client:
        await client.v1.customers.delete_async(customer)
    entry = (await until_told(operator, account, "customer_replaced"))[0]
    assert "deleted" in entry["reason"]
    assert (await operator.get(f"/v1/accounts/{account['account_id']}"))["state"] == "active"


STRANGE: list[Any] = [
    None, 7, "x", [], {}, {"metadata": 7}, {"metadata": {"account_id": 7, "payment_key": {}}}, {"charge": 7},
    {"id": 7, "charge": "ch_none"}, {"id": "re_1", "charge": "ch_none"}, {"id": "re_1", "charge": {"id": "ch_none"}},
    {"id": "re_1", "charge": "../customers"}, {"id": "ch_none", "object": "charge", "customer": {"id": 7}},
    {"id": "du_1", "charge": {"id": None, "customer": []}}, {"id": "re_" + "x" * 5000, "charge": "ch_none"},
    {"customer": {"metadata": {"account_id": "none"}}}, {"customer": "cus_none"}, {"customer": "cus_../../x"},
]  # fmt: skip


PREVIOUS: list[Any] = [None, 7, [], {"invoice_settings": 7}, {"invoice_settings": None}]


@pytest.mark.parametrize(
    "kind",
    ["invoice.paid", "invoice.voided", "refund.created", "charge.refunded", "charge.dispute.created",
     "customer.updated", "customer.deleted"],
)  # fmt: skip
async def test_R15_signed_bodies_of_any_shape(endpoint: Endpoint, kind: str) -> None:
    """Taken, or refused as no event; never 5xx, which Stripe would answer by sending them for days."""
    for about in STRANGE:
        for previous in PREVIOUS:
            assert await endpoint.tell(kind, about, previous) in {200, 400}, (about, previous)


async def test_R15_stripe_out_of_reach_is_said_so_that_the_event_comes_again(
    endpoint: Endpoint, operator: Api, stripe_side: StripeSide, temporal: Client
) -> None:
    """503 where Stripe would have to say whose it is; once it is back, the same event is heeded."""
    account = await opened(operator)
    charge = (await asyncio.to_thread(stripe_side.invoices, account["account_id"]))[0]["paid_charges"][0]
    about = {"id": "re_1", "object": "refund", "charge": charge["id"]}
    await asyncio.to_thread(stripe_side.fault, method="GET", path=r"/v1/charges/[^/]+", status=500, times=None)
    assert await endpoint.tell("refund.created", about) == 503
    await asyncio.to_thread(stripe_side.no_faults)
    assert await endpoint.tell("refund.created", about) == 200
    assert [each.refund_id for each in await hints(temporal, account["account_id"])] == ["re_1"]
