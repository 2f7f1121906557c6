"""An account's life over HTTP: the contract's paths, fields and codes."""

import asyncio
import re
from datetime import datetime, timedelta

import pytest
from temporalio.client import Client

from reprise.stripe_api.client import stripe_client
from reprise.workflows.messages import workflow_id
from tests.api_accounts import opened_id, until_state
from tests.api_side import Api, Callers, new_account
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")

FIELDS = {
    "account_id", "email", "state", "in_service", "renews", "disabled_reason", "carts", "plan", "timezone",
    "opened_at", "anchor", "term", "payment", "next", "sequence", "restorable",
}  # fmt: skip


async def opened(operator: Api, **changes: object) -> str:
    return f"/v1/accounts/{await opened_id(operator, **changes)}"


async def lapsed(operator: Api, **changes: object) -> str:
    """An account whose paid term is over: disabled, to be reactivated."""
    return await opened(operator, paid_through="2026-01-15T10:00:00Z", **changes)


async def history(temporal: Client, path: str) -> list[int]:
    handle = temporal.get_workflow_handle(workflow_id(path.rsplit("/", 1)[1]))
    return [event.event_type async for event in handle.fetch_history_events()]


async def test_R1_open_collects_the_first_month(operator: Api, stripe_side: StripeSide) -> None:
    """201 with the account's fields, and Location."""
    body = new_account()
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/accounts/{body['account_id']}")
    account = answer.json()
    assert set(account) == FIELDS
    assert set(account["payment"]) == {
        "key", "status", "amount", "currency", "invoice_id", "decline_code", "action_url", "next_attempt_at",
        "do_not_retry",
    }  # fmt: skip
    payment = account["payment"]
    assert (account["state"], payment["status"], payment["amount"], payment["currency"]) == (
        "active",
        "paid",
        7500,
        "usd",
    )
    at_stripe = stripe_side.invoices(body["account_id"])
    assert [each["id"] for each in at_stripe] == [payment["invoice_id"]]
    assert account["next"] == {"kind": "term_ended", "at": account["term"]["end"], "summary": "term ends"}
    assert account["plan"] == {"currency": "usd", "unit_amount": 2500}
    assert stripe_side.charged(body["account_id"]) == [7500]
    again = await operator.ask("POST", "/v1/accounts", body)
    assert (again.status_code, again.json()["code"]) == (409, "account_exists")


async def test_R1_a_declined_first_payment_is_an_account_that_is_disabled(
    operator: Api, stripe_side: StripeSide
) -> None:
    """201: the account exists, and says why it is not in service."""
    path = await opened(operator, payment_method=stripe_side.payment_method(decline_code="insufficient_funds"))
    account = await operator.get(path)
    assert (account["state"], account["disabled_reason"]) == ("disabled", "first_payment_failed")
    assert account["payment"]["decline_code"] == "insufficient_funds"


async def test_R3_R4_cancel_and_change_of_mind(operator: Api, caller: Callers, stripe_side: StripeSide) -> None:
    """By a billing user; twice is once; access goes on."""
    path = await opened(operator)
    user = caller(path.rsplit("/", 1)[1])
    for _ in range(2):
        answer = await user.ask("POST", f"{path}/cancel", {"when": "term_end", "reason": "too quiet"})
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    account = answer.json()
    access = await user.get(f"{path}/access")
    end = account["term"]["end"]
    assert access == {
        "access": True, "state": "cancelled", "until": end, "term_end": end, "grace_until": None, "restorable": False,
    }  # fmt: skip
    answer = await user.ask("POST", f"{path}/reactivate")
    assert (answer.status_code, answer.json()["state"]) == (200, "active")
    assert stripe_side.charged(account["account_id"]) == [7500]


