"""What changes a sum behind one's back, and how it is kept out."""

from typing import Any

import pytest

from tests.assumptions.account import Account
from tests.assumptions.errors import refusal


async def test_pending_items_stay_out(account: Account) -> None:
    """An item that waits for the customer's next invoice is not on one that excludes pending items.

    Source: docs.stripe.com/api/invoices/create#create_invoice-pending_invoice_items_behavior
    """
    customer = await account.customer(card=None)
    await account.v1.invoice_items.create_async({"customer": customer.id, "currency": "usd", "amount": 999})
    invoice = await account.finalized(customer.id, pending_invoice_items_behavior="exclude")
    assert (invoice.amount_due, len(invoice.lines.data)) == (7500, 1)
    including = await account.draft(customer.id, pending_invoice_items_behavior="include")
    assert (await account.v1.invoices.retrieve_async(including.id)).total == 8499


async def test_a_customers_discount_is_inherited_unless_switched_off(account: Account) -> None:
    """The customer's coupon makes a new invoice cheaper; `discounts` empty keeps it out.

    A customer gets one by the dashboard or, as here, by an older version of the API.
    Source: docs.stripe.com/api/invoices/create#create_invoice-discounts
    """
    customer = await account.customer(card=None)
    coupon = await account.coupon(percent_off=50)
    await account.client.raw_request_async(
        "post", f"/v1/customers/{customer.id}", coupon=coupon, stripe_version="2024-06-20"
    )
    assert (await account.finalized(customer.id)).amount_due == 3750
    assert (await account.finalized(customer.id, discounts="")).amount_due == 7500


async def test_with_everything_switched_off_the_sum_is_that_of_the_lines(account: Account) -> None:
    """With tax, discounts and pending items switched off, `amount_due` is what the lines come to.

    Source: docs.stripe.com/api/invoices/create
    """
    customer = await account.customer(card=None)
    switched_off: Any = {
        "automatic_tax": {"enabled": False},
        "discounts": "",
        "pending_invoice_items_behavior": "exclude",
        "payment_settings": {"payment_method_types": ["card"]},
    }
    invoice = await account.finalized(customer.id, **switched_off)
    assert (invoice.subtotal, invoice.total, invoice.amount_due) == (7500, 7500, 7500)
    assert (invoice.total_taxes, invoice.discounts) == ([], [])


async def test_what_a_customer_owes_is_added_and_given_back(account: Account) -> None:
    """`amount_due` is total and balance together; a void invoice gives the balance back.

    Source: docs.stripe.com/invoicing/customer/balance, docs.stripe.com/api/invoices/object#invoice_object-amount_due
    """
    customer = await account.customer(card=None, balance=2000)
    invoice = await account.finalized(customer.id)
    assert (invoice.total, invoice.amount_due, invoice.starting_balance) == (7500, 9500, 2000)
    assert await account.balance(customer.id) == 0
    await account.v1.invoices.void_invoice_async(invoice.id)
    assert await account.balance(customer.id) == 2000


async def test_credit_pays_a_part_or_all(account: Account) -> None:
    """Credit lowers `amount_due`; enough of it makes the invoice paid when it is finalized, without a charge.

    Source: docs.stripe.com/invoicing/customer/balance
    """
    customer = await account.customer(balance=-10000)
    whole = await account.finalized(customer.id)
    assert (whole.status, whole.amount_due, whole.total) == ("paid", 0, 7500)
    assert await account.balance(customer.id) == -2500
    part = await account.finalized(customer.id)
    assert (part.status, part.amount_due) == ("open", 5000)
    await account.v1.invoices.pay_async(part.id)
    assert [each.amount for each in await account.charges(customer.id)] == [5000]


async def test_too_small_a_sum_is_carried_to_the_balance(account: Account) -> None:
    """Below the minimum charge the invoice counts as paid, nothing is charged, and the customer owes it from then on.

    Source: docs.stripe.com/invoicing/customer/balance, docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id, 30)
    assert (invoice.status, invoice.amount_due, invoice.total) == ("paid", 0, 30)
    assert await account.balance(customer.id) == 30
    assert await account.charges(customer.id) == []
    assert (await account.finalized(customer.id)).amount_due == 7530


@pytest.mark.parametrize("currency", ["ugx", "isk"])
async def test_two_decimals_that_must_be_nothing(account: Account, currency: str) -> None:
    """UGX and ISK count two decimals that must be 00: a fraction is refused before it is charged.

    Source: docs.stripe.com/currencies#special-cases
    """
    customer = await account.customer()
    assert (await account.finalized(customer.id, 50_000_000, currency)).amount_due == 50_000_000

    async def charge_a_fraction() -> None:
        invoice = await account.finalized(customer.id, 50_000_050, currency)
        await account.v1.invoices.pay_async(invoice.id)

    assert "divisible by 100" in str(await refusal(charge_a_fraction()))
    assert await account.charges(customer.id) == []


async def test_yen_have_no_decimals(account: Account) -> None:
    """Yen have no decimals: 500 yen are 500.

    Source: docs.stripe.com/currencies#zero-decimal
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id, 500, "jpy")
    await account.v1.invoices.pay_async(invoice.id)
    assert [(each.amount, each.currency) for each in await account.charges(customer.id)] == [(500, "jpy")]
