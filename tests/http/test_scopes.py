"""R19: the product's backend has a scope of its own: it opens accounts and hands users over, and closes nothing."""

from typing import Any

import pytest

from tests.api_side import OPERATORS_ONLY, Api, Callers, new_account

pytestmark = pytest.mark.usefixtures("worker")


async def test_R19_what_the_backend_may(operator: Api, caller: Callers) -> None:
    """Open an account, ask for its access, make a link, end sessions; the timeline says that it was not a user."""
    backend, made = caller(scope="backend", sub="shop"), new_account()
    opened = await backend.ask("POST", "/v1/accounts", made)
    assert opened.status_code == 201, opened.text
    path = f"/v1/accounts/{made['account_id']}"
    assert (await backend.get(f"{path}/access"))["access"] is True
    assert (await backend.ask("GET", "/v1/accounts/none/access")).status_code == 404
    user = {"user": {"id": "user-7", "billing_access": True}}
    assert (await backend.ask("POST", f"{path}/portal-sessions", user)).status_code == 200
    assert (await backend.ask("POST", f"{path}/portal-sessions/revoke")).status_code == 204
    entries = (await operator.get(f"{path}/timeline"))["timeline"]
    assert entries[-1]["actor"] == {"kind": "product", "id": "shop"}


async def test_R19_what_the_backend_may_not(operator: Api, caller: Callers) -> None:
    """403, whether the account exists or not; nothing of it is shown, and nothing changes."""
    backend, made = caller(scope="backend"), new_account()
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    bodies: dict[str, Any] = {"extend": {"days": 1}, "plan": {"currency": "usd", "unit_amount": 100}}
    refused = [("POST", f"{path}/{what}", bodies.get(what)) for what in OPERATORS_ONLY]
    refused += [("POST", f"{path}/{what}", None) for what in ("cancel", "reactivate")]
    refused += [("GET", f"{path}{what}", None) for what in ("", "/timeline", "/invoices", "/reactivation-quote")]
    refused += [("PUT", f"{path}/carts", {"carts": 1}), ("GET", "/v1/accounts", None)]
    refused += [("PUT", f"{path}/payment-method", {"payment_method": "pm_card_visa"})]
    refused += [("POST", f"{path}/billing-portal", {"return_url": "https://shop.example.com/"})]
    for method, at, body in refused:
        for where in {at, at.replace(made["account_id"], "none")}:
            answer = await backend.ask(method, where, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "operator_required"), where
    assert (await operator.get(path))["sequence"] == 2


@pytest.mark.parametrize(
    "field", [{"customer_id": "cus_1"}, {"anchor": "2027-01-31T10:00:00Z"}, {"opened_at": "2027-01-31T10:00:00Z"},
              {"cancelled": True}]
)  # fmt: skip
async def test_R25_the_backend_imports_nothing(caller: Callers, field: dict[str, Any]) -> None:
    """A customer of another account would bring that one's cards along."""
    made = new_account(paid_through="2099-01-01T00:00:00Z", **field)
    answer = await caller(scope="backend").ask("POST", "/v1/accounts", made)
    assert (answer.status_code, answer.json()["code"]) == (403, "operator_required")
    assert (await caller(scope="operator").ask("GET", f"/v1/accounts/{made['account_id']}")).status_code == 404


async def test_R19_a_backend_that_is_a_billing_user_as_well(operator: Api, caller: Callers) -> None:
    """Two scopes: of the accounts that its token names, it may what a billing user may."""
    made = new_account()
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    both = caller(made["account_id"], scope="backend billing")
    assert (await both.ask("GET", path)).status_code == 200
    assert (await both.ask("POST", f"{path}/close")).status_code == 403
    assert (await both.ask("GET", "/v1/accounts/none")).status_code == 403