async def test_R6_R7_reactivating_with_the_quote(operator: Api, caller: Callers, stripe_side: StripeSide) -> None:
    """Quote, a decline, a stale amount, a good card, and too late."""
    path = await lapsed(operator, payment_method="pm_card_chargeCustomerFail", carts=2)
    account_id = path.rsplit("/", 1)[1]
    user = caller(account_id)
    assert (await user.ask("PUT", f"{path}/carts", {"carts": 5})).json()["carts"] == 5
    quote = await user.get(f"{path}/reactivation-quote")
    assert set(quote) == {"amount_due", "currency", "carts", "unit_amount", "term", "lines"}
    assert (quote["amount_due"], quote["currency"], quote["carts"], quote["unit_amount"]) == (12500, "usd", 5, 2500)

    answer = await user.ask("POST", f"{path}/reactivate", {"expected_amount": 12500})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["code"], problem["decline_code"]) == (
        402,
        "payment_declined",
        "generic_decline",
    )

    answer = await user.ask("POST", f"{path}/reactivate", {"expected_amount": 5000})
    assert (answer.status_code, answer.json()["code"]) == (409, "quote_changed")
    assert answer.json()["quote"]["amount_due"] == 12500

    assert (await user.ask("PUT", f"{path}/payment-method", {"payment_method": "pm_card_visa"})).status_code == 200
    answer = await user.ask("POST", f"{path}/reactivate", {"expected_amount": 12500})
    assert (answer.status_code, answer.json()["state"]) == (200, "reactivated")
    assert stripe_side.charged(account_id) == [12500]
    answer = await user.ask("POST", f"{path}/reactivate")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_in_service")
    assert (await user.ask("GET", f"{path}/reactivation-quote")).status_code == 409


async def test_R6_without_a_payment_method(operator: Api) -> None:
    """402 no_payment_method."""
    path = await lapsed(operator, payment_method=None)
    answer = await operator.ask("POST", f"{path}/reactivate")
    assert (answer.status_code, answer.json()["code"]) == (402, "no_payment_method")


async def test_R14_a_reactivation_that_stopped_is_over_for_its_key(operator: Api, stripe_side: StripeSide) -> None:
    """503 with a code of its own: the same key keeps its answer, whatever was mended; a new one pays (R8)."""
    path = await lapsed(operator)
    stripe_side.fault(method="POST", path="/v1/invoices", status=401)
    for _ in range(2):
        answer = await operator.ask("POST", f"{path}/reactivate", Idempotency_Key="stopped")
        assert (answer.status_code, answer.json()["code"]) == (503, "payment_stopped")
        assert answer.json()["account"]["state"] == "disabled"
    assert (await operator.ask("POST", f"{path}/reactivate")).json()["state"] == "reactivated"


async def test_E12_two_people_press_reactivate(operator: Api, stripe_side: StripeSide) -> None:
    """Two keys at the same moment: one charge, both see reactivated."""
    path = await lapsed(operator)
    fault = stripe_side.fault(method="POST", path="/v1/invoices", delay_seconds=0.3)
    answers = await asyncio.gather(*(operator.ask("POST", f"{path}/reactivate") for _ in range(2)))
    assert fault
    assert [(each.status_code, each.json()["state"]) for each in answers] == [(200, "reactivated")] * 2
    assert stripe_side.charged(path.rsplit("/", 1)[1]) == [7500]


async def test_R10_the_payer_authenticates_and_the_webhook_completes_it(operator: Api, stripe_side: StripeSide) -> None:
    """202 with the hosted invoice's URL; paid there, Stripe's webhook makes the account look."""
    path = await lapsed(operator, payment_method="pm_card_authenticationRequired")
    answer = await operator.ask("POST", f"{path}/reactivate")
    url = answer.json()["payment"]["action_url"]
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "requires_action")
    assert (await operator.ask("POST", f"{path}/reactivate")).json()["payment"]["action_url"] == url
    async with plain_client(follow_redirects=True) as browser:
        link = re.search(r'href="(/_sandbox/authenticate/[^"]+)"', (await browser.get(url)).text)
        assert link is not None
        await browser.post(stripe_side.url + link[1], data={"answer": "complete"})
    account = await until_state(operator, path, "reactivated")
    assert account["payment"]["status"] == "paid"
    assert stripe_side.charged(account["account_id"]) == [7500]


