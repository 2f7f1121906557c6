"""Idempotency keys: what Stripe remembers, for whom, and that it remembers failures too."""

import stripe

from tests.assumptions.account import Account, replayed
from tests.assumptions.errors import refusal


async def test_the_same_key_gives_the_same_object(account: Account, key: str) -> None:
    """A request repeated with its key makes nothing new, and says so by `Idempotent-Replayed`.

    Source: docs.stripe.com/api/idempotent_requests
    """
    customer = await account.customer(card=None)
    made = [
        await account.v1.invoices.create_async({"customer": customer.id}, {"idempotency_key": key}) for _ in range(2)
    ]
    assert [replayed(each) for each in made] == [False, True]
    assert made[0].id == made[1].id
    assert len((await account.v1.invoices.list_async({"customer": customer.id})).data) == 1


async def test_the_same_key_with_other_parameters_is_refused(account: Account, key: str) -> None:
    """A key that comes with other parameters is an `idempotency_error`, and nothing is done.

    Source: docs.stripe.com/api/idempotent_requests, docs.stripe.com/api/errors#errors-type
    """
    customer = await account.customer(card=None)
    await account.v1.invoices.create_async({"customer": customer.id}, {"idempotency_key": key})
    other = account.v1.invoices.create_async(
        {"customer": customer.id, "description": "other"}, {"idempotency_key": key}
    )
    error = await refusal(other, stripe.IdempotencyError)
    assert error.http_status == 400
    assert len((await account.v1.invoices.list_async({"customer": customer.id})).data) == 1


async def test_a_refusal_is_replayed_after_its_cause_is_gone(account: Account, key: str) -> None:
    """A 400 of a request that had begun is saved: the same key gets it again, though the request would now succeed.

    Source: docs.stripe.com/api/idempotent_requests ("after endpoint execution begins")
    """
    customer = await account.customer(card=None)
    draft = await account.draft(customer.id)
    first = await refusal(account.v1.invoices.void_invoice_async(draft.id, {}, {"idempotency_key": key}))
    await account.v1.invoices.finalize_invoice_async(draft.id)
    again = await refusal(account.v1.invoices.void_invoice_async(draft.id, {}, {"idempotency_key": key}))
    assert (first.http_status, replayed(first)) == (400, False)
    assert (again.http_status, replayed(again)) == (400, True)
    assert (await account.v1.invoices.void_invoice_async(draft.id)).status == "void"


async def test_a_decline_is_replayed_and_a_fresh_key_tries_anew(account: Account, key: str) -> None:
    """A saved decline is the answer to its key for good; a new attempt needs a new key.

    Source: docs.stripe.com/api/idempotent_requests
    """
    customer = await account.customer("pm_card_chargeCustomerFail")
    invoice = await account.finalized(customer.id)
    declined = await refusal(account.v1.invoices.pay_async(invoice.id, {}, {"idempotency_key": key}), stripe.CardError)
    await account.default_card(customer.id, "pm_card_visa")
    again = await refusal(account.v1.invoices.pay_async(invoice.id, {}, {"idempotency_key": key}), stripe.CardError)
    assert (replayed(declined), replayed(again)) == (False, True)
    assert await account.charges(customer.id) == []
    assert (await account.v1.invoices.pay_async(invoice.id, {}, {"idempotency_key": f"{key}-2"})).status == "paid"


async def test_a_paid_invoice_is_replayed_and_not_paid_twice(account: Account, key: str) -> None:
    """The answer of a payment, asked for again with its key, is the saved one: one charge.

    Source: docs.stripe.com/api/idempotent_requests
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    paid = [await account.v1.invoices.pay_async(invoice.id, {}, {"idempotency_key": key}) for _ in range(2)]
    assert [(each.status, replayed(each)) for each in paid] == [("paid", False), ("paid", True)]
    assert len(await account.charges(customer.id)) == 1


async def test_parameters_that_are_wrong_are_not_saved(account: Account, key: str) -> None:
    """A request whose parameters fail validation has not begun: mended, it may use the same key.

    Source: docs.stripe.com/api/idempotent_requests ("fail validation")
    """
    customer = await account.customer(card=None)
    wrong = account.client.raw_request_async(
        "post", "/v1/invoices", customer=customer.id, surprise="1", idempotency_key=key
    )
    error = await refusal(wrong)
    assert error.code == "parameter_unknown"
    mended = await account.v1.invoices.create_async({"customer": customer.id}, {"idempotency_key": key})
    assert not replayed(mended)


async def test_a_key_has_at_most_255_characters(account: Account, key: str) -> None:
    """An idempotency key has at most 255 characters; a longer one is refused.

    Source: docs.stripe.com/api/idempotent_requests
    """
    customer = await account.customer(card=None)
    longest = key.ljust(255, "x")
    made = await account.v1.invoices.create_async({"customer": customer.id}, {"idempotency_key": longest})
    assert made.status == "draft"
    longer = account.v1.invoices.create_async({"customer": customer.id}, {"idempotency_key": longest + "x"})
    assert (await refusal(longer)).http_status == 400
