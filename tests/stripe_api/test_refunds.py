"""R24: a refund or dispute is about an account's payment only where an invoice ties it to one."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from reprise.stripe_api.inputs import RefundInput
from reprise.stripe_api.refunds import invoice_of_intent, retrieve
from tests.stripe_api.scripted import Json, answering, listed

ASKED = {"account_id": "acct-1", "life": "life-1", "customer_id": "cus_1"}
REFUND: Json = {
    "id": "re_1",
    "object": "refund",
    "status": "failed",
    "amount": 100,
    "currency": "usd",
    "created": 1_800_000_000,
    "reason": None,
}


def paying(invoice: Any) -> Json:
    return {"id": "inpay_1", "object": "invoice_payment", "invoice": invoice}


def invoice(**metadata: str) -> Json:
    return {"id": "in_1", "object": "invoice", "metadata": metadata}


MINE = invoice(account_id="acct-1", life="life-1", payment_key="acct-1:1")
OTHERS = invoice(account_id="acct-2", life="life-1", payment_key="acct-2:1")


@pytest.mark.parametrize(
    ("intent", "payments", "key"),
    [
        (None, [paying(MINE)], None),
        ("pi_1", [], None),
        ("pi_1", [paying("in_1")], None),
        ("pi_1", [paying(OTHERS)], None),
        ("pi_1", [paying("in_0"), paying(MINE)], "acct-1:1"),
        ({"id": "pi_1", "object": "payment_intent"}, [paying(MINE)], "acct-1:1"),
    ],
)
async def test_R24_a_refund_is_ours_by_the_invoice_of_its_charge(intent: Any, payments: list[Json], key: Any) -> None:
    """A charge that no invoice asked for is nobody's here."""
    answers = {
        "GET /v1/refunds/re_1": {**REFUND, "payment_intent": intent},
        "GET /v1/invoice_payments": listed(*payments),
    }
    async with answering(answers) as (client, script):
        found = await retrieve(client, RefundInput(**ASKED, object_id="re_1"))
    assert (found.ours, found.payment_key, found.invoice_id) == (key is not None, key, "in_1" if key else None)
    assert (found.kind, found.status, found.reason) == ("refund", "failed", None)
    assert (found.amount, found.currency, found.created) == (100, "usd", datetime.fromtimestamp(1_800_000_000, UTC))
    sought = {"payment[type]": "payment_intent", "payment[payment_intent]": "pi_1", "expand[0]": "data.invoice"}
    assert [each.params for each in script.asked[1:]] == ([sought] if intent else [])


async def test_R24_the_invoice_of_an_intent_that_was_read_with_it() -> None:
    """As a refund's is where it is expanded."""
    async with answering({"*": listed(paying(MINE))}) as (client, script):
        found = await invoice_of_intent(client, stripe.PaymentIntent.construct_from({"id": "pi_2"}, None))
    assert found is not None
    assert found.id == "in_1"
    assert script.asked[0].params["payment[payment_intent]"] == "pi_2"


@pytest.mark.parametrize(
    ("reasons", "reason"),
    [
        ({"reason": "duplicate", "failure_reason": "declined"}, "duplicate"),
        ({"reason": None, "failure_reason": "declined"}, "declined"),
    ],
)
async def test_R24_a_refund_that_failed_says_why(reasons: Json, reason: str) -> None:
    """Where nobody said why it was made."""
    async with answering({"*": {**REFUND, "payment_intent": None, **reasons}}) as (client, _):
        assert (await retrieve(client, RefundInput(**ASKED, object_id="re_1"))).reason == reason


@pytest.mark.parametrize("object_id", ["du_1", "dp_1"])
async def test_R24_a_dispute_is_looked_up_among_disputes(object_id: str) -> None:
    """By either of its prefixes."""
    dispute = {**REFUND, "id": object_id, "object": "dispute", "reason": "fraudulent", "payment_intent": None}
    async with answering({f"GET /v1/disputes/{object_id}": dispute}) as (client, _):
        found = await retrieve(client, RefundInput(**ASKED, object_id=object_id))
    assert (found.kind, found.object_id, found.reason) == ("dispute", object_id, "fraudulent")