async def test_R14_idempotency_keys(operator: Api, stripe_side: StripeSide) -> None:
    """The same request gets the first answer; other content is refused; refusals are not remembered."""
    path = await lapsed(operator)
    first = await operator.ask("POST", f"{path}/reactivate", {"expected_amount": 7500}, Idempotency_Key="k")
    again = await operator.ask("POST", f"{path}/reactivate", {"expected_amount": 7500}, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    other = await operator.ask("POST", f"{path}/cancel", Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert stripe_side.charged(path.rsplit("/", 1)[1]) == [7500]
    bad = await operator.ask("POST", f"{path}/cancel", Idempotency_Key="has spaces")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_R14_a_refused_command_leaves_nothing_in_history(operator: Api, temporal: Client) -> None:
    """Refused by the state, or by an input that only the account can judge."""
    path = await opened(operator, plan={"currency": "usd", "unit_amount": 99999})
    before = await history(temporal, path)
    assert (await operator.ask("POST", f"{path}/reactivate")).status_code == 409
    answer = await operator.ask("PUT", f"{path}/carts", {"carts": 10000})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "carts")
    assert await history(temporal, path) == before


async def test_R14_commands_beside_a_continue_as_new_are_all_answered(operator: Api) -> None:
    """Closing goes on in a new run: each command that meets it is taken, or told so; nobody is sent away with 503."""
    paths = await asyncio.gather(*(opened(operator, paid_through="2030-01-01T00:00:00Z") for _ in range(4)))
    storms = [
        [("POST", f"{path}/close", {}), *(("PUT", f"{path}/carts", {"carts": carts}) for carts in range(10, 18))]
        for path in paths
    ]
    all_answers = await asyncio.gather(*(asyncio.gather(*(operator.ask(*each) for each in storm)) for storm in storms))
    for path, answers in zip(paths, all_answers, strict=True):
        told = [each.json().get("code", each.status_code) for each in answers]
        assert set(told) <= {200, "account_closed"}, told
        entries = [each["type"] for each in (await operator.get(f"{path}/timeline"))["timeline"]]
        assert entries.count("account.carts_changed") == told[1:].count(200)
        assert entries.count("account.closed") == told[:1].count(200) == 1


async def test_prefer_respond_async(operator: Api) -> None:
    """202 at once; the command is taken all the same."""
    path = await opened(operator)
    answer = await operator.ask("PUT", f"{path}/carts", {"carts": 9}, Prefer="respond-async")
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    await until(lambda: operator.get(path), lambda it: it["carts"] == 9, seconds=10)


async def test_R6_reactivate_without_waiting_is_not_lost(operator: Api, stripe_side: StripeSide) -> None:
    """202 at once, and the account comes back for one charge; the same key again is the same command (R14)."""
    path = await lapsed(operator)
    for _ in range(2):
        answer = await operator.ask(
            "POST", f"{path}/reactivate", {"expected_amount": 7500}, Prefer="respond-async", Idempotency_Key="back"
        )
        assert answer.status_code == 202
    account = await until_state(operator, path, "reactivated")
    assert account["payment"]["status"] == "paid"
    assert stripe_side.charged(account["account_id"]) == [7500]


async def test_R14_no_command_without_waiting_is_lost(operator: Api) -> None:
    """Each command there is, one after the other: what it does is seen in the timeline."""
    path = await opened(operator)
    for method, what, body, kind in (
        ("PUT", "carts", {"carts": 4}, "carts_changed"),
        ("PUT", "email", {"email": "new@example.com"}, "email_changed"),
        ("PUT", "payment-method", {"payment_method": "pm_card_mastercard"}, "payment_method_changed"),
        ("POST", "plan", {"currency": "usd", "unit_amount": 3000}, "plan_changed"),
        ("POST", "extend", {"days": 3}, "term_extended"),
        ("POST", "cancel", {"when": "term_end", "feedback": "too_expensive"}, "cancelled"),
        ("POST", "reactivate", None, "resumed"),
        ("POST", "disable", {"reason": "a check"}, "disabled"),
        ("POST", "enable", None, "enabled"),
        ("POST", "close", None, "closed"),
    ):
        answer = await operator.ask(method, f"{path}/{what}", body, Prefer="respond-async")
        assert answer.status_code == 202, what
        await until(
            lambda: operator.get(f"{path}/timeline?limit=3"),
            lambda it: f"account.{kind}" in [each["type"] for each in it["timeline"]],  # noqa: B023 - asked at once
        )


async def test_R3_why_a_customer_leaves(operator: Api) -> None:
    """One word of Stripe's list and the customer's own; another word is refused by its field."""
    path = await opened(operator)
    bad = await operator.ask("POST", f"{path}/cancel", {"feedback": "too_boring"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "feedback")
    asked = {"feedback": "switched_service", "reason": "a friend's shop"}
    assert (await operator.ask("POST", f"{path}/cancel", asked)).json()["state"] == "cancelled"
    entry = (await operator.get(f"{path}/timeline?limit=1"))["timeline"][0]
    assert "switched_service" in entry["reason"]
    assert "a friend's shop" in entry["reason"]


async def test_E24_cancel_now_on_a_cancelled_account(operator: Api) -> None:
    """It ends at once, and coming back is free to the term's end."""
    path = await opened(operator)
    await operator.ask("POST", f"{path}/cancel")
    answer = await operator.ask("POST", f"{path}/cancel", {"when": "now"})
    assert (answer.status_code, answer.json()["state"]) == (200, "disabled")
    assert (await operator.get(f"{path}/access"))["access"] is False
    assert (await operator.get(f"{path}/reactivation-quote"))["amount_due"] == 0
    assert (await operator.ask("POST", f"{path}/reactivate")).json()["term"] == answer.json()["term"]


async def test_R16_access_says_when_grace_ends(operator: Api) -> None:
    """A renewing account works past its term's end while the renewal is collected: 7 days, by the policy (R9)."""
    path = await opened(operator)
    access = await operator.get(f"{path}/access")
    assert datetime.fromisoformat(access["grace_until"]) - datetime.fromisoformat(access["term_end"]) == timedelta(7)
    assert access["until"] == access["grace_until"]
    out = await operator.get(f"{await lapsed(operator)}/access")
    assert (out["access"], out["until"], out["grace_until"]) == (False, None, None)


async def test_R13_what_operators_do(operator: Api, stripe_side: StripeSide) -> None:
    """Disable, enable, extend, plan, close."""
    path = await opened(operator)
    end = (await operator.get(path))["term"]["end"]
    assert (await operator.ask("POST", f"{path}/disable", {"reason": "fraud"})).json()["disabled_reason"] == "operator"
    answer = await operator.ask("POST", f"{path}/reactivate")
    assert (answer.status_code, answer.json()["code"]) == (409, "disabled_by_operator")
    assert (await operator.ask("POST", f"{path}/enable")).json()["state"] == "reactivated"
    longer = (await operator.ask("POST", f"{path}/extend", {"days": 7})).json()
    assert datetime.fromisoformat(longer["term"]["end"]) == datetime.fromisoformat(end) + timedelta(days=7)
    assert longer["anchor"] == longer["term"]["end"]
    for body in ({"plan": {"currency": "usd", "unit_amount": 100}}, {"currency": "usd", "unit_amount": 200}):
        assert (await operator.ask("POST", f"{path}/plan", body)).status_code == 200
    assert (await operator.get(path))["plan"]["unit_amount"] == 200
    closed = await operator.ask("POST", f"{path}/close")
    assert (closed.status_code, closed.json()["state"], closed.json()["email"]) == (200, "closed", None)
    answer = await operator.ask("POST", f"{path}/enable")
    assert (answer.status_code, answer.json()["code"]) == (409, "account_closed")
    assert stripe_side.charged(path.rsplit("/", 1)[1]) == [7500]


async def test_invoices_and_timeline_newest_first_with_cursors(operator: Api) -> None:
    """Pages, and an end."""
    path = await opened(operator)
    for carts in range(4, 8):
        await operator.ask("PUT", f"{path}/carts", {"carts": carts})
    await operator.ask("PUT", f"{path}/payment-method", {"payment_method": "pm_card_mastercard"})
    first = await operator.get(f"{path}/timeline?limit=3")
    assert [each["sequence"] for each in first["timeline"]] == [7, 6, 5]
    rest = await operator.get(f"{path}/timeline?limit=50&cursor={first['next_cursor']}")
    assert [each["sequence"] for each in rest["timeline"]] == [4, 3, 2, 1]
    assert rest["next_cursor"] is None
    assert {each["actor"]["kind"] for each in rest["timeline"] + first["timeline"]} == {"operator"}
    invoices = await operator.get(f"{path}/invoices")
    assert [(each["status"], each["amount_due"], each["currency"]) for each in invoices["invoices"]] == [
        ("paid", 7500, "usd")
    ]
    assert invoices["invoices"][0]["payment_key"] == f"{path.rsplit('/', 1)[1]}:1"
    paid = next(each for each in rest["timeline"] if each["type"] == "account.activated")
    assert paid["invoice_id"] == invoices["invoices"][0]["id"] == (await operator.get(path))["payment"]["invoice_id"]
    bad = await operator.ask("GET", f"{path}/invoices?cursor=in_nothing")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "cursor")


async def test_the_list_of_accounts(operator: Api) -> None:
    """By state, in pages; from the visibility store, which is a moment late."""
    path = await lapsed(operator)
    account_id = path.rsplit("/", 1)[1]

    async def listed() -> list[str]:
        found, cursor = [], ""
        while cursor is not None:
            page = await operator.get(f"/v1/accounts?state=disabled&limit=2{cursor and '&cursor='}{cursor}")
            found += [str(each["account_id"]) for each in page["accounts"]]
            cursor = page["next_cursor"]
        return found

    found = await until(listed, lambda them: account_id in them)
    assert len(found) == len(set(found))
    bad = await operator.ask("GET", "/v1/accounts?cursor=!!")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "cursor")


