"""The sandbox refuses what Stripe refuses, in Stripe's words, and remembers answers as Stripe documents it."""

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from reprise.stripe_api.client import stripe_client
from reprise.stripe_sandbox.api import ENDPOINTS
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide


@pytest.fixture
async def raw(stripe_side: StripeSide) -> Any:
    headers = {"Authorization": "Bearer sk_test_x"}
    async with plain_client(headers=headers, base_url=stripe_side.url, timeout=20) as made:
        yield made


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[f"{each.method} {each.path}" for each in ENDPOINTS])
async def test_unknown_parameters_are_refused_by_every_endpoint(raw: httpx.AsyncClient, endpoint: Any) -> None:
    """400 parameter_unknown, naming it."""
    path = re.sub(r"\{\w+\}", "x", endpoint.path)
    sent: Any = {"params": {"surprise[a]": 1}} if endpoint.method != "POST" else {"data": {"surprise[a]": 1}}
    answer = await raw.request(endpoint.method, path, **sent)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "parameter_unknown", "surprise")


@pytest.mark.parametrize(
    ("path", "data", "code", "param"),
    [
        ("/v1/invoices", {"auto_advance": "maybe"}, None, "auto_advance"),
        ("/v1/invoiceitems", {"quantity": "three"}, "parameter_invalid_integer", "quantity"),
        ("/v1/invoiceitems", {"unit_amount_decimal": "x"}, None, "unit_amount_decimal"),
        ("/v1/products", {}, "parameter_missing", "name"),
        ("/v1/customers", {"tax_exempt": "none"}, None, "tax_exempt"),
        ("/v1/customers", {"balance": "five"}, "parameter_invalid_integer", "balance"),
        ("/v1/customers", {"email[x]": "5"}, None, "email"),
        ("/v1/invoiceitems", {"period[start]": "1", "period[surprise]": "2"}, "parameter_unknown", "period[surprise]"),
        ("/v1/invoiceitems", {"unit_amount_decimal": "NaN"}, None, "unit_amount_decimal"),
        ("/v1/invoiceitems", {"customer": ""}, "parameter_invalid_empty", "customer"),
        ("/v1/products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("/v1/customers", {"metadata": "x"}, None, "metadata"),
        ("/v1/customers", {"metadata[a][b]": "x"}, None, "metadata[a]"),
        ("/v1/customers", {"expand": "x"}, None, "expand"),
        ("/v1/customers", {"name": "x", "name[first]": "y"}, None, "name"),
        ("/v1/customers", {"name[first]": "y", "name": "x"}, None, "name"),
    ],
)
async def test_wrong_parameters(
    raw: httpx.AsyncClient, path: str, data: dict[str, str], code: str | None, param: str
) -> None:
    """400 that names the parameter; what the sandbox does not implement it says so, and never ignores."""
    answer = await raw.post(path, data=data)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error["param"]) == (code, param)


async def test_a_body_that_is_not_text(raw: httpx.AsyncClient) -> None:
    """400, not a failure of the server."""
    answer = await raw.post("/v1/customers", content=b"name=\xff\xfe")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_what_is_not_there(client: stripe.StripeClient, raw: httpx.AsyncClient) -> None:
    """404 resource_missing for a path, 400 for a parameter; an unknown URL says what it is."""
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice: 'in_x'") as failed:
        await client.v1.invoices.retrieve_async("in_x")
    assert failed.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError, match="No such customer") as failed:
        await client.v1.invoices.create_async({"customer": "cus_x"})
    assert failed.value.http_status == 400
    assert "Unrecognized request URL" in (await raw.get("/v1/payouts")).json()["error"]["message"]


@pytest.mark.parametrize("key", ["sk_wrong", "", "sk_live_abcdefgh"])
async def test_wrong_keys(stripe_side: StripeSide, key: str) -> None:
    """401; a live key is told that this is a sandbox."""
    async with plain_client(base_url=stripe_side.url) as anybody:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = await anybody.get("/v1/customers", headers=headers)
    assert answer.status_code == 401
    assert ("sandbox" in answer.text) == key.startswith("sk_live")


