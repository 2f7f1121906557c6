"""R1, R20, R25, R26: what an account may be opened with, accounts that lived elsewhere, and its billing e-mail."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reprise.stripe_api.client import stripe_client
from tests.api_accounts import customer_of, opened
from tests.api_side import Api, Callers, Json, new_account
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")

WRONG_EMAILS = [
    "a@b", "x@localhost", "a..b@example.com", "a@-example.com", "a..b@-x", "a@b@example.com", "@example.com", "a@", "a",
    "", "a b@example.com", "a@example", "a@exa mple.com", "a@example..com", "a@.com", "a" * 65 + "@example.com",
    "ä@example.com", "a@example.com\n", "a\u0000@example.com",
]  # fmt: skip


@pytest.mark.parametrize("email", WRONG_EMAILS)
async def test_R1_an_email_that_stripe_would_not_take(operator: Api, email: str) -> None:
    """422 that names the field, when opening; the id stays free."""
    body = new_account(email=email, paid_through="2099-01-01T00:00:00Z")
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [each["field"] for each in answer.json()["errors"]] == ["email"]
    assert (await operator.ask("GET", f"/v1/accounts/{body['account_id']}")).status_code == 404
    body["email"] = "right@example.com"
    assert (await operator.ask("POST", "/v1/accounts", body)).status_code == 201


async def test_R1_the_longest_email_is_taken(operator: Api) -> None:
    """What the check of the door takes, the account takes as well: 254 characters, 64 of them before the @."""
    email = "a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".com"
    assert len(email) == 254
    account = await opened(operator, email=email, paid_through="2099-01-01T00:00:00Z")
    assert account["email"] == email
    short = "a@" + ".".join(["b" * 61] * 4) + ".com"
    assert (await opened(operator, email=short, paid_through="2099-01-01T00:00:00Z"))["email"] == short


async def test_R26_the_billing_email_is_changed(operator: Api, caller: Callers, stripe_side: StripeSide) -> None:
    """By a billing user; Stripe's customer follows, the timeline tells it, and a wrong one is refused."""
    account = await opened(operator)
    path = f"/v1/accounts/{account['account_id']}"
    user = caller(account["account_id"])
    answer = await user.ask("PUT", f"{path}/email", {"email": "new.owner@Example.COM"})
    assert (answer.status_code, answer.json()["email"]) == (200, "new.owner@example.com")
    customers = stripe_side.customers(account["account_id"])
    assert [each["email"] for each in customers] == ["new.owner@example.com"]
    newest = (await user.get(f"{path}/timeline?limit=1"))["timeline"][0]
    assert (newest["type"], newest["actor"]["kind"]) == ("account.email_changed", "user")
    for email in ("a@b", "x@localhost", "a..b@-x"):
        answer = await user.ask("PUT", f"{path}/email", {"email": email})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")
    assert (await user.get(path))["email"] == "new.owner@example.com"


async def test_R19_nobody_elses_email_is_changed(operator: Api, caller: Callers) -> None:
    """404 for another account's user, 403 without Billing Access."""
    account = await opened(operator, paid_through="2099-01-01T00:00:00Z")
    path = f"/v1/accounts/{account['account_id']}/email"
    body = {"email": "thief@example.com"}
    assert (await caller("other").ask("PUT", path, body)).status_code == 404
    assert (await caller(account["account_id"], scope="").ask("PUT", path, body)).status_code == 403


