"""R19: which payment method an account is charged to: read from Stripe as it stands there, and kept nowhere."""

import re

import httpx
import pytest
from temporalio.client import Client

from reprise.accounts.client import Accounts
from tests.api_accounts import awaiting, customer_of, opened, past_due, settled_by_payer, until_state
from tests.api_side import Api, Callers, new_account
from tests.portal.over_http import fields_of, link
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")

VISA = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}


async def test_R19_the_payment_method_over_http(operator: Api, caller: Callers, temporal: Client) -> None:
    """As Stripe has it; another one is seen at once; of other accounts nothing; the record knows no digit of it."""
    account = await opened(operator)
    path = f"/v1/accounts/{account['account_id']}/payment-method"
    owner = caller(account["account_id"])
    assert await owner.get(path) == VISA
    changed = await owner.ask("PUT", path, {"payment_method": "pm_card_mastercard"})
    assert changed.status_code == 200
    assert await owner.get(path) == {**VISA, "brand": "mastercard", "last4": "4444"}
    assert (await caller("other").ask("GET", path)).status_code == 404
    record = (await Accounts(temporal, command_wait=8).record(account["account_id"])).run
    assert "4444" not in record.model_dump_json()
    assert "mastercard" not in record.model_dump_json()


async def test_R19_without_a_payment_method(operator: Api) -> None:
    """Null: none was given, or the customer is gone at Stripe (R23). A bank account has no expiry."""
    none = new_account(payment_method=None, paid_through="2027-01-15T10:00:00Z")
    await operator.ask("POST", "/v1/accounts", none)
    assert (await operator.ask("GET", f"/v1/accounts/{none['account_id']}/payment-method")).json() is None
    bank = await opened(
        operator, payment_method="pm_usBankAccount_success", policy={"payment_methods": ["us_bank_account"]}
    )
    told = await operator.get(f"/v1/accounts/{bank['account_id']}/payment-method")
    assert told == {"brand": "STRIPE TEST BANK", "last4": "6789", "exp_month": None, "exp_year": None}


async def test_R19_stripe_is_away(operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide) -> None:
    """503 over HTTP; the page stands all the same, and where Stripe must answer it says so, with a way back."""
    account, other = await opened(operator), await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    stripe_side.fault(path="/v1/(customers|billing_portal|invoices|charges).*", method="*", status=500, times=100)
    answer = await operator.ask("GET", f"/v1/accounts/{other['account_id']}/payment-method")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
    page = await browser.get(f"{base}/subscription?notice=card")
    assert page.status_code == 200
    assert "3 carts" in page.text
    away = await browser.get(f"{base}/payment-method?to=reactivate")
    assert away.status_code == 503
    assert "Our payment service cannot be reached right now. Nothing was changed." in away.text
    assert f'href="{base}"' in away.text
    assert f'href="{base}/payment-method"' in away.text


async def test_R9_another_card_in_one_step(operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide) -> None:
    """From the quote to Stripe's page for a card, and by itself back to the same quote, with the new card on it."""
    account = await opened(operator, paid_through="2026-01-01T00:00:00Z")
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    assert "Pay $75.00 with Visa" in (await browser.get(f"{base}/reactivate")).text
    at_stripe = await browser.get(f"{base}/payment-method?to=reactivate")
    assert "Add a payment method" in at_stripe.text
    assert "Billing information" not in at_stripe.text, "the flow is for one thing"
    done = await browser.post(at_stripe.url, data={"card": "pm_card_mastercard"}, follow_redirects=False)
    assert httpx.URL(done.headers["location"]).raw_path.decode() == f"{base}/reactivate?notice=card"
    back = await browser.get(done.headers["location"])
    assert "Your card is changed." in back.text
    assert "Pay $75.00 with Mastercard" in back.text
    form = {**fields_of(back, "Pay $75.00"), "expected_amount": "7500"}
    paid = await browser.post(f"{base}/reactivate", data=form)
    assert "You are back." in paid.text
    assert re.search(r"\$75\.00 paid with Mastercard\s••••\s4444 on", paid.text)
    assert stripe_side.charged(account["account_id"]) == [7500]


async def test_a_receipt_leads_to_the_accounts_own_invoice(operator: Api, browser: httpx.AsyncClient) -> None:
    """Another account's is not found, nor one that there is not."""
    mine, theirs = await opened(operator), await opened(operator)
    base = f"/portal/accounts/{mine['account_id']}"
    await browser.get(await link(operator, mine["account_id"]))
    own = await browser.get(f"{base}/invoices/{mine['payment']['invoice_id']}", follow_redirects=False)
    assert own.status_code == 303
    assert "/_sandbox/invoices/" in own.headers["location"]
    for other in (theirs["payment"]["invoice_id"], "in_none"):
        assert (await browser.get(f"{base}/invoices/{other}")).status_code == 404
    assert (await browser.get(f"{base}/invoices/..%2f..")).status_code in {404, 422}


