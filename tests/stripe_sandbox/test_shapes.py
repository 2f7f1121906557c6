"""Every object of the sandbox has the shape that the `stripe` package annotates: nothing missing or unknown."""

import ast
import builtins
import inspect
import sys
import types
from decimal import Decimal
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import httpx
import pytest
import stripe

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


def fields_of(kind: type) -> dict[str, Any]:
    return {name: hint for name, hint in kind.__annotations__.items() if name not in {"OBJECT_NAME", "deleted"}}


class Names(dict[str, Any]):
    """What a class's annotations mean by their names: most of them are imported for type checkers only."""

    def __init__(self, kind: type) -> None:
        module = sys.modules[kind.__module__]
        super().__init__({**vars(builtins), **vars(sys.modules["typing"]), **vars(module), "Decimal": Decimal})
        self |= {name: getattr(kind, name) for name in dir(kind) if isinstance(getattr(kind, name), type)}
        self.imported = imports_of(module)

    def __missing__(self, name: str) -> Any:
        return getattr(import_module(self.imported[name][0]), self.imported[name][1])


@cache
def imports_of(module: ModuleType) -> dict[str, tuple[str, str]]:
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def resolved(hint: Any, kind: type) -> Any:
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return eval(hint, {}, Names(kind))  # noqa: S307 - annotations of the stripe package
    return hint


def complaints(value: Any, hint: Any, where: str, kind: type) -> list[str]:
    """Compare a value with an annotation, all the way down."""
    hint = resolved(hint, kind)
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        tried = [complaints(value, each, where, kind) for each in args]
        return [] if [] in tried else min(tried, key=len)
    if hint is Any or hint is None or isinstance(hint, ForwardRef):
        return []
    if hint is type(None):
        return [] if value is None else [f"{where}: {value!r} is not null"]
    if origin is Literal:
        return [] if value in args else [f"{where}: {value!r} is none of {args}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        return [each for n, item in enumerate(value) for each in complaints(item, args[0], f"{where}[{n}]", kind)]
    if isinstance(origin, type) and issubclass(origin, stripe.ListObject):
        return [
            each
            for n, item in enumerate(value["data"])
            for each in complaints(item, args[0], f"{where}.data[{n}]", kind)
        ]
    if origin is not None:  # metadata and other free dictionaries
        return [] if isinstance(value, dict) else [f"{where}: {value!r} is no object"]
    if hint is Decimal:
        return [] if isinstance(value, str) else [f"{where}: {value!r} is no decimal string"]
    if isinstance(hint, type) and issubclass(hint, stripe.StripeObject):
        return wrong_in(value, hint, where) if isinstance(value, dict) else [f"{where}: {value!r} is no object"]
    if isinstance(hint, type):
        right = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
        return [] if right else [f"{where}: {value!r} is no {hint.__name__}"]
    return []


def wrong_in(document: dict[str, Any], kind: type, where: str) -> list[str]:
    fields = fields_of(kind)
    unknown = [f"{where}.{name}: unknown" for name in document if name not in fields]
    missing = []
    for name, hint in fields.items():
        optional = "Optional" in str(hint) or "None" in str(hint)
        if name not in document and not optional:
            missing.append(f"{where}.{name}: missing")
    wrong = [
        each
        for name, value in document.items()
        if name in fields
        for each in complaints(value, fields[name], f"{where}.{name}", kind)
    ]
    return unknown + missing + wrong


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
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sk_test_x"}, base_url=stripe_side.url) as raw:
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
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sk_test_x"}, base_url=stripe_side.url) as raw:
        plain = (await raw.get("/v1/invoices", params={"customer": customer.id})).json()["data"][0]
    assert not fields & plain.keys()
    assert fields <= INCLUDABLE
