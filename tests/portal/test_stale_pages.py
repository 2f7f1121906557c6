"""Pages that were left open: a button carries what its page said, and does nothing else (R3, R14, row by row)."""

import asyncio
import re
import uuid
from datetime import timedelta

import httpx
import pytest
from temporalio.client import Client

from reprise.local.clock import AccountClock
from tests.api_accounts import awaiting, customer_of, opened, past_due, settled_by_payer, until_state
from tests.api_side import Api
from tests.portal.over_http import fields_of, link
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")


async def test_R14_called_off_after_the_payer_has_confirmed_elsewhere(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """The page still says "Call the payment off"; the subscription is not cancelled, and the truth is told."""
    account = await awaiting(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/reactivate"), "Call the payment off")
    assert form["payment"] == account["payment"]["key"]
    await settled_by_payer(stripe_side, account)
    await until_state(operator, f"/v1/accounts/{account['account_id']}", "reactivated")
    page = await browser.post(f"{base}/call-off", data=form)
    assert "The payment has gone through meanwhile. Nothing was cancelled." in page.text
    assert (await operator.get(f"/v1/accounts/{account['account_id']}"))["state"] == "reactivated"
    assert stripe_side.charged(account["account_id"]) == [7500]


async def test_R14_called_off_after_it_was_called_off(operator: Api, browser: httpx.AsyncClient) -> None:
    """In another tab, and another payment has begun since: that one is left alone."""
    account = await awaiting(operator)
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/reactivate"), "Call the payment off")
    assert "The payment is called off." in (await browser.post(f"{base}/call-off", data=form)).text
    second = (await operator.ask("POST", f"{path}/reactivate")).json()
    assert second["payment"]["key"] != account["payment"]["key"]
    page = await browser.post(f"{base}/call-off", data={**form, "key": str(uuid.uuid4())})
    assert "The payment has ended meanwhile. Nothing was charged." in page.text
    assert (await operator.get(path))["payment"]["status"] == "requires_action"


async def test_R3_cancelled_now_after_a_retry_has_paid(
    operator: Api, browser: httpx.AsyncClient, temporal: Client, stripe_side: StripeSide
) -> None:
    """The past-due page said that nothing is paid ahead: a month that is paid by now is not thrown away."""
    account = await past_due(operator, temporal, stripe_side)
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/cancel"), "Cancel now")
    assert (form["state"], form["payment"], form["when"]) == ("past_due", account["payment"]["key"], "now")
    await asyncio.to_thread(stripe_side.behave, await customer_of(stripe_side, account))
    await operator.ask("PUT", f"{path}/payment-method", {"payment_method": "pm_card_mastercard"})
    paid = await until_state(operator, f"/v1/accounts/{account['account_id']}", "active")
    page = await browser.post(f"{base}/cancel", data=form)
    assert "The payment has gone through meanwhile. Nothing was cancelled." in page.text
    assert await operator.get(path) == paid
    assert stripe_side.charged(account["account_id"]) == [7500, 7500]


async def test_R3_a_past_due_account_is_cancelled_by_its_own_page(
    operator: Api, browser: httpx.AsyncClient, temporal: Client, stripe_side: StripeSide
) -> None:
    """E9: out of service at once, the invoice void."""
    account = await past_due(operator, temporal, stripe_side)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/cancel"), "Cancel now")
    page = await browser.post(f"{base}/cancel", data=form)
    assert "Your subscription is cancelled, and your shop has stopped." in page.text
    assert (await operator.get(f"/v1/accounts/{account['account_id']}"))["disabled_reason"] == "cancelled"
    statuses = [each["status"] for each in stripe_side.invoices(account["account_id"])]
    assert sorted(statuses) == ["paid", "void"]


async def test_R3_cancelled_from_a_page_of_the_term_before(
    operator: Api, browser: httpx.AsyncClient, temporal: Client
) -> None:
    """It has renewed since: the page said until when it works, and that is not so any more. Nothing is cancelled."""
    account = await opened(operator)
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    async for _ in AccountClock(temporal, account["account_id"]).move(None):
        pass
    page = await browser.post(f"{base}/cancel", data={**form, "when": "term_end"})
    assert "Your account has changed since that page was shown. Nothing was cancelled." in page.text
    assert (await operator.get(path))["state"] == "active"


async def test_R3_a_second_tab_stops_a_cancelled_account_at_once(operator: Api, browser: httpx.AsyncClient) -> None:
    """E24 by the pages: the second tab says what is true, asks once more, and then does it."""
    account = await opened(operator)
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    one = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    two = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    three = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    first = await browser.post(f"{base}/cancel", data={**one, "when": "term_end"})
    assert "Your subscription is cancelled. Your shop works until" in first.text
    again = await browser.post(f"{base}/cancel", data={**two, "when": "term_end"})
    assert "Your subscription is cancelled. Your shop works until" in again.text
    assert (await operator.get(path))["sequence"] == account["sequence"] + 1
    told = await browser.post(f"{base}/cancel", data={**three, "when": "now"})
    assert "Your subscription is cancelled already. To stop your shop at once, confirm it here." in told.text
    assert (await operator.get(path))["state"] == "cancelled"
    done = await browser.post(f"{base}/cancel", data=fields_of(told, "Stop my shop now"))
    assert "your shop has stopped" in done.text
    stopped = await operator.get(path)
    assert (stopped["state"], stopped["disabled_reason"]) == ("disabled", "cancelled")
    assert (await operator.get(f"{path}/reactivation-quote"))["amount_due"] == 0, "the paid time stays the account's"


async def test_R3_a_page_of_an_account_that_is_out_of_service_by_now(operator: Api, browser: httpx.AsyncClient) -> None:
    """Its button changes nothing, and says so."""
    account = await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    await operator.ask("POST", f"/v1/accounts/{account['account_id']}/disable", {"reason": "fraud"})
    page = await browser.post(f"{base}/cancel", data={**form, "when": "now"})
    assert "Your account is out of service already. Nothing was changed." in page.text
    assert (await operator.get(f"/v1/accounts/{account['account_id']}"))["disabled_reason"] == "operator"


async def test_a_form_that_does_not_say_what_it_showed_does_nothing(operator: Api, browser: httpx.AsyncClient) -> None:
    """As from before an upgrade: 422, and nothing is changed."""
    account = await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    for wrong in ({"state": "new"}, {"state": "x"}, {"payment": "other:1"}):
        await browser.post(f"{base}/cancel", data={**form, **wrong, "when": "now", "key": str(uuid.uuid4())})
    without = {name: value for name, value in form.items() if name != "state"}
    assert (await browser.post(f"{base}/cancel", data={**without, "when": "now"})).status_code == 422
    assert (await browser.post(f"{base}/call-off", data=without | {"payment": ""})).status_code != 500
    assert (await operator.get(f"/v1/accounts/{account['account_id']}"))["state"] == "active"


async def test_R21_a_transfer_is_shown_as_one(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """E13: neither paid nor failed, on each page; no second button to pay, and no invoice to pay."""
    account = await opened(
        operator,
        paid_through="2026-01-15T10:00:00Z",
        payment_method="pm_usBankAccount_success",
        policy={"payment_methods": ["card", "us_bank_account"]},
    )
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    answers = [await operator.ask("POST", f"{path}/reactivate") for _ in range(2)]
    assert [(each.status_code, each.json()["payment"]["status"]) for each in answers] == [(202, "processing")] * 2
    assert len({each.json()["payment"]["key"] for each in answers}) == 1
    refused = await operator.ask("POST", f"{path}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_in_progress")
    await browser.get(await link(operator, account["account_id"]))
    for where in ("", "/reactivate"):
        page = await browser.get(base + where)
        assert "Your bank is transferring $75.00. This takes a few days." in page.text
        assert "Pay $75.00" not in page.text
    rows = (await browser.get(f"{base}/invoices")).text
    assert "Being transferred" in rows
    assert not re.search(r">\s*Pay<", rows)
    customer = await customer_of(stripe_side, account)
    (intent,) = stripe_side.dump("payment_intents", owners=[customer])["payment_intents"]
    await asyncio.to_thread(stripe_side.settle, intent["id"], "succeeded")
    paid = await until_state(operator, f"/v1/accounts/{account['account_id']}", "reactivated")
    assert paid["payment"]["status"] == "paid"
    assert stripe_side.charged(account["account_id"]) == [7500]


async def test_R26_the_pages_ask_in_the_payments_own_currency(operator: Api, browser: httpx.AsyncClient) -> None:
    """The plan is in yen by now; the payment that waits for its payer is still of 75 dollars."""
    account = await awaiting(operator)
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    await operator.ask("POST", f"{path}/plan", {"currency": "jpy", "unit_amount": 500})
    payment = (await operator.get(path))["payment"]
    assert (payment["amount"], payment["currency"]) == (7500, "usd")
    await browser.get(await link(operator, account["account_id"]))
    for where in ("", "/reactivate"):
        page = await browser.get(base + where)
        assert "confirm the payment of $75.00" in page.text
        assert "7,500" not in page.text


async def test_R26_the_billing_email_on_the_page(operator: Api, browser: httpx.AsyncClient) -> None:
    """Changed there and shown; a wrong one is refused in words."""
    account = await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/subscription"), "Save e-mail")
    wrong = await browser.post(f"{base}/subscription", data={**form, "email": "a@b"})
    assert (wrong.status_code, "Nothing was changed." in wrong.text) == (422, True)
    done = await browser.post(f"{base}/subscription", data={**form, "email": "new@example.com"})
    assert "Your billing e-mail is changed." in done.text
    assert 'value="new@example.com"' in done.text
    assert "new@example.com" in (await browser.get(base)).text


async def test_R10_a_first_payment_that_expires_has_a_reason(operator: Api, temporal: Client) -> None:
    """Nobody confirmed it within 23 hours: `first_payment_failed`, and why, over HTTP as in the record."""
    account = await opened(operator, payment_method="pm_card_authenticationRequired")
    assert (account["state"], account["payment"]["status"]) == ("disabled", "requires_action")
    clock = AccountClock(temporal, account["account_id"])
    async for _ in clock.move((await clock.look()).now + timedelta(hours=24)):
        pass
    expired = await operator.get(f"/v1/accounts/{account['account_id']}")
    assert (expired["state"], expired["disabled_reason"]) == ("disabled", "first_payment_failed")
    assert (expired["payment"]["status"], expired["payment"]["decline_code"]) == ("declined", "authentication_required")
