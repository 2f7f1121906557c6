"""Paying: which method is used, how a payment can end, and what can be done meanwhile."""

import pytest
import stripe

from tests.assumptions.account import Account
from tests.assumptions.errors import refusal
from tests.waiting import until


async def test_pay_uses_the_customers_default(account: Account) -> None:
    """Pay charges, of two cards, the one in the customer's `invoice_settings.default_payment_method`.

    Source: docs.stripe.com/api/invoices/pay, docs.stripe.com/api/customers/object
    """
    customer = await account.customer("pm_card_visa")
    default = await account.default_card(customer.id, "pm_card_mastercard")
    invoice = await account.finalized(customer.id)
    paid = await account.v1.invoices.pay_async(invoice.id, {"off_session": True})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 7500, 0)
    assert [(each.payment_method, each.amount) for each in await account.charges(customer.id)] == [(default, 7500)]


async def test_without_a_method_nothing_is_tried(account: Account) -> None:
    """Pay without a default payment method is refused (400), and the invoice stays open.

    Source: docs.stripe.com/api/invoices/pay
    """
    customer = await account.customer(card=None)
    invoice = await account.finalized(customer.id)
    assert (await refusal(account.v1.invoices.pay_async(invoice.id))).http_status == 400
    assert (await account.v1.invoices.retrieve_async(invoice.id)).status == "open"


async def test_a_decline_says_why_and_leaves_the_invoice_open(account: Account) -> None:
    """A decline is a 402 with code and decline code; another card pays the same invoice.

    Source: docs.stripe.com/testing#declined-payments, docs.stripe.com/declines/codes
    """
    customer = await account.customer("pm_card_chargeCustomerFail")
    invoice = await account.finalized(customer.id)
    declined = await refusal(account.v1.invoices.pay_async(invoice.id, {"off_session": True}), stripe.CardError)
    assert (declined.http_status, declined.code, declined.error.decline_code) == (
        402,
        "card_declined",
        "generic_decline",
    )
    intent = await account.intent_of(invoice.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == "generic_decline"
    assert (await account.v1.invoices.retrieve_async(invoice.id)).status == "open"
    await account.default_card(customer.id, "pm_card_visa")
    assert (await account.v1.invoices.pay_async(invoice.id)).status == "paid"


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
async def test_cards_that_decline_are_not_attached(account: Account, card: str, code: str, decline: str) -> None:
    """A card that declines is refused when it is attached: a 402 with code and decline code.

    Source: docs.stripe.com/testing#declined-payments
    """
    customer = await account.customer(card=None)
    declined = await refusal(account.v1.payment_methods.attach_async(card, {"customer": customer.id}), stripe.CardError)
    assert (declined.http_status, declined.code, declined.error.decline_code) == (402, code, decline)
    assert (await account.v1.payment_methods.list_async({"customer": customer.id})).data == []


async def test_authentication_is_asked_for_and_can_be_called_off(account: Account) -> None:
    """A payer who must authenticate is a 402; the invoice stays open with a page to pay it, until it is voided.

    Source: docs.stripe.com/testing#regulatory-cards, docs.stripe.com/api/errors, docs.stripe.com/error-codes
    """
    customer = await account.customer("pm_card_authenticationRequired")
    invoice = await account.finalized(customer.id)
    asked = await refusal(account.v1.invoices.pay_async(invoice.id, {"off_session": True}), stripe.CardError)
    assert asked.http_status == 402
    assert asked.code in {"invoice_payment_intent_requires_action", "authentication_required"}
    assert (await account.intent_of(invoice.id)).status in {"requires_action", "requires_payment_method"}
    seen = await account.v1.invoices.retrieve_async(invoice.id)
    assert (seen.status, bool(seen.hosted_invoice_url)) == ("open", True)
    assert (await account.v1.invoices.void_invoice_async(invoice.id)).status == "void"
    assert (await account.intent_of(invoice.id)).status == "canceled"


async def test_a_bank_debit_is_processing_and_cannot_be_undone(account: Account) -> None:
    """A bank debit answers 200, invoice open, intent `processing`; void and pay are refused meanwhile.

    Source: docs.stripe.com/payments/ach-direct-debit, docs.stripe.com/invoicing/ach-direct-debit
    """
    customer = await account.customer(card=None)
    bank = await account.bank_account(customer.id, "pm_usBankAccount_processing")
    invoice = await account.finalized(customer.id, payment_settings={"payment_method_types": ["us_bank_account"]})
    answer = await account.v1.invoices.pay_async(invoice.id, {"payment_method": bank})
    assert (answer.status, (await account.intent_of(invoice.id)).status) == ("open", "processing")
    for asked in (
        account.v1.invoices.void_invoice_async(invoice.id),
        account.v1.invoices.pay_async(invoice.id, {"payment_method": bank}),
    ):
        assert (await refusal(asked)).http_status == 400
    assert (await account.intent_of(invoice.id)).status == "processing"
    assert len(await account.charges(customer.id)) == 1


async def test_an_invoice_for_cards_takes_no_bank_account(account: Account) -> None:
    """An invoice whose `payment_method_types` are cards takes no bank account (400); nothing is charged.

    Source: docs.stripe.com/api/invoices/create#create_invoice-payment_settings-payment_method_types
    """
    customer = await account.customer(card=None)
    bank = await account.bank_account(customer.id, "pm_usBankAccount_success")
    invoice = await account.finalized(customer.id, payment_settings={"payment_method_types": ["card"]})
    assert (await refusal(account.v1.invoices.pay_async(invoice.id, {"payment_method": bank}))).http_status == 400
    assert (await account.v1.invoices.retrieve_async(invoice.id)).status == "open"
    assert await account.charges(customer.id) == []


async def test_a_refund_is_found_by_its_charge(account: Account) -> None:
    """A refund stands on its charge and in the list of refunds; the invoice stays paid.

    Source: docs.stripe.com/api/refunds
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    await account.v1.invoices.pay_async(invoice.id)
    charge = (await account.charges(customer.id))[0]
    made = await account.v1.refunds.create_async({"charge": charge.id, "amount": 500})
    assert [each.id for each in (await account.v1.refunds.list_async({"charge": charge.id})).data] == [made.id]
    after = await account.v1.charges.retrieve_async(charge.id)
    assert (after.amount_refunded, after.refunded) == (500, False)
    assert (await account.v1.invoices.retrieve_async(invoice.id)).status == "paid", "a refund opens no invoice"


async def test_a_dispute_is_found_by_its_intent(account: Account) -> None:
    """A dispute is found by its intent, and names charge, amount and reason; the invoice stays paid.

    Source: docs.stripe.com/testing#disputes, docs.stripe.com/api/disputes, docs.stripe.com/api/invoice-payment/list
    """
    customer = await account.customer("pm_card_createDispute")
    invoice = await account.finalized(customer.id)
    await account.v1.invoices.pay_async(invoice.id)
    intent = await account.intent_of(invoice.id)
    about: stripe.params.DisputeListParams = {"payment_intent": intent.id}
    found = (await until(lambda: account.v1.disputes.list_async(about), lambda it: it.data, every=1, seconds=60)).data
    assert (found[0].amount, found[0].reason, found[0].charge) == (7500, "fraudulent", intent.latest_charge)
    assert (await account.v1.invoices.retrieve_async(invoice.id)).status == "paid"
    paid_by = await account.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    )
    assert [each.invoice for each in paid_by.data] == [invoice.id]
