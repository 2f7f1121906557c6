"""Cards: refused when attached, gone bad afterwards, or asking their holder; and what the issuer advises."""

from typing import Any

import pytest
import stripe

from tests.plain_http import plain_client
from tests.stripe_side import StripeSide


async def invoiced(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Invoice:
    made = await client.v1.invoices.create_async({"customer": customer.id})
    await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": made.id, "amount": 7500})
    return await client.v1.invoices.finalize_invoice_async(made.id)


async def refused(client: stripe.StripeClient, invoice: stripe.Invoice, **how: Any) -> Any:
    with pytest.raises(stripe.CardError) as failed:
        await client.v1.invoices.pay_async(invoice.id, how)  # type: ignore[arg-type] # a plain dict
    assert failed.value.http_status == 402
    return failed.value.error


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
async def test_cards_that_decline_are_refused_when_attached(
    client: stripe.StripeClient, customer: stripe.Customer, card: str, code: str, decline: str
) -> None:
    """402, and the customer's methods are as before; but `pm_card_chargeCustomerFail` attaches."""
    with pytest.raises(stripe.CardError) as failed:
        await client.v1.payment_methods.attach_async(card, {"customer": customer.id})
    error: Any = failed.value.error
    assert (failed.value.http_status, error.code, error.decline_code) == (402, code, decline)
    await client.v1.payment_methods.attach_async("pm_card_chargeCustomerFail", {"customer": customer.id})
    methods = (await client.v1.payment_methods.list_async({"customer": customer.id})).data
    assert [each.card.last4 for each in methods if each.card] == ["0341", "4242"]


async def test_a_card_goes_bad_and_well_again(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """By its customer, by itself, with advice; the charge, the intent and the error say the same."""
    invoice = await invoiced(client, customer)
    stripe_side.behave(customer.id, decline_code="stolen_card", advice_code="do_not_try_again")
    error = await refused(client, invoice)
    assert (error.code, error.decline_code, error.advice_code) == ("card_declined", "stolen_card", "do_not_try_again")
    charge = (await client.v1.charges.list_async({"customer": customer.id})).data[0]
    assert charge.outcome is not None
    assert (charge.outcome.advice_code, charge.outcome.reason) == ("do_not_try_again", "stolen_card")
    last: Any = (await client.v1.payment_intents.retrieve_async(str(charge.payment_intent))).last_payment_error
    assert (last.decline_code, last.advice_code) == ("stolen_card", "do_not_try_again")
    settings = customer.invoice_settings
    assert settings is not None
    stripe_side.behave(str(settings.default_payment_method), decline_code="try_again_later")
    assert (await refused(client, invoice)).decline_code == "try_again_later"
    for each in (customer.id, str(settings.default_payment_method)):
        stripe_side.behave(each)
    assert (await client.v1.invoices.pay_async(invoice.id)).status == "paid"


async def test_a_card_that_goes_bad_once_attached(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """Attached like any; it declines as told; another customer cannot have it."""
    card = stripe_side.payment_method(decline_code="insufficient_funds")
    await client.v1.payment_methods.attach_async(card, {"customer": customer.id})
    invoice = await invoiced(client, customer)
    assert (await refused(client, invoice, payment_method=card)).decline_code == "insufficient_funds"
    other = await client.v1.customers.create_async({})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        await client.v1.payment_methods.attach_async(card, {"customer": other.id})


@pytest.mark.parametrize("card", ["pm_card_authenticationRequiredOnSetup", None])
async def test_a_soft_decline_is_paid_once_the_payer_authenticates(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide, card: str | None
) -> None:
    """Off-session `authentication_required`, the invoice open; on the hosted page the same card pays."""
    card = card or stripe_side.payment_method(decline_code="authentication_required")
    method = await client.v1.payment_methods.attach_async(card, {"customer": customer.id})
    invoice = await invoiced(client, customer)
    error = await refused(client, invoice, payment_method=method.id, off_session=True)
    assert (error.code, error.decline_code) == ("authentication_required", "authentication_required")
    intents = await client.v1.payment_intents.list_async({"customer": customer.id})
    assert [each.status for each in intents.data] == ["requires_payment_method"]
    async with plain_client(follow_redirects=True) as browser:
        page = await browser.post(str(invoice.hosted_invoice_url), data={"card": method.id})
        assert "Complete authentication" in page.text
        done = await browser.post(str(page.url), data={"answer": "complete"})
    assert "Paid. Thank you." in done.text
    assert (await client.v1.invoices.retrieve_async(invoice.id)).status == "paid"


async def test_the_portal_says_which_card_was_refused(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """A card that does not attach, an e-mail that Stripe does not take: said, and nothing changed."""
    session = await client.v1.billing_portal.sessions.create_async({"customer": customer.id})
    async with plain_client(follow_redirects=True) as browser:
        card = await browser.post(session.url, data={"card": "pm_card_chargeDeclinedInsufficientFunds"})
        mail = await browser.post(session.url, data={"name": "x", "email": "x@localhost"})
        assert "insufficient funds" in card.text
        assert "Invalid email address" in mail.text
        assert (card.status_code, mail.status_code) == (402, 402)
        after = await client.v1.customers.retrieve_async(customer.id)
        assert (after.name, after.invoice_settings) == (customer.name, customer.invoice_settings)
        await client.v1.customers.delete_async(customer.id)
        assert (await browser.get(session.url)).status_code == 404
