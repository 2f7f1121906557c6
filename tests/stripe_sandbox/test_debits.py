"""Bank debits: days of `processing`, in which nothing can be undone and nothing be paid twice."""

from typing import Any

import httpx
import pytest
import stripe

from tests.plain_http import plain_client
from tests.stripe_side import StripeSide


async def debited(
    client: stripe.StripeClient, account: str, customer: stripe.Customer, **invoice: Any
) -> tuple[stripe.Invoice, str]:
    """An invoice that a bank account has been asked to pay, and its intent."""
    method = await client.v1.payment_methods.attach_async(account, {"customer": customer.id})
    made = await client.v1.invoices.create_async({"customer": customer.id, **invoice})  # type: ignore[arg-type]
    await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": made.id, "amount": 7500})
    paid = await client.v1.invoices.pay_async(
        made.id, {"payment_method": method.id, "expand": ["payments.data.payment.payment_intent"]}
    )
    return paid, intent_of(paid).id


def intent_of(invoice: stripe.Invoice) -> stripe.PaymentIntent:
    assert invoice.payments is not None
    intent = invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    return intent


def events_of(side: StripeSide, customer: str) -> list[str]:
    return [each["type"] for each in side.dump()["events"] if each["data"]["object"].get("customer") == customer]


async def test_a_debit_that_settles(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """Processing, then paid; one charge; the events in order."""
    invoice, intent = await debited(client, "pm_usBankAccount_success", customer)
    assert (invoice.status, invoice.amount_remaining, intent_of(invoice).status) == ("open", 7500, "processing")
    assert [each.status for each in (await client.v1.charges.list_async({"customer": customer.id})).data] == ["pending"]
    stripe_side.settle(intent)
    after = await client.v1.invoices.retrieve_async(invoice.id)
    assert (after.status, after.amount_paid) == ("paid", 7500)
    told = events_of(stripe_side, customer.id)
    assert [each for each in told if each.startswith(("payment_intent", "charge", "invoice.p"))] == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ("pm_usBankAccount_debitNotAuthorized", "debit_not_authorized"),
        ("pm_usBankAccount_insufficientFunds", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "account_closed"),
        ("pm_usBankAccount_noAccount", "no_account"),
    ],
)
async def test_a_debit_that_fails(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide, account: str, code: str
) -> None:
    """Days later: the invoice is open again, says why, and can be paid by a card."""
    invoice, intent = await debited(client, account, customer)
    assert intent_of(invoice).status == "processing", "nobody knows yet"
    assert stripe_side.settle(intent)["last_payment_error"]["code"] == code
    after = await client.v1.payment_intents.retrieve_async(intent)
    assert (after.status, (await client.v1.invoices.retrieve_async(invoice.id)).status) == (
        "requires_payment_method",
        "open",
    )
    assert "invoice.payment_failed" in events_of(stripe_side, customer.id)
    assert (await client.v1.invoices.pay_async(invoice.id)).status == "paid"


async def test_what_one_says_goes_before_the_test_id(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """A good account fails, a bad one settles, and of all at once only those that ever end."""
    good, failing = await debited(client, "pm_usBankAccount_success", customer)
    bad, settling = await debited(client, "pm_usBankAccount_accountClosed", customer)
    stays, never = await debited(client, "pm_usBankAccount_processing", customer)
    stripe_side.settle(failing, "failed")
    stripe_side.settle(settling, "succeeded")
    assert never not in stripe_side.post("payment_intents/settle", {})["settled"]
    assert never in stripe_side.post("payment_intents/settle", {"outcome": "succeeded"})["settled"]
    statuses = [(await client.v1.invoices.retrieve_async(each.id)).status for each in (good, bad, stays)]
    assert statuses == ["open", "paid", "paid"]
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        stripe_side.settle(never)


async def test_while_it_is_processing_nothing_else_can_be_done(
    client: stripe.StripeClient, customer: stripe.Customer, stripe_side: StripeSide
) -> None:
    """400 to void, to pay, to pay elsewhere; the hosted page says so and has no button."""
    invoice, intent = await debited(client, "pm_usBankAccount_success", customer)
    v1 = client.v1.invoices
    for refused in (
        v1.void_invoice_async(invoice.id),
        v1.pay_async(invoice.id),
        v1.pay_async(invoice.id, {"paid_out_of_band": True}),
    ):
        with pytest.raises(stripe.InvalidRequestError, match="processing") as failed:
            await refused
        assert failed.value.http_status == 400
    async with plain_client() as browser:
        page = (await browser.get(str(invoice.hosted_invoice_url))).text
        assert "processing" in page
        assert "<button" not in page
        stripe_side.settle(intent)
        assert "Paid. Thank you." in (await browser.get(str(invoice.hosted_invoice_url))).text


async def test_a_type_that_the_invoice_does_not_list(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Cards only: a bank account is refused, and nothing is charged. Nor does one pay yen."""
    with pytest.raises(stripe.InvalidRequestError, match="us_bank_account"):
        await debited(client, "pm_usBankAccount_success", customer, payment_settings={"payment_method_types": ["card"]})
    with pytest.raises(stripe.InvalidRequestError, match="jpy"):
        await debited(client, "pm_usBankAccount_success", customer, currency="jpy")
    assert (await client.v1.charges.list_async({"customer": customer.id})).data == []
