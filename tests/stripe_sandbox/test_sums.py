"""What changes a sum behind one's back: balances, minimums, discounts, tax, pending items, currencies."""

from typing import Any

import pytest
import stripe

from tests.stripe_side import StripeSide


async def finalized(
    client: stripe.StripeClient, customer: str, amount: int, currency: str = "usd", **invoice: Any
) -> stripe.Invoice:
    made = await client.v1.invoices.create_async({"customer": customer, "currency": currency, **invoice})  # type: ignore[arg-type]
    await client.v1.invoice_items.create_async(
        {"customer": customer, "invoice": made.id, "amount": amount, "currency": currency}
    )
    return await client.v1.invoices.finalize_invoice_async(made.id)


async def balance(client: stripe.StripeClient, customer: str) -> int | None:
    return (await client.v1.customers.retrieve_async(customer)).balance


@pytest.mark.parametrize(
    ("starts", "amount", "due", "ends", "status"),
    [
        (2000, 7500, 9500, 0, "open"),
        (-2000, 7500, 5500, 0, "open"),
        (-10000, 7500, 0, -2500, "paid"),
        (-7480, 7500, 0, 20, "paid"),  # 20 cents are too little to charge
        (0, 30, 0, 30, "paid"),
        (0, 100_000_000, 0, 100_000_000, "paid"),  # too much to charge: owed, as what is too little is
        (20, 30, 50, 0, "open"),  # together with what is owed it is enough
        (0, 0, 0, 0, "paid"),
    ],
)
async def test_what_is_due_with_a_balance(
    client: stripe.StripeClient, starts: int, amount: int, due: int, ends: int, status: str
) -> None:
    """Total and balance together, never below zero, never below the minimum."""
    customer = (await client.v1.customers.create_async({"balance": starts})).id
    draft = await client.v1.invoices.create_async({"customer": customer})
    await client.v1.invoice_items.create_async({"customer": customer, "invoice": draft.id, "amount": amount})
    draft = await client.v1.invoices.retrieve_async(draft.id)
    assert (draft.total, draft.starting_balance, draft.ending_balance) == (amount, starts, None)
    invoice = await client.v1.invoices.finalize_invoice_async(draft.id)
    assert (invoice.amount_due, invoice.starting_balance, invoice.ending_balance) == (due, starts, ends)
    assert (invoice.status, await balance(client, customer)) == (status, ends)
    changes = (await client.v1.customers.balance_transactions.list_async(customer)).data
    assert sum(each.amount for each in changes) == ends
    if status == "open":
        await client.v1.invoices.void_invoice_async(invoice.id)
        assert await balance(client, customer) == starts, "a void invoice gives back what it took"


async def test_balances_are_by_currency(client: stripe.StripeClient) -> None:
    """Dollars that are owed make no invoice in yen dearer."""
    customer = (await client.v1.customers.create_async({"balance": 2000})).id
    assert (await finalized(client, customer, 500, "jpy")).amount_due == 500
    assert (await finalized(client, customer, 500, "usd")).amount_due == 2500


@pytest.mark.parametrize(
    ("currency", "amount", "refused"),
    [
        ("ugx", 500000, None),
        ("ugx", 500050, "evenly divisible by 100"),
        ("isk", 50050, "evenly divisible by 100"),
        ("huf", 20050, None),
        ("usd", 99999999, None),
        ("idr", 999999999999, None),
    ],
)
async def test_what_currencies_allow(
    client: stripe.StripeClient, customer: stripe.Customer, currency: str, amount: int, refused: str | None
) -> None:
    """Whole units where there are no others, and the largest sum."""
    if refused is None:
        assert (await finalized(client, customer.id, amount, currency)).amount_due == amount
        return
    with pytest.raises(stripe.InvalidRequestError, match=refused):
        await finalized(client, customer.id, amount, currency)
    newest = (await client.v1.invoices.list_async({"customer": customer.id})).data[0]
    assert newest.status == "draft", "a refused request leaves nothing"


