"""Failures on demand: saved and replayed, for a while or until they are taken away, and in bodies that are none."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.plain_http import plain_client
from tests.stripe_side import StripeSide


@pytest.fixture
async def raw(stripe_side: StripeSide) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": "Bearer sk_test_x"}
    async with plain_client(headers=headers, base_url=stripe_side.url, timeout=20) as made:
        yield made


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [500, 400])
async def test_a_saved_failure_is_replayed_for_a_day(
    raw: httpx.AsyncClient, stripe_side: StripeSide, when: str, status: int
) -> None:
    """The first answer, then the same one with `Idempotent-Replayed`, though all is well; done or not done."""
    name, headers = f"saved-{when}-{status}", {"Idempotency-Key": f"saved-{when}-{status}"}
    stripe_side.fault(path="/v1/customers", when=when, status=status, saved=True)
    first = await raw.post("/v1/customers", data={"name": name}, headers=headers)
    again = await raw.post("/v1/customers", data={"name": name}, headers=headers)
    assert (first.status_code, "idempotent-replayed" in first.headers) == (status, False)
    assert (again.status_code, again.headers["idempotent-replayed"], again.text) == (status, "true", first.text)
    done = [each for each in stripe_side.dump()["customers"] if each["name"] == name]
    assert len(done) == (when == "after")
    other = await raw.post("/v1/customers", data={"name": "other"}, headers=headers)
    assert other.json()["error"]["type"] == "idempotency_error"
    stripe_side.advance(24 * 3600)
    assert (await raw.post("/v1/customers", data={"name": name}, headers=headers)).status_code == 200


async def test_a_failure_that_is_not_saved_is_forgotten(raw: httpx.AsyncClient, stripe_side: StripeSide) -> None:
    """As before a request has begun: the next try does it; after, the saved success comes."""
    for when, replayed in (("before", False), ("after", True)):
        headers = {"Idempotency-Key": f"unsaved-{when}"}
        stripe_side.fault(path="/v1/customers", when=when, status=500)
        assert (await raw.post("/v1/customers", headers=headers)).status_code == 500
        answer = await raw.post("/v1/customers", headers=headers)
        assert (answer.status_code, "idempotent-replayed" in answer.headers) == (200, replayed)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_window_of_refusals(raw: httpx.AsyncClient, stripe_side: StripeSide, status: int) -> None:
    """The next two by method and path; or until it is taken away."""
    stripe_side.fault(path="/v1/invoices", status=status, times=2)
    answers = [(await raw.post("/v1/invoices", data={"customer": "cus_x"})).status_code for _ in range(3)]
    assert answers == [status, status, 400]
    stripe_side.fault(method="GET", path="/v1/customers", status=status, times=None)
    assert {(await raw.get("/v1/customers")).status_code for _ in range(5)} == {status}
    assert (await raw.get("/v1/products")).status_code == 200
    stripe_side.no_faults()
    assert (await raw.get("/v1/customers")).status_code == 200


@pytest.mark.parametrize(("body", "holds"), [("html", "<html>"), ("garbage", "{"), ("empty", "")])
async def test_bodies_that_are_not_stripes(
    raw: httpx.AsyncClient, stripe_side: StripeSide, body: str, holds: str
) -> None:
    """With status 200 where none is given: what comes is no JSON."""
    stripe_side.fault(method="GET", path="/v1/customers", body=body)
    answer = await raw.get("/v1/customers")
    assert answer.status_code == 200
    assert answer.text.startswith(holds)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("fault", [{"status": 200}, {"saved": True}, {"saved": True, "status": 500, "body": "html"}])
async def test_faults_that_make_no_sense_are_refused(stripe_side: StripeSide, fault: dict[str, object]) -> None:
    """400 with a sentence."""
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        stripe_side.fault(path=".*", **fault)


async def test_requests_are_counted(raw: httpx.AsyncClient, stripe_side: StripeSide) -> None:
    """By endpoint, customer and key; those that got no answer or a refusal too."""
    customer = (await raw.post("/v1/customers")).json()["id"]
    invoice = (await raw.post("/v1/invoices", data={"customer": customer})).json()["id"]
    await raw.get(f"/v1/invoices/{invoice}")
    stripe_side.fault(path=".*/finalize", status=503)
    stripe_side.fault(path=".*/finalize", drop_connection=True)
    headers = {"Idempotency-Key": f"finalize:{customer}"}
    assert (await raw.post(f"/v1/invoices/{invoice}/finalize", headers=headers)).status_code == 503
    with pytest.raises(httpx.RemoteProtocolError):
        await raw.post(f"/v1/invoices/{invoice}/finalize", headers=headers)
    counts = stripe_side.counts(customer=customer)
    assert counts["by_endpoint"] == {
        "POST /v1/invoices": 1,
        "GET /v1/invoices/{invoice}": 1,
        "POST /v1/invoices/{invoice}/finalize": 2,
    }
    assert counts["by_status"] == {"200": 2, "503": 1, "0": 1}
    assert stripe_side.counts(key=customer)["total"] == 2
    assert stripe_side.counts(customer=customer, since=counts["last"])["total"] == 0
