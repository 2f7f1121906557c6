"""R19, R20: a customer's invoices as people are shown them, page by page, and where Stripe shows each to its payer."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from reprise.errors import InvalidInput, Unavailable
from reprise.schemas.invoices import InvoiceList, InvoiceView
from reprise.statemachine.terms import EARLIEST, LATEST, Term
from reprise.stripe_api.invoice_list import hosted_invoice, invoice_page, view_of
from tests.stripe_api.one_invoice import invoice
from tests.stripe_api.scripted import answering
from tests.stripe_objects import customer_with_card, marked_invoice
from tests.stripe_side import StripeSide

MARKS = {"account_id": "shop-list", "life": "life", "payment_key": "shop-list:1"}
FAILING: list[dict[str, Any]] = [{"status": 400}, {"status": 401}, {"status": 400, "body": "garbage"}]


# ---------------------------------------------------------------------- a page


async def test_pages_follow_each_other_newest_first(client: stripe.StripeClient) -> None:
    """Drafts are left out, and no page is lost for it; other people's invoices are on none."""
    customer, other = await customer_with_card(client.v1), await customer_with_card(client.v1)
    made = [await marked_invoice(client.v1, customer, {}) for _ in range(4)]
    await marked_invoice(client.v1, other, {})
    await client.v1.invoices.create_async({"customer": customer})
    first = await invoice_page(client, customer, 3, None)
    assert [each.id for each in first.invoices] == [made[3], made[2]]
    assert first.next_cursor == made[2]
    rest = await invoice_page(client, customer, 3, first.next_cursor)
    assert [each.id for each in rest.invoices] == [made[1], made[0]]
    assert rest.next_cursor is None
    assert await invoice_page(client, None, 3, None) == InvoiceList(invoices=[], next_cursor=None)


async def test_R20_a_cursor_that_is_none_is_said_to_be(client: stripe.StripeClient, stripe_side: StripeSide) -> None:
    """What else Stripe refuses is not the caller's fault, nor that it does not answer."""
    customer = await customer_with_card(client.v1)
    with pytest.raises(InvalidInput, match="is not one that this list has given") as refused:
        await invoice_page(client, customer, 3, "in_NeverThere")
    assert refused.value.field == "cursor"
    for how in FAILING:
        stripe_side.fault(method="GET", path="/v1/invoices", **how)
        with pytest.raises(Unavailable):
            await invoice_page(client, customer, 3, None)


# ---------------------------------------------------------------------- its page at Stripe


async def test_R19_an_invoice_is_shown_to_whom_it_is_for(client: stripe.StripeClient, stripe_side: StripeSide) -> None:
    """To its customer's account, whoever made it; to the account whose payment it is, whoever its customer was."""
    customer = await customer_with_card(client.v1)
    by_hand, ours = await marked_invoice(client.v1, customer, {}), await marked_invoice(client.v1, customer, MARKS)

    async def shown(invoice_id: str, customer: str | None, life: str = "life") -> str | None:
        return await hosted_invoice(client, invoice_id, customer=customer, account_id="shop-list", life=life)

    for each in (by_hand, ours):
        page = (await client.v1.invoices.retrieve_async(each)).hosted_invoice_url
        assert page is not None
        assert await shown(each, customer) == page
        assert await shown(each, "cus_other", "life-2") is None
    assert await shown(ours, "cus_other") == await shown(ours, None) is not None
    assert await shown(by_hand, "cus_other") is None
    assert await shown("in_NeverThere", customer) is None
    for how in FAILING[1:]:
        stripe_side.fault(method="GET", path="/v1/invoices/.*", **how)
        with pytest.raises(Unavailable):
            await shown(ours, customer)


async def test_R19_an_invoice_of_no_customer_is_not_for_an_account_that_has_none() -> None:
    """Neither has one: that makes it nobody's."""
    async with answering({"*": invoice(customer=None, metadata={})}) as (client, _):
        assert await hosted_invoice(client, "in_1", customer=None, account_id="shop", life="life") is None


# ---------------------------------------------------------------------- what is shown of it

CREATED, START, END = 1_800_000_000, 1_801_000_000, 1_803_000_000


def at(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def period(start: Any, end: Any) -> dict[str, Any]:
    return {"object": "line_item", "period": {"start": start, "end": end}}


def view(**changes: Any) -> InvoiceView:
    whole = {
        "id": "in_1", "object": "invoice", "number": "R-1", "status": "open", "amount_due": 7500, "amount_paid": 2500,
        "currency": "usd", "created": CREATED, "metadata": MARKS, "hosted_invoice_url": "https://pay.example/in_1",
        "invoice_pdf": "https://pay.example/in_1.pdf", "lines": {"object": "list", "data": [period(START, END)]},
    }  # fmt: skip
    return view_of(stripe.Invoice.construct_from({**whole, **changes}, None))


def test_all_that_an_invoice_says_is_shown() -> None:
    """Each field as Stripe has it."""
    assert view() == InvoiceView(
        id="in_1",
        number="R-1",
        status="open",
        amount_due=7500,
        amount_paid=2500,
        currency="usd",
        created=at(CREATED),
        period=Term(start=at(START), end=at(END)),
        payment_key="shop-list:1",
        hosted_invoice_url="https://pay.example/in_1",
        invoice_pdf="https://pay.example/in_1.pdf",
    )


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("status", None, "unknown"),
        ("amount_due", "7500", None),
        ("metadata", None, None),
        ("created", None, None),
        ("created", int(EARLIEST.timestamp()) - 1, None),
        ("created", int(EARLIEST.timestamp()), EARLIEST),
        ("created", int(LATEST.timestamp()) - 1, at(int(LATEST.timestamp()) - 1)),
        ("created", int(LATEST.timestamp()), None),
        ("created", 10**15, None),
    ],
)
def test_what_an_invoice_does_not_say_is_left_open(field: str, value: Any, expected: Any) -> None:
    """Also what is of another type than documented, or at no time that is shown."""
    shown = view(**{field: value})
    assert getattr(shown, {"metadata": "payment_key"}.get(field, field)) == expected


@pytest.mark.parametrize("first", [(START, START), (START, START - 1), (None, END), (START, None), (None, None)])
def test_the_period_is_the_first_that_lasts(first: tuple[Any, Any]) -> None:
    """Lines made by hand begin when they end, or have none."""
    lines = [period(*first), period(START, END), period(START, END + 1)]
    assert view(lines={"object": "list", "data": lines}).period == Term(start=at(START), end=at(END))
    assert view(lines={"object": "list", "data": lines[:1]}).period is None
    assert view(lines=None).period is None
