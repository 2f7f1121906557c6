"""Payment methods: attached, detached, listed."""

from stripe.params import CustomerPaymentMethodListParams, PaymentMethodAttachParams, PaymentMethodListParams

from reprise.stripe_sandbox import attaching, customers
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint
from reprise.stripe_sandbox.errors import invalid, missing
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.store import Object


def attach(call: Call, parameters: Parameters, payment_method: str) -> Object:
    """Attach a payment method to a customer."""
    customer = parameters.get("customer")
    if not customer:
        raise missing("customer", "", param="customer", status=400)
    return attaching.attached(call, payment_method, customers.found(call, customer, param="customer"))


def detach(call: Call, _: Parameters, payment_method: str) -> Object:
    """Detach a payment method; it is no customer's default any more."""
    document = call.found("payment_method", payment_method, what="PaymentMethod")
    if document["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    customer = call.found("customer", document["customer"], param="customer")
    if customer["invoice_settings"]["default_payment_method"] == payment_method:
        customers.set_default(call, customer, None)
        call.store.put(customer)
    document["customer"] = None
    call.store.put(document, owner="")
    call.emit("payment_method.detached", document)
    return document


def retrieve(call: Call, _: Parameters, payment_method: str) -> Object:
    """Return a payment method."""
    return attaching.found(call, payment_method)


def list_all(call: Call, parameters: Parameters) -> Object:
    """List a customer's payment methods."""
    customer = parameters.get("customer")
    owned = call.store.all("payment_method", owner=customer) if customer else []
    documents = [each for each in owned if parameters.get("type") in {None, each["type"]}]
    return call.page("/v1/payment_methods", documents, parameters)


def list_of_customer(call: Call, parameters: Parameters, customer: str) -> Object:
    """List a customer's payment methods, by the customer's path."""
    customers.found(call, customer)
    return list_all(call, {**parameters, "customer": customer})


ENDPOINTS = (
    Endpoint("GET", "/v1/payment_methods", list_all, PaymentMethodListParams, LISTING | {"customer", "type"}),
    Endpoint("GET", "/v1/payment_methods/{payment_method}", retrieve),
    Endpoint(
        "POST",
        "/v1/payment_methods/{payment_method}/attach",
        attach,
        PaymentMethodAttachParams,
        frozenset({"customer"}),
    ),
    Endpoint("POST", "/v1/payment_methods/{payment_method}/detach", detach),
    Endpoint(
        "GET",
        "/v1/customers/{customer}/payment_methods",
        list_of_customer,
        CustomerPaymentMethodListParams,
        LISTING | {"type"},
    ),
)