async def test_lists_page_by_cursors(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Newest first, forwards and backwards."""
    made = [(await client.v1.invoices.create_async({"customer": customer.id})).id for _ in range(7)][::-1]
    page = await client.v1.invoices.list_async({"customer": customer.id, "limit": 3})
    assert [each.id async for each in page.auto_paging_iter()] == made
    before = await client.v1.invoices.list_async({"customer": customer.id, "limit": 2, "ending_before": made[4]})
    assert [each.id for each in before.data] == made[2:4]

    assert before.has_more
    first = await client.v1.invoices.list_async({"customer": customer.id, "limit": 2, "ending_before": made[2]})
    assert ([each.id for each in first.data], first.has_more) == (made[:2], False)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"limit": "101"}, "less than or equal to 100"),
        ({"limit": "0"}, "greater than or equal to 1"),
        ({"starting_after": "in_x"}, "No such object: 'in_x'"),
        ({"starting_after": "in_x", "ending_before": "in_y"}, "both"),
    ],
)
async def test_wrong_cursors(raw: httpx.AsyncClient, asked: dict[str, str], sentence: str) -> None:
    """400 in Stripe's words."""
    answer = await raw.get("/v1/invoices", params=asked)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["message"]


async def test_answers_name_their_request_and_version(raw: httpx.AsyncClient) -> None:
    """Request-Id always; the version asked for, or the one whose shapes these are."""
    plain, asked = await raw.get("/v1/customers"), await raw.get("/v1/customers", headers={"Stripe-Version": "x"})
    assert plain.headers["request-id"].startswith("req_")
    assert (plain.headers["stripe-version"], asked.headers["stripe-version"]) == (stripe.api_version, "x")


# ---------------------------------------------------------------------- idempotency


async def test_the_same_key_replays_also_failures(raw: httpx.AsyncClient, customer: stripe.Customer) -> None:
    """Saved with status and body; `Idempotent-Replayed` says so."""
    made = await raw.post(
        "/v1/invoices", data={"customer": customer.id}, headers={"Idempotency-Key": f"a{customer.id}"}
    )
    again = await raw.post(
        "/v1/invoices", data={"customer": customer.id}, headers={"Idempotency-Key": f"a{customer.id}"}
    )
    assert again.json() == made.json()
    assert again.headers["idempotent-replayed"] == "true"
    invoice = made.json()["id"]
    for replayed in (False, True):
        answer = await raw.post(f"/v1/invoices/{invoice}/void", headers={"Idempotency-Key": f"v{customer.id}"})
        assert (answer.status_code, "idempotent-replayed" in answer.headers) == (400, replayed)


async def test_a_key_with_other_parameters_is_refused(raw: httpx.AsyncClient, customer: stripe.Customer) -> None:
    """idempotency_error; another path too."""
    headers = {"Idempotency-Key": f"o{customer.id}"}
    await raw.post("/v1/customers", data={"name": "a"}, headers=headers)
    for path, data in (("/v1/customers", {"name": "b"}), ("/v1/products", {"name": "a"})):
        answer = await raw.post(path, data=data, headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")


async def test_a_key_in_flight_is_a_conflict(raw: httpx.AsyncClient, stripe_side: StripeSide) -> None:
    """409, and the library is told to try again."""
    fault = stripe_side.fault(path="/v1/customers", when="before", hang=True)
    headers = {"Idempotency-Key": "in-flight"}
    first = asyncio.create_task(raw.post("/v1/customers", headers=headers))
    await stripe_side.hit(fault)
    answer = await raw.post("/v1/customers", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert answer.headers["stripe-should-retry"] == "true"
    first.cancel()


async def test_keys_are_pruned_after_a_day(raw: httpx.AsyncClient, stripe_side: StripeSide) -> None:
    """Then the same key makes anew: what Reprise must never rely on."""
    headers = {"Idempotency-Key": "pruned"}
    first = (await raw.post("/v1/customers", headers=headers)).json()["id"]
    stripe_side.advance(23 * 3600)
    assert (await raw.post("/v1/customers", headers=headers)).json()["id"] == first
    stripe_side.advance(3600)
    assert (await raw.post("/v1/customers", headers=headers)).json()["id"] != first


async def test_a_refused_request_leaves_nothing(raw: httpx.AsyncClient, customer: stripe.Customer) -> None:
    """Refused after it began: what it did is undone, and the mended request may use the same key."""
    headers = {"Idempotency-Key": f"expand{customer.id}"}
    data = {"customer": customer.id}
    wrong = await raw.post("/v1/invoices", data={**data, "expand[]": "surprise"}, headers=headers)
    assert wrong.status_code == 400
    assert (await raw.get("/v1/invoices", params=data)).json()["data"] == []
    assert (await raw.post("/v1/invoices", data=data, headers=headers)).status_code == 200
    invoice = (await raw.get("/v1/invoices", params=data)).json()["data"][0]["id"]
    lines = {"lines[0][amount]": "5", "lines[1][description]": "neither amount nor price"}
    assert (await raw.post(f"/v1/invoices/{invoice}/add_lines", data=lines)).status_code == 400
    assert (await raw.get(f"/v1/invoices/{invoice}/lines")).json()["data"] == []


async def test_validation_errors_are_not_saved(raw: httpx.AsyncClient) -> None:
    """The mended request may use the same key."""
    headers = {"Idempotency-Key": "mended"}
    assert (await raw.post("/v1/products", headers=headers)).status_code == 400
    assert (await raw.post("/v1/products", data={"name": "x"}, headers=headers)).status_code == 200


# ---------------------------------------------------------------------- money


async def test_a_paid_invoice_is_never_paid_again(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Nor voided, nor a void one paid."""
    v1 = client.v1
    invoice = await v1.invoices.create_async({"customer": customer.id})
    await v1.invoice_items.create_async({"customer": customer.id, "invoice": invoice.id, "amount": 500})
    await v1.invoices.pay_async(invoice.id)
    for again in (v1.invoices.pay_async, v1.invoices.void_invoice_async):
        with pytest.raises(stripe.InvalidRequestError):
            await again(invoice.id)
    assert len((await v1.charges.list_async({"customer": customer.id})).data) == 1


async def test_an_invoice_of_nothing_is_paid_when_finalized(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """No charge."""
    invoice = await client.v1.invoices.create_async({"customer": customer.id})
    assert (await client.v1.invoices.finalize_invoice_async(invoice.id)).status == "paid"


async def test_a_payment_method_belongs_to_one_customer(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Neither attached to nor made the default of another."""
    settings = customer.invoice_settings
    assert settings is not None
    method = str(settings.default_payment_method)
    other = await client.v1.customers.create_async({})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        await client.v1.payment_methods.attach_async(method, {"customer": other.id})
    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        await client.v1.customers.update_async(other.id, {"invoice_settings": {"default_payment_method": method}})


async def test_refunds_give_back_at_most_what_was_charged(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """Partly, then the rest, then nothing more."""
    v1 = client.v1
    invoice = await v1.invoices.create_async({"customer": customer.id})
    await v1.invoice_items.create_async({"customer": customer.id, "invoice": invoice.id, "amount": 500})
    await v1.invoices.pay_async(invoice.id)
    charge = (await v1.charges.list_async({"customer": customer.id})).data[0]
    await v1.refunds.create_async({"charge": charge.id, "amount": 200})
    assert (await v1.refunds.create_async({"charge": charge.id})).amount == 300
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        await v1.refunds.create_async({"charge": charge.id})


# ---------------------------------------------------------------------- survival


async def test_its_state_survives_sigkill_whole_or_not_at_all(tmp_path: Path) -> None:
    """Killed with an answer withheld: after a restart the object, its events and the saved answer are all there."""
    first = StripeSide(tmp_path / "stripe.db")
    fault = first.fault(path="/v1/customers", when="after", hang=True)
    async with stripe_client(first.settings(stripe_retries=0)) as client:
        options: Any = {"idempotency_key": "once"}
        lost = asyncio.create_task(client.v1.customers.create_async({"name": "x"}, options))
        await first.hit(fault)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        with pytest.raises(stripe.APIConnectionError):
            await lost
    first.close()
    second = StripeSide(tmp_path / "stripe.db")
    try:
        dump = second.dump()
        assert [each["name"] for each in dump["customers"]] == ["x"]
        assert [each["type"] for each in dump["events"]] == ["customer.created"]
        second.no_faults()
        async with stripe_client(second.settings()) as client:
            again = await client.v1.customers.create_async({"name": "x"}, options)
        assert again.id == dump["customers"][0]["id"]
    finally:
        second.close()


async def test_a_request_under_way_does_not_take_a_day(stripe_side: StripeSide) -> None:
    """Asked to, the clock takes the keys along that were used just now; the others are forgotten as ever."""
    async with stripe_client(stripe_side.settings()) as client:
        for under_way, same in ((60, True), (0, False)):
            key: Any = {"idempotency_key": f"under-way-{same}"}
            first = await client.v1.customers.create_async({"email": "a@example.com"}, key)
            stripe_side.post("clock", {"advance_seconds": 25 * 3600, "under_way_seconds": under_way})
            again = await client.v1.customers.create_async({"email": "a@example.com"}, key)
            assert (again.id == first.id) is same


async def test_the_clock_never_goes_back(stripe_side: StripeSide) -> None:
    """Forward only."""
    before = stripe_side.dump()["now"]
    stripe_side.advance(60)
    with pytest.raises(httpx.HTTPStatusError):
        stripe_side.post("clock", {"now": before})
    assert stripe_side.dump()["now"] >= before + 60


def test_a_port_that_is_taken_is_said_so(stripe_side: StripeSide, tmp_path: Path) -> None:
    """One sentence, exit code 1."""
    command = [sys.executable, "-m", "reprise.stripe_sandbox", "--port", str(stripe_side.port)]
    ended = subprocess.run(
        [*command, "--db", str(tmp_path / "other.db")], capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 1
    assert f"Port {stripe_side.port}" in ended.stderr
    assert "--port" in ended.stderr


async def test_a_card_of_another_customer_pays_nothing(
    client: stripe.StripeClient, raw: httpx.AsyncClient, customer: stripe.Customer
) -> None:
    """400, on the API as on the hosted page; the invoice stays open."""
    other = await client.v1.customers.create_async({"email": "other@example.com"})
    theirs = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": other.id})
    invoice = await client.v1.invoices.create_async({"customer": customer.id, "auto_advance": False})
    await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": invoice.id, "amount": 700})
    finalized = await client.v1.invoices.finalize_invoice_async(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        await client.v1.invoices.pay_async(invoice.id, {"payment_method": theirs.id})
    page = await raw.post(str(finalized.hosted_invoice_url), data={"card": theirs.id})
    assert page.status_code == 402
    assert (await client.v1.invoices.retrieve_async(invoice.id)).status == "open"


async def test_events_of_invoices_carry_their_lines(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """As Stripe's do: the object in an event is what the API would have answered then."""
    invoice = await client.v1.invoices.create_async({"customer": customer.id, "auto_advance": False})
    await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": invoice.id, "amount": 700})
    await client.v1.invoices.finalize_invoice_async(invoice.id)
    events = [
        each["data"]["object"]
        for each in stripe_side.dump()["events"]
        if each["type"] == "invoice.finalized" and each["data"]["object"]["id"] == invoice.id
    ]
    assert [[line["amount"] for line in each["lines"]["data"]] for each in events] == [[700]]


async def test_stripe_expands_four_levels(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """An invoice's intent is within reach, that of a list's invoices is not; the intent's payment is found by it."""
    invoice = await client.v1.invoices.create_async({"customer": customer.id})
    await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": invoice.id, "amount": 700})
    paid = await client.v1.invoices.pay_async(invoice.id, {"expand": ["payments.data.payment.payment_intent"]})
    assert paid.payments is not None
    intent = paid.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        await client.v1.invoices.list_async({"expand": ["data.payments.data.payment.payment_intent"]})
    of_intent = {"type": "payment_intent", "payment_intent": intent.id}
    listed = await client.v1.invoice_payments.list_async({"payment": of_intent})  # type: ignore[arg-type]
    assert [each.invoice for each in listed.data] == [invoice.id]
