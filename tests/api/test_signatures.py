"""R15: events at Stripe's webhook endpoint that Stripe has not signed, or that are none."""

import json
import time
from typing import Any

import pytest

from tests.api_side import Api, Callers, new_account
from tests.stripe_events import EVENT, header, signature


@pytest.fixture
def stripe(caller: Callers) -> Api:
    made = caller()
    del made.http.headers["authorization"]
    return made


async def sent(api: Api, payload: bytes, *headers: bytes | str) -> tuple[int, str]:
    """Send an event; return the status and the code of what is said."""
    given = [(b"stripe-signature", each if isinstance(each, bytes) else each.encode()) for each in headers]
    answer = await api.http.post("/v1/webhooks/stripe", content=payload, headers=given)
    return answer.status_code, answer.json().get("code", "")


async def test_R15_signatures(stripe: Api) -> None:
    """Ours, now, over these bytes: anything else is 400, also what is no signature at all."""
    now, refused = int(time.time()), (400, "invalid_signature")
    good = signature(EVENT, now)
    assert await sent(stripe, EVENT, f"t={now},v1={good}") == (200, "")
    assert await sent(stripe, EVENT, f"t={now},v1={'0' * 64},v1={good}") == (200, ""), "while secrets are rolled over"
    assert await sent(stripe, EVENT) == refused
    for wrong in (
        "", ",", "=", "t", "v1", "t=,v1=", f"v1={good}", f"t={now}", f"t={now},v0={good}", f"t={now},v1",
        f"t={now},v1=",
        f"t={now},v1={good[:-1]}", f"t={now},v1={good.upper()}", f"t={now + 1},v1={good}", "t=x,v1=" + good,
        f"t=-1,v1={good}", f"t={'9' * 5000},v1={good}", f"t={now},v1=" + "0" * 60_000, f"t={now}," + "v1=0," * 10_000,
    ):  # fmt: skip
        assert await sent(stripe, EVENT, wrong) == refused, wrong[:100]
    for octets in (b"t=%d,v1=\xe9" % now, b"t=\xb2,v1=x", b"\xff"):
        assert await sent(stripe, EVENT, octets) == refused, octets
    for another in (header(EVENT, now - 400), header(EVENT, secret="whsec_another"), header(EVENT + b" ")):
        assert await sent(stripe, EVENT, another) == refused
    assert await sent(stripe, EVENT, "t=1,v1=x", f"t={now},v1={good}") == refused, (
        "of two headers, the first one counts"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"null", b"[]", b"7", b'"event"', b"{}", b"\xff", b"[" * 10_000, b'{"id": 1, "type": "invoice.paid"}',
        b'{"id": "evt_1", "type": 7, "data": {"object": {}}}', b'{"id": "evt_1", "type": "invoice.paid"}',
        b'{"id": "evt_1", "type": "invoice.paid", "data": []}', b'{"id": "evt_1", "object": "v2.core.event"}',
    ],
)  # fmt: skip
async def test_R15_signed_but_no_event(stripe: Api, payload: bytes) -> None:
    """400, never 500: Stripe would send it again for days."""
    assert await sent(stripe, payload, header(payload)) == (400, "invalid_signature")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "about",
    [
        None, 7, "x", [], {}, {"metadata": None}, {"metadata": 7}, {"metadata": {}},
        {"metadata": {"account_id": 7}},
        {"metadata": {"account_id": None}}, {"metadata": {"account_id": ["a"]}},
        {"metadata": {"account_id": "../none"}},
        {"metadata": {"account_id": "x" * 5_000}}, {"metadata": {"account_id": "none"}},
        {"customer": 7},
        {"customer": "cus_none"}, {"customer": "../../v1/invoices"}, {"customer": {"id": "cus_none"}},
    ],
)  # fmt: skip
async def test_R15_events_about_nothing_of_ours(stripe: Api, about: Any) -> None:
    """Ignored or refused; nothing changes, and nothing fails."""
    payload = json.dumps({"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": about}}).encode()
    assert (await sent(stripe, payload, header(payload)))[0] in {200, 400}


@pytest.mark.usefixtures("worker")
async def test_R15_an_old_event_said_again_changes_nothing(stripe: Api, operator: Api) -> None:
    """A replayed event is old by its signature; a fresh one that claims a payment is a hint at most."""
    made = new_account(payment_method="pm_card_chargeCustomerFail")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    before = await operator.get(path)
    about = {"object": "invoice", "status": "paid", "amount_paid": 7500, "metadata": {"account_id": made["account_id"]}}
    payload = json.dumps({"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": about}}).encode()
    assert await sent(stripe, payload, header(payload, time.time() - 600)) == (400, "invalid_signature")
    assert await sent(stripe, payload, header(payload)) == (200, "")
    assert await operator.get(path) == before
