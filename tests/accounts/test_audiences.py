"""R17, R19: what operators write for each other is not shown to an account's users, by the API or the pages."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from reprise.accounts.audiences import for_owner
from reprise.statemachine.timeline import STRIPE, Actor, ActorKind
from tests.api_side import Api, Callers, Json, new_account
from tests.portal.entries import entry
from tests.stripe_side import StripeSide

INTERNAL = "suspected fraud, see ticket 4711"


@pytest.mark.usefixtures("worker")
async def test_R17_a_users_timeline_names_no_operator_and_no_internal_reason(operator: Api, caller: Callers) -> None:
    """The operator sees who did it and why; a billing user that an operator did; nothing else differs."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    await operator.ask("POST", f"{path}/disable", {"reason": INTERNAL})
    await operator.ask("POST", f"{path}/enable")
    user = caller(made["account_id"])
    seen, whole = [(await each.get(f"{path}/timeline"))["timeline"] for each in (user, operator)]
    assert [each["actor"] for each in seen] == [{"kind": "operator", "id": "Support"}] * 3
    assert [each["actor"]["id"] for each in whole] == ["tester"] * 3
    assert INTERNAL in [each["reason"] for each in whole]
    assert [each["reason"] for each in seen] == [None] * 3
    same = [[_without(each) for each in entries] for entries in (seen, whole)]
    assert same[0] == same[1]
    held = await operator.ask("POST", f"{path}/disable", {"reason": INTERNAL})
    assert held.status_code == 200
    for method, what in (("GET", ""), ("GET", "/access"), ("GET", "/timeline"), ("GET", "/reactivation-quote"),
                         ("POST", "/reactivate"), ("POST", "/cancel"), ("GET", "/invoices")):  # fmt: skip
        said = await user.ask(method, path + what)
        assert INTERNAL not in said.text, what


@pytest.mark.usefixtures("worker")
async def test_R17_what_stripe_says_of_our_key_is_for_the_log(
    operator: Api, caller: Callers, stripe_side: StripeSide
) -> None:
    """A caller is told that it is our fault; the operators find Stripe's sentence."""
    made = new_account()
    assert (await operator.ask("POST", "/v1/accounts", made)).status_code == 201
    path = f"/v1/accounts/{made['account_id']}"
    user = caller(made["account_id"])
    stripe_side.fault(method="GET", path="/v1/invoices", status=401, times=2)
    stripe_side.fault(method="POST", path="/v1/billing_portal/sessions", status=403)
    with capture_logs() as logs:
        answers = [
            await user.ask("GET", f"{path}/invoices"),
            await operator.ask("GET", f"{path}/invoices"),
            await user.ask("POST", f"{path}/billing-portal", {"return_url": "https://shop.example.com/"}),
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
        assert (
            answer.json()["detail"]
            == "Stripe refused Reprise's own request; the operators can see why. Try again later."
        )
    refusals = [each["why"] for each in logs if each["event"] == "stripe refused a request"]
    assert len(refusals) == 3
    assert all(refusals)


def _without(entry: Json) -> Json:
    return {name: value for name, value in entry.items() if name not in {"actor", "reason"}}


@pytest.mark.usefixtures("worker")
async def test_R17_users_see_their_own_reasons_and_ids(operator: Api, caller: Callers) -> None:
    """Their own as they gave them; of another user of the account, that it was one."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    user = caller(made["account_id"])
    await user.ask("POST", f"{path}/cancel", {"reason": "too many carts"})
    own = (await user.get(f"{path}/timeline"))["timeline"][0]
    assert (own["actor"], own["reason"]) == ({"kind": "user", "id": "tester"}, "too many carts")
    other = caller(made["account_id"], sub="another")
    seen = (await other.get(f"{path}/timeline"))["timeline"][0]
    assert (seen["actor"], seen["reason"]) == ({"kind": "user", "id": None}, None)


@pytest.mark.parametrize(
    ("kind", "facts", "shown"),
    [
        ("disabled", {"actor": Actor(kind=ActorKind.OPERATOR, id="grace"), "reason": "payment_failed"}, None),
        ("payment_stopped", {"actor": STRIPE, "reason": "Invalid API Key provided: sk_live_***"}, None),
        ("customer_replaced", {"actor": STRIPE, "reason": "the customer was deleted at Stripe; now cus_1"}, None),
        ("refunded", {"actor": STRIPE, "reason": "succeeded: requested_by_customer"}, "succeeded"),
        ("disputed", {"actor": STRIPE, "reason": "lost: fraudulent"}, "lost"),
        ("disabled", {"reason": "payment_failed"}, "payment_failed"),
        ("disabled", {"reason": "cancelled"}, "cancelled"),
        ("cancelled", {"actor": Actor(kind=ActorKind.USER, id="user-7"), "reason": "mine"}, "mine"),
        ("cancelled", {"actor": Actor(kind=ActorKind.USER, id="user-8"), "reason": "theirs"}, None),
    ],
)  # fmt: skip
def test_R17_which_reasons_are_for_owners(kind: str, facts: dict[str, Any], shown: str | None) -> None:
    """Codes and statuses that the pages tell by, and the reader's own words; no sentence of anybody else's."""
    (seen,) = for_owner([entry(kind, **facts)], "user-7")
    assert seen.reason == shown
    assert seen.actor.id in {None, "user-7", "Support"}