async def test_the_customer_portal(operator: Api) -> None:
    """An address at Stripe that shows the customer's card."""
    path = await opened(operator)
    answer = await operator.ask("POST", f"{path}/billing-portal", {"return_url": "https://shop.example.com/"})
    async with plain_client() as browser:
        page = await browser.get(answer.json()["url"])
    assert "ending in 4242" in page.text


async def test_R23_no_portal_for_a_customer_that_is_gone(operator: Api, stripe_side: StripeSide) -> None:
    """Deleted in Stripe's dashboard: 409 that says what helps; a payment method helps, and then there is one."""
    path = await opened(operator)
    account_id = path.rsplit("/", 1)[1]
    dump = await asyncio.to_thread(stripe_side.dump)
    customer = next(each["id"] for each in dump["customers"] if each["metadata"].get("account_id") == account_id)
    async with stripe_client(stripe_side.settings()) as client:
        await client.v1.customers.delete_async(customer)
    back = {"return_url": "https://shop.example.com/"}
    answer = await operator.ask("POST", f"{path}/billing-portal", back)
    assert (answer.status_code, answer.json()["code"]) == (409, "customer_gone")
    assert (await operator.ask("GET", f"{path}/invoices")).status_code == 200
    answer = await operator.ask("PUT", f"{path}/payment-method", {"payment_method": "pm_card_mastercard"})
    assert answer.status_code == 200, answer.text
    assert (await operator.ask("POST", f"{path}/billing-portal", back)).status_code == 200
    kinds = [each["type"] for each in (await operator.get(f"{path}/timeline"))["timeline"]]
    assert "account.customer_replaced" in kinds