async def test_an_open_page_learns_of_a_payment(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """Nothing new: nothing said, and after a while no more asked; paid elsewhere: the page is loaded again."""
    account = await awaiting(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    page = await browser.get(f"{base}/reactivate")
    asked = re.search(r'hx-get="([^"]+)"', page.text)
    assert asked is not None
    where = asked[1].replace("&amp;", "&")
    assert (await browser.get(where)).status_code == 204
    over = await browser.get(re.sub(r"until=\d+", "until=1", where))
    assert (over.status_code, "hx-refresh" in over.headers) == (286, False)
    await settled_by_payer(stripe_side, account)
    await until_state(operator, f"/v1/accounts/{account['account_id']}", "reactivated")
    news = await browser.get(where)
    assert (news.status_code, news.headers["hx-refresh"]) == (204, "true")
    assert "You are back." in (await browser.get(f"{base}/reactivate")).text
    assert "hx-get" not in (await browser.get(base)).text, "nothing is awaited any more"


async def test_R9_a_past_due_page_offers_the_open_invoice(
    operator: Api, browser: httpx.AsyncClient, temporal: Client, stripe_side: StripeSide
) -> None:
    """The card that failed and why, the sum and the day; the button leads to that very invoice."""
    account = await past_due(operator, temporal, stripe_side)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    page = (await browser.get(base)).text.replace("\xa0", " ")
    assert re.search(r"Pay \$75\.00 by \w+ \d+(, \d+)? to keep your shop running", page)
    assert "We could not collect $75.00 with Visa •••• 4242: there is not enough money available." in page
    assert re.search(rf'href="{base}/invoices/{account["payment"]["invoice_id"]}"[^>]*>Pay \$75\.00 now', page)


async def test_R26_the_email_of_stripe_s_own_page(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """Changed there, it is shown here as it is now."""
    account = await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    assert "owner@example.com" in (await browser.get(base)).text
    at_stripe = await browser.get(f"{base}/billing-information")
    await browser.post(at_stripe.url, data={"name": "Ada", "email": "elsewhere@example.com"})
    assert "elsewhere@example.com" in (await browser.get(base)).text
    assert await customer_of(stripe_side, account)


async def test_the_pages_look_as_the_hand_over_says(operator: Api, browser: httpx.AsyncClient) -> None:
    """Name, logo, colour, support, what stays; the policy takes the logo's origin, and the colour is a style sheet."""
    account = await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    body = {
        "user": {"id": "user-7", "billing_access": True},
        "product_name": "Integration Manager",
        "logo_url": "https://cdn.example.com/logo.svg",
        "accent_color": "#5B2A86",
        "support_url": "https://shop.example.com/help",
        "stays": "Your feeds stay for a year.",
    }
    made = await operator.ask("POST", f"/v1/accounts/{account['account_id']}/portal-sessions", body)
    page = await browser.get(made.json()["url"])
    assert "Integration Manager" in page.text
    assert '<img src="https://cdn.example.com/logo.svg"' in page.text
    assert "img-src 'self' https://cdn.example.com;" in page.headers["content-security-policy"]
    assert 'href="https://shop.example.com/help"' in page.text
    style = await browser.get("/portal/accent/5b2a86.css")
    assert '<link rel="stylesheet" href="/portal/accent/5b2a86.css">' in page.text
    assert (style.headers["content-type"], "#5b2a86" in style.text) == ("text/css; charset=utf-8", True)
    assert (await browser.get("/portal/accent/red.css")).status_code in {404, 422}
    assert "Your feeds stay for a year." in (await browser.get(f"{base}/cancel")).text
    refused = await operator.ask(
        "POST", f"/v1/accounts/{account['account_id']}/portal-sessions", {**body, "accent_color": "#ffff00"}
    )
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "accent_color")


async def test_a_page_is_in_one_language_also_when_something_is_wrong(
    operator: Api, browser: httpx.AsyncClient
) -> None:
    """German in a German browser: the page, the sentence at a field, an error, and good-bye."""
    account = await opened(operator)
    base = f"/portal/accounts/{account['account_id']}"
    browser.headers["accept-language"] = "de-DE,de;q=0.9,en;q=0.5"
    page = await browser.get(await link(operator, account["account_id"]))
    assert '<html lang="de-DE"' in page.text
    assert "Profil &amp; Abrechnung" in page.text
    form = fields_of(await browser.get(f"{base}/subscription"), "Ändern")
    wrong = await browser.post(f"{base}/subscription", data={**form, "carts": "-3"})
    assert wrong.status_code == 422
    assert "Warenkörbe müssen eine ganze Zahl" in wrong.text
    assert 'value="-3"' in wrong.text
    assert wrong.url.path == f"{base}/subscription"
    assert "Diese Seite gibt es hier nicht." in (await browser.get("/portal/nowhere")).text
    out = await browser.post("/portal/sign-out", data={"forms_token": form["forms_token"]})
    assert "Sie sind abgemeldet" in out.text
    again = await browser.get(base)
    assert (again.status_code, "Bitte melden Sie sich neu an" in again.text) == (401, True)


async def test_R3_why_one_leaves_is_asked_and_kept(operator: Api, browser: httpx.AsyncClient) -> None:
    """Optional; what was chosen and written stands in the timeline."""
    account = await opened(operator)
    path, base = f"/v1/accounts/{account['account_id']}", f"/portal/accounts/{account['account_id']}"
    await browser.get(await link(operator, account["account_id"]))
    form = fields_of(await browser.get(f"{base}/cancel"), "Cancel on")
    done = await browser.post(f"{base}/cancel", data={**form, "feedback": "unused", "reason": "We moved."})
    assert "Your subscription is cancelled." in done.text
    entry = (await operator.get(f"{path}/timeline"))["timeline"][0]
    assert "unused" in (entry["reason"] or "")
    assert "We moved." in (entry["reason"] or "")