async def test_R14_the_email_is_changed_once(operator: Api) -> None:
    """The same key gets the first answer; with another e-mail it is refused."""
    account = await opened(operator, paid_through="2099-01-01T00:00:00Z")
    path = f"/v1/accounts/{account['account_id']}/email"
    first = await operator.ask("PUT", path, {"email": "one@example.com"}, Idempotency_Key="k")
    again = await operator.ask("PUT", path, {"email": "one@example.com"}, Idempotency_Key="k")
    assert (first.status_code, first.json()) == (200, again.json())
    other = await operator.ask("PUT", path, {"email": "two@example.com"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_R25_an_account_that_lived_elsewhere(operator: Api, stripe_side: StripeSide) -> None:
    """Its own anchor, customer and opening day; nothing is charged, and its next term keeps the 31st."""
    donor = await opened(operator, paid_through="2099-01-01T00:00:00Z")
    customer = await customer_of(stripe_side, donor)
    body = new_account(
        anchor="2026-01-31T10:00:00Z",
        paid_through="2027-02-28T10:00:00Z",
        opened_at="2020-05-17T08:00:00Z",
        customer_id=customer,
        payment_method=None,
    )
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert answer.status_code == 201, answer.text
    account = answer.json()
    assert (account["state"], account["anchor"], account["opened_at"]) == (
        "active",
        "2026-01-31T10:00:00Z",
        "2020-05-17T08:00:00Z",
    )
    assert account["term"]["end"] == "2027-02-28T10:00:00Z"
    assert account["next"] == {"kind": "term_ended", "at": "2027-02-28T10:00:00Z", "summary": "term ends"}
    assert stripe_side.charged(body["account_id"]) == []
    dump = await asyncio.to_thread(stripe_side.dump)
    named = [each["id"] for each in dump["customers"] if each["metadata"].get("account_id") == body["account_id"]]
    assert named in ([], [customer]), "no second customer"


async def test_R25_cancelled_elsewhere(operator: Api, stripe_side: StripeSide) -> None:
    """It ends with what is paid, as it would have there."""
    end = (datetime.now(UTC) + timedelta(days=20)).isoformat(timespec="seconds")
    account = await opened(operator, paid_through=end, cancelled=True)
    assert (account["state"], account["in_service"], account["renews"]) == ("cancelled", True, False)
    assert stripe_side.charged(account["account_id"]) == []
    access = await operator.get(f"/v1/accounts/{account['account_id']}/access")
    assert access["access"] is True
    assert access["until"] == access["term_end"] == account["term"]["end"]
    assert access["grace_until"] is None


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("anchor", {"anchor": "2026-01-31T10:00:00Z"}),
        ("anchor", {"anchor": "2026-01-30T10:00:00Z", "paid_through": "2027-03-31T10:00:00Z"}),
        ("anchor", {"anchor": "2026-01-31T10:00:00", "paid_through": "2027-03-31T10:00:00Z"}),
        ("cancelled", {"cancelled": True}),
        ("cancelled", {"cancelled": "yes", "paid_through": "2099-01-01T00:00:00Z"}),
        ("customer_id", {"customer_id": "pm_card_visa", "paid_through": "2099-01-01T00:00:00Z"}),
        ("customer_id", {"customer_id": "cus_../x", "paid_through": "2099-01-01T00:00:00Z"}),
        ("customer_id", {"customer_id": "cus_NffrFeUfNV2Hib", "paid_through": "2099-01-01T00:00:00Z"}),
        ("opened_at", {"opened_at": "2150-01-01T00:00:00Z", "paid_through": "2199-01-01T00:00:00Z"}),
    ],
)
async def test_R25_what_does_not_fit_together(operator: Api, field: str, changes: Json) -> None:
    """422 that names the field, before anything is recorded."""
    body = new_account(**changes)
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert (await operator.ask("GET", f"/v1/accounts/{body['account_id']}")).status_code == 404


async def test_R25_a_customer_that_was_deleted(operator: Api, stripe_side: StripeSide) -> None:
    """Told before anything is recorded, and nothing is while Stripe cannot be asked."""
    async with stripe_client(stripe_side.settings()) as client:
        customer = (await client.v1.customers.create_async({"email": "gone@example.com"})).id
        body = new_account(customer_id=customer, paid_through="2099-01-01T00:00:00Z")
        await asyncio.to_thread(stripe_side.fault, method="GET", path=r"/v1/customers/[^/]+", status=500, times=None)
        answer = await operator.ask("POST", "/v1/accounts", body)
        assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
        await asyncio.to_thread(stripe_side.no_faults)
        await client.v1.customers.delete_async(customer)
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "customer_id")
    assert (await operator.ask("GET", f"/v1/accounts/{body['account_id']}")).status_code == 404


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("plan.unit_amount", {"carts": 1, "plan": {"currency": "usd", "unit_amount": 30}}),
        ("plan.unit_amount", {"plan": {"currency": "ugx", "unit_amount": 250}}),
        ("policy.payment_methods", {"policy": {"payment_methods": []}}),
        ("policy.on_dispute", {"policy": {"on_dispute": "sue"}}),
        ("policy.stopped_days", {"policy": {"stopped_days": 0}}),
    ],
)
async def test_R20_sums_and_policies_that_cannot_be(operator: Api, field: str, changes: dict[str, Any]) -> None:
    """E17 among them: below what Stripe charges."""
    answer = await operator.ask("POST", "/v1/accounts", new_account(**changes))
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]
