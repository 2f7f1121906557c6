"""Products, events and the customer portal's sessions: what needs little more than to be kept and found."""

import secrets

import stripe
import stripe.billing_portal
from stripe.params import EventListParams, ProductCreateParams, ProductListParams
from stripe.params.billing_portal import SessionCreateParams

from reprise.stripe_sandbox import customers
from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window, with_metadata
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id


def create_product(call: Call, parameters: Parameters) -> Object:
    """Make a product, with an id of one's own choosing if given."""
    product_id = parameters.get("id") or new_id("prod")
    if call.store.get("product", product_id):
        raise invalid("Product already exists.", code="resource_already_exists", param="id")
    product = shaped(
        stripe.Product,
        id=product_id,
        object="product",
        active=parameters.get("active", True),
        created=call.now,
        description=parameters.get("description"),
        images=[],
        livemode=False,
        marketing_features=[],
        metadata={},
        name=parameters["name"],
        type="service",
        updated=call.now,
    )
    with_metadata(product, parameters.get("metadata"))
    return call.store.put(product)


def retrieve_product(call: Call, _: Parameters, product: str) -> Object:
    """Return a product."""
    return call.found("product", product)


def list_products(call: Call, parameters: Parameters) -> Object:
    """List products."""
    return call.page("/v1/products", call.store.all("product"), parameters)


def retrieve_event(call: Call, _: Parameters, event: str) -> Object:
    """Return an event."""
    return call.found("event", event)


def list_events(call: Call, parameters: Parameters) -> Object:
    """List events, also by type and creation."""
    documents = [
        each
        for each in call.store.all("event")
        if parameters.get("type") in {None, each["type"]} and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/events", documents, parameters)


def create_portal_session(call: Call, parameters: Parameters) -> Object:
    """Make a session of the customer portal: its address lets its holder change the customer's card."""
    customer = customers.found(call, parameters.get("customer", ""), param="customer")
    token = secrets.token_urlsafe(24)
    flow = _flow(parameters["flow_data"]) if parameters.get("flow_data") else None
    session = shaped(
        stripe.billing_portal.Session,
        id=new_id("bps"),
        object="billing_portal.session",
        configuration="bpc_1ReprisesSandbox",
        created=call.now,
        customer=customer["id"],
        flow=flow,
        livemode=False,
        locale=parameters.get("locale"),
        return_url=parameters.get("return_url"),
        url=f"{call.base_url}/_sandbox/portal/{token}",
        _sandbox={"token": token},
    )
    return call.store.put(session, owner=token)


def _flow(asked: Object) -> Object:
    """Return the flow of a session that leads to one thing and on from there (billing_portal/sessions/object#flow).

    Raises:
        StripeFailure: 400: a redirect without an address, or a flow that the sandbox does not have.
    """
    if asked.get("type") != "payment_method_update":
        raise invalid("The sandbox's portal has the flow payment_method_update alone.", param="flow_data[type]")
    then = asked.get("after_completion") or {"type": "portal_homepage"}
    if then.get("type") == "redirect" and not (then.get("redirect") or {}).get("return_url"):
        param = "flow_data[after_completion][redirect][return_url]"
        raise invalid(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return {
        "type": "payment_method_update",
        "after_completion": {"type": then["type"], "redirect": then.get("redirect"), "hosted_confirmation": None},
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
    }


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/products",
        create_product,
        ProductCreateParams,
        frozenset({"id", "name", "active", "description", "metadata"}),
    ),
    Endpoint("GET", "/v1/products", list_products, ProductListParams, LISTING),
    Endpoint("GET", "/v1/products/{product}", retrieve_product),
    Endpoint("GET", "/v1/events", list_events, EventListParams, LISTING | {"type", "created"}),
    Endpoint("GET", "/v1/events/{event}", retrieve_event),
    Endpoint(
        "POST",
        "/v1/billing_portal/sessions",
        create_portal_session,
        SessionCreateParams,
        frozenset(
            {
                "customer",
                "return_url",
                "locale",
                "flow_data.type",
                "flow_data.after_completion.type",
                "flow_data.after_completion.redirect.return_url",
            }
        ),
    ),
)