async def test_R20_a_payment_method_that_stripe_does_not_know(operator: Api) -> None:
    """422 that names the field."""
    path = await opened(operator)
    answer = await operator.ask("PUT", f"{path}/payment-method", {"payment_method": "pm_1Unknown"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "payment_method")


async def test_a_command_that_outlasts_the_wait_goes_on_by_itself(operator: Api, stripe_side: StripeSide) -> None:
    """Stripe fails for a while: 202 within the wait, and reactivated once Stripe is back."""
    path = await lapsed(operator)
    stripe_side.fault(method="*", path="/v1/.*", status=503, times=10_000)
    answer = await operator.ask("POST", f"{path}/reactivate")
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "collecting")
    refused = await operator.ask("POST", f"{path}/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_in_progress")
    listed = await operator.ask("GET", f"{path}/invoices")
    assert (listed.status_code, listed.json()["code"]) == (503, "engine_unavailable")
    stripe_side.no_faults()
    await until_state(operator, path, "reactivated", seconds=60)
    assert stripe_side.charged(path.rsplit("/", 1)[1]) == [7500]


async def test_R15_webhooks_are_hints(operator: Api, caller: Callers) -> None:
    """A bad signature is refused; nothing changes."""
    path = await opened(operator)
    nobody = caller(scope="")
    answer = await nobody.ask("POST", "/v1/webhooks/stripe", {"type": "invoice.paid"}, Stripe_Signature="t=1,v1=00")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")
    assert (await operator.get(path))["sequence"] == 2
