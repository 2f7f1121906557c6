"""R15: whose each event of Stripe's is, by the shortest way; what is nobody's asks nobody."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from reprise.errors import Unavailable
from reprise.stripe_api.client import stripe_client
from reprise.stripe_api.webhooks import EventSubject, InvalidSignature, subject_of, verified
from tests.stripe_api.scripted import answering
from tests.stripe_events import header
from tests.stripe_objects import customer_with_card, marked_invoice
from tests.stripe_side import StripeSide

INVOICES = ["invoice.paid", "invoice.payment_failed", "invoice.voided", "invoice.marked_uncollectible"]
REFUNDS = ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated", "charge.dispute.closed"]

OLD, NEW = "whsec_of_before", "whsec_of_now"


def event(kind: str, about: Any, **data: Any) -> stripe.Event:
    made = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about, **data}}
    return stripe.Event.construct_from(made, "sk_test_reprise")


def subject(
    kind: str, account_id: str, *, payment_key: str | None = None, refund_id: str | None = None
) -> EventSubject:
    return EventSubject(account_id, "evt_1", kind, payment_key, refund_id)


def marked(**metadata: Any) -> dict[str, Any]:
    return {"id": "in_1", "object": "invoice", "customer": "cus_1", "metadata": metadata}


@pytest.fixture
async def nobody() -> AsyncIterator[stripe.StripeClient]:
    """A client that nobody answers: whoever asks it is told that Stripe is out of reach."""
    async with answering({"*": (503, "")}) as (client, _):
        yield client


class Paid:
    """A payment at Stripe: whose its customer is registered as, and whose the invoice is."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._stripe = client.v1
        self.names: str = f"names-{uuid.uuid4().hex[:8]}"
        self.pays: str = f"pays-{uuid.uuid4().hex[:8]}"
        self.customer = self.charge = ""

    async def make(self, customer: str | None = None) -> "Paid":
        self.customer = customer or await customer_with_card(self._stripe, {"account_id": self.names})
        await marked_invoice(self._stripe, self.customer, {"account_id": self.pays}, pay=True)
        self.charge = (await self._stripe.charges.list_async({"customer": self.customer})).data[0].id
        return self


# ---------------------------------------------------------------------- signatures


