"""Subscriptions that are taken over: what is read of one, and that it ends when it was told to (R25)."""

from typing import Any

from tests.assumptions.account import Account


async def test_a_subscription_ends_with_its_period_and_is_paid_until_then(account: Account) -> None:
    """One told to cancel at its period's end stays active; its item says until when it is paid, and what it costs.

    Source: docs.stripe.com/billing/subscriptions/cancel, docs.stripe.com/api/subscriptions/object
    """
    customer = await account.customer("pm_card_visa")
    product = await account.v1.products.create_async({"name": "Carts"})
    monthly: Any = {"currency": "usd", "product": product.id, "unit_amount": 2500, "recurring": {"interval": "month"}}
    items: Any = [{"price_data": monthly, "quantity": 3}]
    made = await account.v1.subscriptions.create_async({"customer": customer.id, "items": items})
    item = made["items"].data[0]
    assert (item.quantity, item.price.unit_amount, item.price.recurring.interval) == (3, 2500, "month")
    assert item.current_period_end > made.billing_cycle_anchor
    ending = await account.v1.subscriptions.update_async(made.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at) == ("active", item.current_period_end)
    listed = await account.v1.subscriptions.list_async({"customer": customer.id, "status": "active"})
    assert [each.id for each in listed.data] == [made.id]
