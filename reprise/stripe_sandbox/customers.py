"""Customers."""

import re
import secrets

import stripe
from stripe.params import CustomerCreateParams, CustomerListParams, CustomerSearchParams, CustomerUpdateParams

from reprise.stripe_sandbox import attaching, balances, discounts
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import bad_parameter, invalid, missing
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import public, shaped
from reprise.stripe_sandbox.store import Object, new_id

_PLAIN = ("email", "name", "phone", "description", "address", "shipping")
_WRITABLE = frozenset({*_PLAIN, "balance", "metadata", "invoice_settings.default_payment_method"})
_OLDER = frozenset({"coupon"})
"""Parameters that the API versions of 2024 had."""

_LABEL = r"[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9\u00a1-\uffff-]*[A-Za-z0-9\u00a1-\uffff])?"
_EMAIL = re.compile(rf"[^\s@<>(),;:\"\[\]\\.]+(?:\.[^\s@<>(),;:\"\[\]\\.]+)*@{_LABEL}(?:\.{_LABEL})*\.[^\W\d_][\w-]+")
"""The e-mails that Stripe takes: a domain with a dot, no empty part (exercism/website 7721, alaveteli 8591)."""


def create(call: Call, parameters: Parameters) -> Object:
    """Make a customer, with a payment method that is attached to it, if one is given (docs.stripe.com/api/customers).

    Raises:
        StripeFailure: 400, 402: what is given is not valid, or cannot be attached. There is no customer then.
    """
    customer = shaped(
        stripe.Customer,
        id="cus_" + new_id("c")[3:17],
        object="customer",
        balance=0,
        created=call.now,
        delinquent=False,
        invoice_prefix=secrets.token_hex(4).upper(),
        invoice_settings={
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        livemode=False,
        metadata={},
        next_invoice_sequence=1,
        preferred_locales=[],
        tax_exempt="none",
    )
    _write(call, customer, {name: given for name, given in parameters.items() if name != "invoice_settings"})
    default = (parameters.get("invoice_settings") or {}).get("default_payment_method")
    if given := parameters.get("payment_method"):
        method = attaching.attached(call, given, customer, param="payment_method")
        default = method["id"] if default == given else default
    set_default(call, customer, default or None)
    call.store.put(customer)
    if parameters.get("balance"):
        balances.set_to(call, customer, parameters["balance"], kind="initial")
    call.emit("customer.created", customer)
    return customer


def _write(call: Call, customer: Object, parameters: Parameters) -> None:
    if parameters.get("email"):
        check_email(parameters["email"])
    for name in _PLAIN:
        if name in parameters:
            customer[name] = parameters[name] or None
    with_metadata(customer, parameters.get("metadata"))
    settings = parameters.get("invoice_settings") or {}
    if "default_payment_method" in settings:
        set_default(call, customer, settings["default_payment_method"] or None)
    if "coupon" in parameters:
        coupon = parameters["coupon"]
        customer["discount"] = discounts.redeemed(call, coupon, customer=customer["id"]) if coupon else None


def check_email(email: str) -> None:
    """Refuse an e-mail that Stripe does not take.

    Raises:
        StripeFailure: 400 `email_invalid` (docs.stripe.com/error-codes#email-invalid).
    """
    if len(email) > 512 or not _EMAIL.fullmatch(email):
        raise invalid(f"Invalid email address: {email}", code="email_invalid", param="email")


def set_default(call: Call, customer: Object, payment_method: str | None) -> None:
    """Set the default payment method for invoices.

    Raises:
        StripeFailure: 400: it is not attached to this customer.
    """
    if payment_method is not None:
        document = call.store.get("payment_method", payment_method)
        if document is None or document["customer"] != customer["id"]:
            raise missing("PaymentMethod", payment_method, param="invoice_settings[default_payment_method]", status=400)
    customer["invoice_settings"] = {**customer["invoice_settings"], "default_payment_method": payment_method}


def found(call: Call, customer: str, *, param: str = "id") -> Object:
    """Return a customer that is not deleted.

    Raises:
        StripeFailure: There is none.
    """
    document = call.found("customer", customer, param=param, what="customer")
    if document.get("deleted"):
        raise missing("customer", customer, param=param, status=404 if param == "id" else 400)
    return document


def retrieve(call: Call, _: Parameters, customer: str) -> Object:
    """Return a customer; of a deleted one, that it is deleted."""
    document = call.found("customer", customer, what="customer")
    return {"id": customer, "object": "customer", "deleted": True} if document.get("deleted") else document


def update(call: Call, parameters: Parameters, customer: str) -> Object:
    """Change a customer."""
    document = found(call, customer)
    before = {**document}
    _write(call, document, parameters)
    call.store.put(document)
    if "balance" in parameters:
        balances.set_to(call, document, parameters["balance"])
        before["balance"], before["currency"] = document["balance"], document["currency"]
    previous = {key: value for key, value in public(before).items() if document[key] != value}
    if previous:
        call.emit("customer.updated", document, previous)
    return document


def delete(call: Call, _: Parameters, customer: str) -> Object:
    """Delete a customer: it stays retrievable as deleted, and its subscriptions end (docs.stripe.com/api/customers)."""
    document = found(call, customer)
    for subscription in call.store.all("subscription", owner=customer):
        if subscription["status"] != "canceled":
            subscription.update(status="canceled", canceled_at=call.now, ended_at=call.now)
            call.emit("customer.subscription.deleted", call.store.put(subscription))
    for method in call.store.all("payment_method", owner=customer):
        call.store.put({**method, "customer": None}, owner="")
    call.store.put({**document, "deleted": True})
    call.emit("customer.deleted", document)
    return {"id": customer, "object": "customer", "deleted": True}


def delete_discount(call: Call, _: Parameters, customer: str) -> Object:
    """Take a customer's discount away."""
    document = found(call, customer)
    discount = document["discount"]
    if discount is None:
        raise missing("discount", customer, param="discount")
    call.store.put({**document, "discount": None})
    call.emit("customer.discount.deleted", discount)
    return {**discount, "deleted": True}


def list_all(call: Call, parameters: Parameters) -> Object:
    """List customers, also by e-mail (exactly as written) and creation."""
    email = parameters.get("email")
    documents = [
        each
        for each in (call.store.all("customer") if email is None else call.store.with_email(email))
        if not each.get("deleted") and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/customers", documents, parameters)


_CLAUSE = re.compile(r"""metadata\[["'](?P<name>[^"'\]]{1,40})["']\]:["'](?P<value>[^"']{0,500})["']""")

INDEXED_AFTER = 2
"""Seconds until a search finds a new customer; at Stripe up to a minute (docs.stripe.com/search#data-freshness)."""


def search(call: Call, parameters: Parameters) -> Object:
    """Search customers by pairs of metadata, joined by AND; the newest are not found yet.

    Raises:
        StripeFailure: 400: a query that is none, or one that is not carried out here.
    """
    query = parameters["query"]
    clauses = [_CLAUSE.fullmatch(each) for each in query.split(" AND ")]
    wanted = {each["name"]: each["value"] for each in clauses if each}
    if len(wanted) < len(clauses):
        message = f"We were unable to parse your search query: {query}. The sandbox takes pairs of metadata."
        raise bad_parameter(message, code=None, param="query")
    found = [
        each
        for each in call.store.all("customer")
        if not each.get("deleted")
        and each["created"] <= call.now - INDEXED_AFTER
        and wanted.items() <= each["metadata"].items()
    ]
    page = call.page("/v1/customers/search", found, {"limit": parameters.get("limit", 10)})
    return {**page, "object": "search_result", "next_page": None}


ENDPOINTS = (
    Endpoint("GET", "/v1/customers/search", search, CustomerSearchParams, frozenset({"query", "limit"})),
    Endpoint("POST", "/v1/customers", create, CustomerCreateParams, _WRITABLE | {"payment_method"}, _OLDER),
    Endpoint("GET", "/v1/customers", list_all, CustomerListParams, LISTING | {"email", "created"}),
    Endpoint("GET", "/v1/customers/{customer}", retrieve),
    Endpoint("POST", "/v1/customers/{customer}", update, CustomerUpdateParams, _WRITABLE, _OLDER),
    Endpoint("DELETE", "/v1/customers/{customer}", delete),
    Endpoint("DELETE", "/v1/customers/{customer}/discount", delete_discount),
)