def signed(secret: str, **changes: Any) -> tuple[bytes, str]:
    body = {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": marked()}} | changes
    payload = json.dumps({name: value for name, value in body.items() if value is not ...}).encode()
    return payload, header(payload, secret=secret)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_R15_an_event_is_signed_with_one_of_the_secrets(secret: str) -> None:
    """Either, while they are exchanged."""
    found = verified(*signed(secret), (NEW, OLD))
    assert (found.id, found.type, found.data.object.id) == ("evt_1", "invoice.paid", "in_1")


def test_R15_what_nobody_has_signed_is_no_event() -> None:
    """Another's secret, another body, a header that is none, or one with letters that no header has."""
    payload, signature = signed(NEW)
    for body, given in ((payload, ""), (payload, "t=1"), (payload + b" ", signature), (payload, f"{signature},é=1")):
        with pytest.raises(InvalidSignature):
            verified(body, given, (NEW,))
    with pytest.raises(InvalidSignature):
        verified(payload, signature, (OLD,))
    with pytest.raises(InvalidSignature):
        verified(payload, signature, ())


@pytest.mark.parametrize(
    "changes",
    [{"id": 7}, {"id": "evt_é"}, {"type": "paid\u2003"}, {"type": None}, {"id": ...}, {"data": {}}, {"data": 7}],
)
def test_R15_what_is_signed_must_be_an_event(changes: dict[str, Any]) -> None:
    """Its id and type are passed on, in signals and logs."""
    with pytest.raises(InvalidSignature):
        verified(*signed(NEW, **changes), (NEW,))


# ---------------------------------------------------------------------- whose it is


@pytest.mark.parametrize("kind", INVOICES)
async def test_R15_an_invoice_names_its_account_and_payment(kind: str, nobody: stripe.StripeClient) -> None:
    """By its own marks: nobody is asked, whoever its customer is. A key that is none is left."""
    about = marked(account_id="shop", payment_key="shop:12")
    assert await subject_of(event(kind, about), nobody) == subject(kind, "shop", payment_key="shop:12")
    about = marked(account_id="shop", payment_key="other")
    assert await subject_of(event(kind, about), nobody) == subject(kind, "shop")


async def test_R15_an_invoice_without_marks_is_its_customers(
    client: stripe.StripeClient, nobody: stripe.StripeClient
) -> None:
    """Who is asked for, unless the event shows whose it is."""
    paid = await Paid(client).make()
    shown = {"id": "cus_of_another", "object": "customer", "metadata": {"account_id": "shop"}}
    about = {**marked(), "customer": shown}
    assert await subject_of(event("invoice.paid", about), nobody) == subject("invoice.paid", "shop")
    for customer in (paid.customer, {"id": paid.customer, "object": "customer"}):
        about = {**marked(), "customer": customer}
        assert await subject_of(event("invoice.paid", about), client) == subject("invoice.paid", paid.names)


@pytest.mark.parametrize(
    ("kind", "previous", "heeded"),
    [
        ("customer.updated", None, True),
        ("customer.updated", {"email": "old@example.com"}, False),
        ("customer.updated", {"invoice_settings": {"footer": None}}, False),
        ("customer.updated", {"invoice_settings": None}, False),
        ("customer.updated", {"invoice_settings": {"default_payment_method": None}}, True),
        ("customer.updated", {"default_source": None}, True),
        ("customer.deleted", {"email": "old@example.com"}, True),
        ("customer.created", None, False),
    ],
)
async def test_R9_R23_a_customer_matters_by_its_card_or_when_it_is_gone(
    kind: str, previous: Any, heeded: bool, nobody: stripe.StripeClient
) -> None:
    """Where Stripe does not say what was changed, it may be the card."""
    about = {"id": "cus_1", "object": "customer", "metadata": {"account_id": "shop", "payment_key": "shop:1"}}
    told = event(kind, about, **({} if previous is None else {"previous_attributes": previous}))
    assert await subject_of(told, nobody) == (subject(kind, "shop") if heeded else None)


async def test_R24_a_refund_is_of_the_account_whose_invoice_was_paid(client: stripe.StripeClient) -> None:
    """Its customer may pay for several accounts (R25), and others pay meanwhile."""
    paid = await Paid(client).make()
    later = await Paid(client).make(paid.customer)
    whole = {"id": later.charge, "object": "charge"}
    asked = [(kind, paid.charge, paid.pays) for kind in REFUNDS]
    for kind, charge, account_id in [*asked, (REFUNDS[0], whole, later.pays)]:
        about = {"id": "re_1", "object": "refund", "charge": charge}
        assert await subject_of(event(kind, about), client) == subject(kind, account_id, refund_id="re_1")


async def test_R24_a_charge_that_was_paid_back_is_told_with_its_latest_refund(client: stripe.StripeClient) -> None:
    """Of that charge alone; without one there is nothing to tell."""
    paid, other = await Paid(client).make(), await Paid(client).make()
    about = {"id": paid.charge, "object": "charge"}
    assert await subject_of(event("charge.refunded", about), client) is None
    for charge in (paid.charge, paid.charge, other.charge):
        refund = await client.v1.refunds.create_async({"charge": charge, "amount": 100})
        if charge == paid.charge:
            latest = refund.id
    told = subject("charge.refunded", paid.pays, refund_id=latest)
    assert await subject_of(event("charge.refunded", about), client) == told


async def test_R24_of_a_charges_refunds_the_latest_alone_is_read() -> None:
    """Stripe lists the newest first."""
    charge = '{"id": "ch_1", "object": "charge", "payment_intent": null, "customer": null}'
    refunds = '{"object": "list", "data": [{"id": "re_2", "object": "refund"}], "has_more": true}'
    async with answering({"GET /v1/refunds": refunds, "GET /v1/charges/ch_1": charge}) as (client, script):
        assert await subject_of(event("charge.refunded", {"id": "ch_1", "object": "charge"}), client) is None
        assert script.queries == [{"charge": "ch_1", "limit": "1"}, {}]


@pytest.mark.parametrize(
    ("intent", "invoices", "asked"),
    [
        (None, [], ["charges/ch_1", "customers/cus_1"]),
        ("pi_1", [], ["charges/ch_1", "invoice_payments", "customers/cus_1"]),
        ("pi_1", [{}], ["charges/ch_1", "invoice_payments", "customers/cus_1"]),
        ("pi_1", [{}, {"account_id": "shop"}], ["charges/ch_1", "invoice_payments"]),
    ],
)
async def test_R24_a_charge_leads_on_by_its_invoices_then_by_its_customer(
    intent: str | None, invoices: list[dict[str, str]], asked: list[str]
) -> None:
    """The first invoice that names an account; a charge without a payment intent has none."""
    charge = {"id": "ch_1", "object": "charge", "payment_intent": intent, "customer": "cus_1"}
    customer = {"id": "cus_1", "object": "customer", "metadata": {"account_id": "shop"}}
    payments = [{"object": "invoice_payment", "id": "inpay_1", "invoice": marked(**each)} for each in invoices]
    answers = {
        "GET /v1/charges/ch_1": json.dumps(charge),
        "GET /v1/customers/cus_1": json.dumps(customer),
        "GET /v1/invoice_payments": json.dumps({"object": "list", "data": payments, "has_more": False}),
    }
    about = {"id": "du_1", "object": "dispute", "charge": "ch_1"}
    async with answering(answers) as (client, script):
        found = await subject_of(event("charge.dispute.created", about), client)
        assert found == subject("charge.dispute.created", "shop", refund_id="du_1")
        assert script.calls == [f"GET /v1/{each}" for each in asked]


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("invoice.paid", {**marked(), "customer": None}),
        ("invoice.paid", {**marked(), "customer": "cus_../x"}),
        ("invoice.paid", {**marked(), "customer": {"id": 7}}),
        ("invoice.paid", {**marked(), "metadata": 7, "customer": None}),
        ("invoice.paid", marked(account_id=7)),
        ("customer.deleted", {"id": "cus_1", "object": "customer", "metadata": {}}),
        ("customer.deleted", {"id": "cus_1", "object": "customer", "metadata": {"account_id": 7}}),
        ("refund.created", {"id": "pi_1", "charge": "ch_1"}),
        ("refund.created", {"id": 7, "charge": "ch_1"}),
        ("refund.created", {"charge": "ch_1"}),
        ("refund.created", {"id": "re_1", "charge": None}),
        ("refund.created", {"id": "re_1", "charge": "../customers"}),
        ("refund.created", {"id": "re_1"}),
        ("charge.refunded", {"object": "charge"}),
        ("charge.refunded", {"id": "../x", "object": "charge"}),
        ("charge.succeeded", {"id": "ch_1", "object": "charge", "metadata": {"account_id": "shop"}}),
        ("refund.noted", {"id": "re_1", "charge": "ch_1"}),
    ],
)
async def test_R15_what_names_nobody_asks_nobody(kind: str, about: Any, nobody: stripe.StripeClient) -> None:
    """Nothing that stands in an event is put into a request of ours, but for an id in Stripe's form."""
    assert await subject_of(event(kind, about), nobody) is None


async def test_R15_stripe_out_of_reach_is_not_taken_for_nobody(
    nobody: stripe.StripeClient, stripe_side: StripeSide
) -> None:
    """Stripe sends the event again then; one whose charge there is not, or that a wrong key cannot see, it need not."""
    about = {"id": "re_1", "object": "refund", "charge": "ch_1"}
    with pytest.raises(Unavailable, match="cannot be reached"):
        await subject_of(event("refund.created", about), nobody)
    async with stripe_client(stripe_side.settings()) as client:
        assert await subject_of(event("refund.created", about), client) is None
