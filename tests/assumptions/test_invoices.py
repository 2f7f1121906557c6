"""Invoices: how they are found, finalized, voided, written off and deleted."""

from decimal import Decimal

import stripe

from tests.assumptions.account import Account
from tests.assumptions.errors import refusal


async def test_a_list_shows_at_once_what_was_made(account: Account) -> None:
    """Invoices are listed as soon as they exist, newest first, with their metadata, and no others.

    Source: docs.stripe.com/api/invoices/list; docs.stripe.com/search#data-freshness says that search is not so
    """
    customer = await account.customer(card=None)
    for n in range(3):
        made = await account.v1.invoices.create_async(
            {"customer": customer.id, "metadata": {"payment_key": f"shop:{n}", "life": "l1"}}
        )
        listed = (await account.v1.invoices.list_async({"customer": customer.id, "limit": 100})).data
        assert listed[0].id == made.id
        assert listed[0].metadata is not None
        assert listed[0].metadata.to_dict() == {"payment_key": f"shop:{n}", "life": "l1"}
        assert len(listed) == n + 1


async def test_a_list_shows_a_change_at_once(account: Account) -> None:
    """The next list shows what was voided or deleted: void invoices are in it, deleted ones are not.

    Source: docs.stripe.com/api/invoices/list, docs.stripe.com/api/invoices/delete
    """
    customer = await account.customer(card=None)
    invoice, draft = await account.finalized(customer.id), await account.draft(customer.id)
    await account.v1.invoices.void_invoice_async(invoice.id)
    await account.v1.invoices.delete_async(draft.id)
    listed = (await account.v1.invoices.list_async({"customer": customer.id})).data
    assert [(each.id, each.status) for each in listed] == [(invoice.id, "void")]
    by_status = await account.v1.invoices.list_async({"customer": customer.id, "status": "open"})
    assert by_status.data == []


async def test_stripe_expands_four_levels_and_a_list_is_one(account: Account) -> None:
    """Stripe expands four levels: one invoice shows its payment's intent, a list of invoices cannot.

    Source: docs.stripe.com/api/expanding_objects; stripe-java issue 2011
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    assert (await account.intent_of(invoice.id)).status == "requires_payment_method"
    too_deep = account.v1.invoices.list_async(
        {"customer": customer.id, "expand": ["data.payments.data.payment.payment_intent"]}
    )
    assert (await refusal(too_deep)).http_status == 400


async def test_creating_shows_the_customer(account: Account) -> None:
    """`expand[]=customer` on the invoice that is made tells, without another request, what pays by default.

    Source: docs.stripe.com/api/expanding_objects, docs.stripe.com/api/invoices/create
    """
    customer = await account.customer(card=None, balance=2000)
    card = await account.default_card(customer.id, "pm_card_visa")
    made = await account.v1.invoices.create_async({"customer": customer.id, "expand": ["customer"]})
    assert isinstance(made.customer, stripe.Customer)
    assert made.customer.balance == 2000
    assert made.customer.invoice_settings is not None
    assert made.customer.invoice_settings.default_payment_method == card


async def test_finalizing_answers_with_lines_and_sum(account: Account) -> None:
    """The finalized invoice comes with its lines and `amount_due`: both can be checked before anything is charged.

    Source: docs.stripe.com/api/invoices/finalize
    """
    customer = await account.customer()
    made = await account.v1.invoices.create_async({"customer": customer.id, "auto_advance": False})
    await account.v1.invoice_items.create_async(
        {
            "customer": customer.id,
            "invoice": made.id,
            "currency": "usd",
            "quantity": 3,
            "unit_amount_decimal": Decimal(2500),
            "period": {"start": 1_900_000_000, "end": 1_902_592_000},
            "metadata": {"line": "0"},
        }
    )
    invoice = await account.v1.invoices.finalize_invoice_async(made.id, {"auto_advance": False})
    line = invoice.lines.data[0]
    assert (invoice.status, invoice.total, invoice.amount_due, invoice.amount_remaining) == ("open", 7500, 7500, 7500)
    assert (line.amount, line.quantity, line.currency) == (7500, 3, "usd")
    assert (line.period.start, line.period.end) == (1_900_000_000, 1_902_592_000)
    assert line.metadata.to_dict() == {"line": "0"}
    assert invoice.hosted_invoice_url
    assert await account.charges(customer.id) == [], "only paying moves money"


async def test_what_is_finalized_takes_no_more_lines(account: Account) -> None:
    """A finalized invoice's sum is settled: no line can be added, and it is not finalized twice.

    Source: docs.stripe.com/invoicing/integration/workflow-transitions#finalized
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    line = account.v1.invoice_items.create_async(
        {"customer": customer.id, "invoice": invoice.id, "currency": "usd", "amount": 500}
    )
    assert (await refusal(line)).http_status == 400
    assert (await refusal(account.v1.invoices.finalize_invoice_async(invoice.id))).http_status == 400
    assert (await account.v1.invoices.retrieve_async(invoice.id)).amount_due == 7500