async def test_a_discount_is_inherited_unless_it_is_switched_off(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """The customer's; none by an empty string; one of the invoice's own instead."""
    stripe_side.post(f"customers/{customer.id}/discount", {"percent_off": 50})
    invoice = await finalized(client, customer.id, 7500)
    assert (invoice.subtotal, invoice.total, invoice.amount_due) == (7500, 3750, 3750)
    assert (await finalized(client, customer.id, 7500, discounts="")).amount_due == 7500
    coupon = await client.v1.coupons.create_async({"amount_off": 100, "currency": "usd", "duration": "once"})
    assert (await finalized(client, customer.id, 7500, discounts=[{"coupon": coupon.id}])).amount_due == 7400
    stripe_side.post(f"customers/{customer.id}/discount", {})
    assert (await finalized(client, customer.id, 7500)).amount_due == 7500


async def test_tax_by_default_is_switched_off_by_the_invoice(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """The dashboard's default, and `automatic_tax[enabled]=false`."""
    stripe_side.post("settings", {"automatic_tax": True})
    try:
        taxed = await finalized(client, customer.id, 7500)
        assert (taxed.total_excluding_tax, taxed.total, taxed.amount_due) == (7500, 8250, 8250)
        assert (await finalized(client, customer.id, 7500, automatic_tax={"enabled": False})).amount_due == 7500
    finally:
        stripe_side.post("settings", {})


async def test_pending_items_wait_for_an_invoice_that_includes_them(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """Excluded by default; included once, when asked for; listed in between."""
    item = await client.v1.invoice_items.create_async({"customer": customer.id, "amount": 999})
    pending = await client.v1.invoice_items.list_async({"customer": customer.id, "pending": True})
    assert [each.id for each in pending.data] == [item.id]
    assert (await finalized(client, customer.id, 7500)).amount_due == 7500
    including = {"pending_invoice_items_behavior": "include"}
    assert (await finalized(client, customer.id, 7500, **including)).amount_due == 8499
    assert (await finalized(client, customer.id, 7500, **including)).amount_due == 7500
    listed = await client.v1.invoice_items.list_async({"customer": customer.id})
    assert len(listed.data) == 4


async def test_refunds_fail_and_disputes_open_and_close(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """With their events; a disputed charge is not refunded; one that is won again, is."""
    invoice = await finalized(client, customer.id, 7500)
    await client.v1.invoices.pay_async(invoice.id)
    charge = (await client.v1.charges.list_async({"customer": customer.id})).data[0]
    refund = await client.v1.refunds.create_async({"charge": charge.id, "amount": 500})
    stripe_side.post(f"refunds/{refund.id}/fail", {"reason": "declined"})
    assert (await client.v1.refunds.retrieve_async(refund.id)).failure_reason == "declined"
    dispute = stripe_side.post(f"charges/{charge.id}/dispute", {"reason": "product_not_received"})
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        await client.v1.refunds.create_async({"charge": charge.id})
    listed = (await client.v1.disputes.list_async({"payment_intent": str(charge.payment_intent)})).data
    assert [(each.id, each.reason, each.status) for each in listed] == [
        (dispute["id"], "product_not_received", "needs_response")
    ]
    stripe_side.post(f"disputes/{dispute['id']}/close", {"outcome": "won"})
    assert (await client.v1.disputes.retrieve_async(dispute["id"])).status == "won"
    assert (await client.v1.refunds.create_async({"charge": charge.id})).amount == 7500
    told = [each["type"] for each in stripe_side.dump()["events"]]
    for kind in ("created", "funds_withdrawn", "updated", "closed", "funds_reinstated"):
        assert f"charge.dispute.{kind}" in told
    assert {"refund.created", "refund.updated", "refund.failed", "charge.refunded"} <= set(told)
