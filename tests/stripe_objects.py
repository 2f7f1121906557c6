"""Objects at Stripe as others make them there: in its dashboard, by another program, by a restore of theirs."""

from collections.abc import Mapping
from typing import Any

from stripe import V1Services


async def customer_with_card(stripe: V1Services, marks: Mapping[str, str] | None = None) -> str:
    """Make a customer who pays with a good card; return its id."""
    made = await stripe.customers.create_async({"email": "a@example.com", "metadata": dict(marks or {})})
    card = await stripe.payment_methods.attach_async("pm_card_visa", {"customer": made.id})
    await stripe.customers.update_async(made.id, {"invoice_settings": {"default_payment_method": card.id}})
    return made.id


async def marked_invoice(
    stripe: V1Services, customer: str, marks: Mapping[str, str], *, amount: int = 7500, pay: bool = False
) -> str:
    """Make an open invoice that bears an account's marks, or a paid one; return its id. `amount` is in cents."""
    made = await stripe.invoices.create_async(
        {"customer": customer, "currency": "usd", "auto_advance": False, "metadata": dict(marks)}
    )
    line: Any = {"customer": customer, "invoice": made.id, "amount": amount, "currency": "usd"}
    await stripe.invoice_items.create_async(line)
    await stripe.invoices.finalize_invoice_async(made.id, {"auto_advance": False})
    if pay:
        await stripe.invoices.pay_async(made.id)
    return made.id


async def monthly_subscription(stripe: V1Services, customer: str) -> str:
    """Subscribe a customer to 25.00 USD a month; return the subscription's id."""
    product = await stripe.products.create_async({"name": "Carts"})
    price = await stripe.prices.create_async(
        {"currency": "usd", "product": product.id, "unit_amount": 2500, "recurring": {"interval": "month"}}
    )
    return (await stripe.subscriptions.create_async({"customer": customer, "items": [{"price": price.id}]})).id