async def test_a_paid_invoice_is_neither_voided_nor_paid_again(account: Account) -> None:
    """Paid is final: void and pay are refused, and no second charge is made.

    Source: docs.stripe.com/invoicing/integration/workflow-transitions
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    assert (await account.v1.invoices.pay_async(invoice.id)).status == "paid"
    for asked in (account.v1.invoices.void_invoice_async(invoice.id), account.v1.invoices.pay_async(invoice.id)):
        assert (await refusal(asked)).http_status == 400
    assert len(await account.charges(customer.id)) == 1
    assert (await account.v1.invoices.retrieve_async(invoice.id)).status == "paid"


async def test_a_void_invoice_is_never_paid(account: Account) -> None:
    """Void is final: it cannot be paid, nor voided again.

    Source: docs.stripe.com/invoicing/integration/workflow-transitions
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    assert (await account.v1.invoices.void_invoice_async(invoice.id)).status == "void"
    for asked in (account.v1.invoices.pay_async(invoice.id), account.v1.invoices.void_invoice_async(invoice.id)):
        assert (await refusal(asked)).http_status == 400
    assert await account.charges(customer.id) == []


async def test_an_uncollectible_invoice_is_paid_or_voided(account: Account) -> None:
    """An uncollectible invoice is not void: it can be paid, and voided.

    Source: docs.stripe.com/invoicing/integration/workflow-transitions
    """
    customer = await account.customer()
    paid, voided = await account.finalized(customer.id), await account.finalized(customer.id)
    for invoice in (paid, voided):
        assert (await account.v1.invoices.mark_uncollectible_async(invoice.id)).status == "uncollectible"
    assert (await account.v1.invoices.pay_async(paid.id)).status == "paid"
    assert (await account.v1.invoices.void_invoice_async(voided.id)).status == "void"


async def test_an_invoice_paid_elsewhere_is_paid_without_a_charge(account: Account) -> None:
    """`paid_out_of_band` makes it paid; nothing is charged, now or later.

    Source: docs.stripe.com/api/invoices/pay#pay_invoice-paid_out_of_band
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    assert (await account.v1.invoices.pay_async(invoice.id, {"paid_out_of_band": True})).status == "paid"
    assert (await refusal(account.v1.invoices.pay_async(invoice.id))).http_status == 400
    assert await account.charges(customer.id) == []


async def test_a_draft_is_deleted_and_what_is_final_is_not(account: Account) -> None:
    """A deleted draft is gone for good (404); a finalized invoice cannot be deleted.

    Source: docs.stripe.com/api/invoices/delete
    """
    customer = await account.customer(card=None)
    draft, invoice = await account.draft(customer.id), await account.finalized(customer.id)
    deleted = await account.v1.invoices.delete_async(draft.id)
    assert deleted.to_dict()["deleted"] is True
    gone = await refusal(account.v1.invoices.retrieve_async(draft.id))
    assert (gone.http_status, gone.code) == (404, "resource_missing")
    assert (await refusal(account.v1.invoices.delete_async(invoice.id))).http_status == 400
