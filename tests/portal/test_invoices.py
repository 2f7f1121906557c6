"""Stripe's invoices as Stripe has them: ours, those that somebody made by hand, and those with less than ours."""

import re
from typing import Any

import httpx
import pytest
import stripe

from reprise.portal import content
from reprise.schemas.invoices import InvoiceList
from reprise.stripe_api.client import stripe_client
from reprise.stripe_api.invoice_list import view_of
from tests.api_accounts import customer_of, opened
from tests.api_side import Api, Json
from tests.portal.over_http import link
from tests.portal.situations import EN, rendered, situation_of
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")


async def by_hand(side: StripeSide, customer: str, *, lines: int = 1, pay: bool = False, void: bool = False) -> str:
    """Make an invoice as one does in the dashboard: lines without a period, and no metadata of ours."""
    async with stripe_client(side.settings()) as client:
        made = await client.v1.invoices.create_async({"customer": customer, "currency": "usd", "auto_advance": False})
        for _ in range(lines):
            await client.v1.invoice_items.create_async(
                {"customer": customer, "invoice": made.id, "amount": 1900, "currency": "usd", "description": "Setup"}
            )
        await client.v1.invoices.finalize_invoice_async(made.id)
        if pay:
            await client.v1.invoices.pay_async(made.id)
        if void:
            await client.v1.invoices.void_invoice_async(made.id)
    return made.id


async def test_invoices_made_by_hand_are_shown(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """A line that begins when it ends, and no line at all: listed, and on the page; a void one is said to be void."""
    account = await opened(operator)
    customer = await customer_of(stripe_side, account)
    paid = await by_hand(stripe_side, customer, pay=True)
    void = await by_hand(stripe_side, customer, void=True)
    empty = await by_hand(stripe_side, customer, lines=0)
    path = f"/v1/accounts/{account['account_id']}"
    shown = {each["id"]: each for each in (await operator.get(f"{path}/invoices"))["invoices"]}
    assert (shown[paid]["status"], shown[paid]["amount_due"], shown[paid]["amount_paid"]) == ("paid", 1900, 1900)
    assert (shown[void]["status"], shown[empty]["amount_due"]) == ("void", 0)
    for each in (paid, void, empty):
        assert shown[each]["period"] is None
        assert shown[each]["payment_key"] is None
    ours = shown[account["payment"]["invoice_id"]]
    assert ours["payment_key"] == account["payment"]["key"]
    assert ours["period"] == account["term"]
    await browser.get(await link(operator, account["account_id"]))
    page = await browser.get(f"/portal/accounts/{account['account_id']}/invoices")
    assert page.status_code == 200
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page.text, re.DOTALL)[1:]
    assert len(rows) == 4
    said = [re.sub(r"<[^>]+>|\s+", " ", each) for each in rows]
    voided = [each for each in said if "Void" in each]
    assert len(voided) == 1
    assert "View" not in voided[0], "what is void is not to be paid"


def listed(**changes: Any) -> Json:
    whole = {
        "id": "in_1", "object": "invoice", "number": None, "status": "paid", "amount_due": 1, "amount_paid": 1,
        "currency": "usd", "created": 1_800_000_000, "metadata": {}, "hosted_invoice_url": None, "invoice_pdf": None,
        "lines": {"object": "list", "data": []},
    }  # fmt: skip
    return {name: value for name, value in {**whole, **changes}.items() if value != "missing"}


INSTANT = 1_800_000_000


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "in_collections"}, {"status": "in_collections"}),
        ({"status": None}, {"status": "unknown"}),
        ({"status": "missing"}, {"status": "unknown"}),
        ({"amount_due": None, "amount_paid": "missing"}, {"amount_due": None, "amount_paid": None}),
        ({"currency": None}, {"currency": None}),
        ({"created": None}, {"created": None}),
        ({"created": 10**15}, {"created": None}),
        ({"metadata": None}, {"payment_key": None}),
        ({"metadata": "missing"}, {"payment_key": None}),
        ({"hosted_invoice_url": "missing", "invoice_pdf": 7}, {"hosted_invoice_url": None, "invoice_pdf": None}),
        ({"lines": None}, {"period": None}),
        ({"lines": "missing"}, {"period": None}),
        ({"lines": {"object": "list", "data": [{"object": "line_item"}]}}, {"period": None}),
        ({"lines": {"object": "list", "data": [{"period": None}]}}, {"period": None}),
        ({"lines": {"object": "list", "data": [{"period": {"start": INSTANT, "end": INSTANT}}]}}, {"period": None}),
        ({"lines": {"object": "list", "data": [{"period": {"start": INSTANT, "end": INSTANT - 1}}]}}, {"period": None}),
        ({"lines": {"object": "list", "data": [{"period": {"start": None, "end": INSTANT}}]}}, {"period": None}),
    ],
)
def test_whatever_stripe_has_is_shown(changes: Json, expected: Json) -> None:
    """In the list and on the page; what is not there is left open, and nothing is made up."""
    view = view_of(stripe.Invoice.construct_from(listed(**changes), "sk_test_x"))
    said = view.model_dump(mode="json")
    assert {name: said[name] for name in expected} == expected
    shown = InvoiceList(invoices=[view], next_cursor=None)
    page = rendered(content.invoices(situation_of("in-service"), EN, shown))
    assert page.count("<tr") == 2
    assert "None" not in page
