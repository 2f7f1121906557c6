"""The pages that a payer sees: a whole story by hand, and nothing that looks like real money."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import stripe

from tests.plain_http import plain_client
from tests.stripe_side import StripeSide


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(follow_redirects=True) as made:
        yield made


async def finalized(client: stripe.StripeClient, customer: stripe.Customer, **invoice: str) -> stripe.Invoice:
    made = await client.v1.invoices.create_async({"customer": customer.id, "currency": invoice.get("currency", "usd")})
    await client.v1.invoice_items.create_async(
        {"customer": customer.id, "invoice": made.id, "amount": 2000, "description": "<b>4 carts</b>"}
    )
    return await client.v1.invoices.finalize_invoice_async(made.id)


async def test_a_hosted_invoice_is_paid_by_hand(
    client: stripe.StripeClient, customer: stripe.Customer, browser: httpx.AsyncClient
) -> None:
    """A card that declines says why; a good one pays; paying again is not offered."""
    invoice = await finalized(client, customer)
    url = str(invoice.hosted_invoice_url)
    page = await browser.get(url)
    assert "20.00 USD" in page.text
    assert "no money moves" in page.text
    assert "&lt;b&gt;4 carts&lt;/b&gt;" in page.text
    declined = await browser.post(url, data={"card": "pm_card_chargeDeclinedInsufficientFunds"})
    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    paid = await browser.post(url, data={"card": "pm_card_visa"})
    assert "Paid. Thank you." in paid.text
    assert "<button" not in paid.text
    again = await browser.post(url, data={"card": "pm_card_visa"})
    assert "already paid" in again.text
    charges = await client.v1.charges.list_async({"customer": customer.id})
    assert [each.paid for each in charges.data] == [True, False]


async def test_authentication_can_fail_and_be_completed(
    client: stripe.StripeClient, customer: stripe.Customer, browser: httpx.AsyncClient
) -> None:
    """Failed: still open, and payable; completed: paid."""
    invoice = await finalized(client, customer)
    url = str(invoice.hosted_invoice_url)
    for answer, expected in (("fail", "open"), ("complete", "paid")):
        page = await browser.post(url, data={"card": "pm_card_authenticationRequired"})
        assert "Complete authentication" in page.text
        await browser.post(str(page.url), data={"answer": answer})
        assert (await client.v1.invoices.retrieve_async(invoice.id)).status == expected


async def test_an_invoice_that_was_marked_by_hand(
    client: stripe.StripeClient, customer: stripe.Customer, browser: httpx.AsyncClient
) -> None:
    """Written off, it can still be paid; void, or paid elsewhere, it cannot, and says so."""
    written_off, voided, elsewhere = [await finalized(client, customer) for _ in range(3)]
    await client.v1.invoices.mark_uncollectible_async(written_off.id)
    await client.v1.invoices.void_invoice_async(voided.id)
    await client.v1.invoices.pay_async(elsewhere.id, {"paid_out_of_band": True})
    for invoice, says in ((voided, "was voided"), (elsewhere, "Paid. Thank you.")):
        page = await browser.get(str(invoice.hosted_invoice_url))
        assert says in page.text
        assert "<button" not in page.text
        again = await browser.post(str(invoice.hosted_invoice_url), data={"card": "pm_card_visa"})
        assert again.status_code == 402
    paid = await browser.post(str(written_off.hosted_invoice_url), data={"card": "pm_card_visa"})
    assert "Paid. Thank you." in paid.text
    charges = (await client.v1.charges.list_async({"customer": customer.id})).data
    assert [each.amount for each in charges] == [2000]


async def test_yen_on_the_page_have_no_decimals(
    client: stripe.StripeClient, customer: stripe.Customer, browser: httpx.AsyncClient
) -> None:
    """2000 JPY, not 20.00."""
    invoice = await finalized(client, customer, currency="jpy")
    assert "2000 JPY" in (await browser.get(str(invoice.hosted_invoice_url))).text
    pdf = (await browser.get(str(invoice.invoice_pdf))).content
    assert pdf.startswith(b"%PDF-")
    assert b"2000 JPY" in pdf


async def test_the_customer_portal_changes_the_card_and_the_details(
    client: stripe.StripeClient, customer: stripe.Customer, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """The new card is the default; name and e-mail are kept; the way back is there."""
    made = {"customer": customer.id, "return_url": "https://shop.example.com/billing"}
    session = await client.v1.billing_portal.sessions.create_async(made)  # type: ignore[arg-type] # a plain dict
    page = await browser.get(session.url)
    assert 'href="https://shop.example.com/billing"' in page.text
    assert 'lang="en"' in page.text
    unlabelled = set(re.findall(r'<(?:input|select) id="(\w+)"', page.text)) - set(
        re.findall(r'for="(\w+)"', page.text)
    )
    assert not unlabelled
    changed = await browser.post(session.url, data={"card": "pm_card_mastercard"})
    assert "mastercard ending in 4444" in changed.text
    await browser.post(session.url, data={"name": "New Name", "email": "new@example.com"})
    customer = await client.v1.customers.retrieve_async(customer.id)
    assert (customer.name, customer.email) == ("New Name", "new@example.com")
    assert (await browser.get(f"{stripe_side.url}/_sandbox/portal/guessed")).status_code == 404


async def test_a_portal_session_for_a_payment_method_alone(
    client: stripe.StripeClient, customer: stripe.Customer, browser: httpx.AsyncClient
) -> None:
    """The flow `payment_method_update` asks for nothing else, and leads on by itself; what is half said is refused."""
    then = {"type": "redirect", "redirect": {"return_url": "https://shop.example.com/quote?x=1"}}
    flow = {"type": "payment_method_update", "after_completion": then}
    made: Any = {"customer": customer.id, "return_url": "https://shop.example.com/back", "flow_data": flow}
    session = await client.v1.billing_portal.sessions.create_async(made)
    assert session.flow is not None
    assert session.flow.type == "payment_method_update"
    assert session.flow.after_completion.redirect is not None
    assert session.flow.after_completion.redirect.return_url == "https://shop.example.com/quote?x=1"
    page = await browser.get(session.url)
    assert "form-action 'self' https://shop.example.com;" in page.headers["content-security-policy"]
    assert "Billing information" not in page.text
    done = await browser.post(session.url, data={"card": "pm_card_mastercard"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "https://shop.example.com/quote?x=1")
    for wrong in ({"type": "redirect"}, {"type": "redirect", "redirect": {"return_url": ""}}):
        made["flow_data"] = {**flow, "after_completion": wrong}
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.billing_portal.sessions.create_async(made)
    made["flow_data"] = {"type": "subscription_cancel"}
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.billing_portal.sessions.create_async(made)
