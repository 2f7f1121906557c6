"""Every object of the sandbox has the shape that the `stripe` package annotates: nothing missing or unknown."""

from typing import Any

import pytest
import stripe

from tests.plain_http import plain_client
from tests.stripe_sandbox.annotations import wrong_in
from tests.stripe_side import StripeSide

INCLUDABLE = {
    "payments",
    "confirmation_secret",
    "subscriptions",
    "sources",
    "tax_ids",
    "cash_balance",
    "refunds",
    "tax",
}


KINDS: dict[str, type] = {
    "customer": stripe.Customer,
    "payment_method": stripe.PaymentMethod,
    "invoice": stripe.Invoice,
    "invoiceitem": stripe.InvoiceItem,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "coupon": stripe.Coupon,
    "discount": stripe.Discount,
    "customer_balance_transaction": stripe.CustomerBalanceTransaction,
    "setup_intent": stripe.SetupIntent,
    "event": stripe.Event,
    "product": stripe.Product,
    "price": stripe.Price,
    "subscription": stripe.Subscription,
    "webhook_endpoint": stripe.WebhookEndpoint,
    "billing_portal.session": stripe.billing_portal.Session,
}


async def subscribed(v1: stripe.V1Services, customer: str, product: str) -> None:
    """Make a subscription in each of its states, licensed and metered."""
    monthly: Any = {"currency": "usd", "product": product, "unit_amount": 2500, "recurring": {"interval": "month"}}
    price = await v1.prices.create_async(monthly)
    metered: Any = {**monthly, "recurring": {"interval": "month", "usage_type": "metered", "meter": "mtr_1"}}
    metered_price = await v1.prices.create_async(metered)
    items: Any = [{"price": price.id, "quantity": 3}, {"price": metered_price.id}]
    ending = await v1.subscriptions.create_async({"customer": customer, "items": items})
    await v1.subscriptions.update_async(ending.id, {"cancel_at_period_end": True})
    await v1.subscriptions.create_async({"customer": customer, "items": items, "trial_period_days": 7})
    paused = await v1.subscriptions.create_async({"customer": customer, "items": items[:1]})
    await v1.subscriptions.update_async(paused.id, {"pause_collection": {"behavior": "void"}})
    await v1.subscriptions.cancel_async(
        (await v1.subscriptions.create_async({"customer": customer, "items": items})).id
    )


async def test_every_object_has_the_annotated_shape(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """A life that makes each kind of object in each of its states; then all of them, from the dump and the API."""
    v1 = client.v1
    await v1.customers.update_async(customer.id, {"balance": 100})
    stripe_side.post(f"customers/{customer.id}/discount", {"percent_off": 10})
    stripe_side.post("settings", {"automatic_tax": True})
    methods = (
        "pm_card_visa",
        "pm_card_createDispute",
        "pm_card_chargeCustomerFail",
        "pm_card_authenticationRequired",
        "pm_card_authenticationRequiredOnSetup",
        "pm_usBankAccount_success",
        "pm_usBankAccount_dispute",
        "pm_usBankAccount_accountClosed",
        "pm_usBankAccount_processing",
    )
    for card in methods:
        invoice = await v1.invoices.create_async({"customer": customer.id, "auto_advance": False, "currency": "usd"})
        await v1.invoice_items.create_async({"customer": customer.id, "invoice": invoice.id, "amount": 700})
        await v1.invoices.finalize_invoice_async(invoice.id)
        try:
            await v1.invoices.pay_async(invoice.id, {"payment_method": card})
        except stripe.CardError:
            await v1.invoices.void_invoice_async(invoice.id)
    stripe_side.post("payment_intents/settle", {})
    stripe_side.post("settings", {})
    charge = (await v1.charges.list_async({"customer": customer.id})).data[-1]
    await v1.refunds.create_async({"charge": charge.id, "amount": 100})
    product = await v1.products.create_async({"name": "Carts"})
    await subscribed(v1, customer.id, product.id)
    made: list[dict[str, Any]] = []
    async with plain_client(headers={"Authorization": "Bearer sk_test_x"}, base_url=stripe_side.url) as raw:
        made.append(
            (
                await raw.post(
                    "/v1/webhook_endpoints", data={"url": "http://127.0.0.1:9/", "enabled_events[]": "customer.created"}
                )
            ).json()
        )
        made.append((await raw.post("/v1/billing_portal/sessions", data={"customer": customer.id})).json())
        setup = {"customer": customer.id, "payment_method": "pm_card_visa", "confirm": "true"}
        made.append((await raw.post("/v1/setup_intents", data=setup)).json())
        listed = (await raw.get("/v1/invoices", params={"customer": customer.id, "expand[]": "data.payments"})).json()
        made += listed["data"]
        await raw.delete(f"/v1/webhook_endpoints/{made[0]['id']}")
    for kind in stripe_side.dump().values():
        made += [each for each in kind if isinstance(each, dict) and "object" in each] if isinstance(kind, list) else []
    made = [each for each in made if not each.get("deleted")]  # the dump remembers what the API answers no more
    seen = {document["object"] for document in made}
    assert seen == KINDS.keys()
    wrong = {each for document in made for each in wrong_in(document, KINDS[document["object"]], document["object"])}
    assert not wrong


async def test_the_check_can_fail() -> None:
    """An unknown field, a missing one and one of the wrong type are found."""
    assert wrong_in({"id": "x", "object": "product", "surprise": 1}, stripe.Product, "product")
    assert any("surprise" in each for each in wrong_in({"surprise": 1}, stripe.Product, "product"))
    assert any("owner" in each for each in wrong_in({"default_price": 5}, stripe.Product, "owner"))
    assert any("created" in each for each in wrong_in({"created": "now"}, stripe.Product, "product"))


@pytest.mark.parametrize("fields", [{"payments"}, {"confirmation_secret"}])
async def test_includable_fields_come_only_when_asked_for(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide, fields: set[str]
) -> None:
    """As at Stripe, `payments` is not in the answer without `expand`."""
    await client.v1.invoices.create_async({"customer": customer.id})
    async with plain_client(headers={"Authorization": "Bearer sk_test_x"}, base_url=stripe_side.url) as raw:
        plain = (await raw.get("/v1/invoices", params={"customer": customer.id})).json()["data"][0]
    assert not fields & plain.keys()
    assert fields <= INCLUDABLE
