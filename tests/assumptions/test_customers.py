"""Customers: how one is found, what Stripe does not take, and what is left of one that was deleted."""

import uuid

import pytest
import stripe

from tests.assumptions.account import Account
from tests.assumptions.errors import refusal
from tests.waiting import until


@pytest.mark.parametrize("email", ["a@b", "x@localhost", "someone@gmail", "a..b@-x"])
async def test_an_email_without_a_real_domain_is_refused(account: Account, email: str) -> None:
    """An e-mail without a real domain is a 400 `email_invalid`, on a new customer as on one that exists.

    Source: docs.stripe.com/error-codes#email-invalid; exercism/website issue 7721
    """
    new = await refusal(account.v1.customers.create_async({"email": email}))
    assert (new.http_status, new.code, new.param) == (400, "email_invalid", "email")
    customer = await account.customer(card=None)
    changed = await refusal(account.v1.customers.update_async(customer.id, {"email": email}))
    assert (changed.http_status, changed.code) == (400, "email_invalid")


async def test_a_customer_is_found_by_email_and_metadata(account: Account) -> None:
    """The list by e-mail shows a customer as soon as it exists, with its metadata.

    Source: docs.stripe.com/api/customers/list#list_customers-email
    """
    email = f"{uuid.uuid4().hex}@example.com"
    made = await account.customer(card=None, email=email, metadata={"account_id": "shop"})
    found = (await account.v1.customers.list_async({"email": email})).data
    assert [each.id for each in found] == [made.id]
    assert found[0].metadata is not None
    assert found[0].metadata.to_dict() == {"account_id": "shop"}


async def test_a_customer_is_found_by_a_search_a_while_later(account: Account) -> None:
    """A search by pairs of metadata finds a customer without an e-mail, not at once, but within minutes; and no other.

    Source: docs.stripe.com/search#data-freshness, docs.stripe.com/search#metadata
    """
    life = uuid.uuid4().hex
    made = await account.v1.customers.create_async({"metadata": {"account_id": "shop", "life": life}})
    account.clear_later(made.id)
    await account.customer(card=None, metadata={"account_id": "shop", "life": f"{life}x"})
    asked: stripe.params.CustomerSearchParams = {
        "query": f"metadata['account_id']:'shop' AND metadata['life']:'{life}'"
    }
    found = (
        await until(lambda: account.v1.customers.search_async(asked), lambda it: it.data, every=0.5, seconds=180)
    ).data
    assert [each.id for each in found] == [made.id]


async def test_a_deleted_customer_is_its_id_and_no_more(account: Account) -> None:
    """A deleted customer can be retrieved, as `{id, object, deleted}`, and is in no list.

    Source: docs.stripe.com/api/customers/delete
    """
    email = f"{uuid.uuid4().hex}@example.com"
    customer = await account.customer(email=email)
    await account.v1.customers.delete_async(customer.id)
    gone = await account.v1.customers.retrieve_async(customer.id)
    assert gone.to_dict() == {"id": customer.id, "object": "customer", "deleted": True}
    assert (await account.v1.customers.list_async({"email": email})).data == []


async def test_nothing_new_is_invoiced_to_a_deleted_customer(account: Account) -> None:
    """A deleted customer gets no new invoice (400 `resource_missing`); its old ones are listed, and name it so.

    Source: docs.stripe.com/api/customers/delete, docs.stripe.com/error-codes#resource-missing
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    await account.v1.customers.delete_async(customer.id)
    refused = await refusal(account.v1.invoices.create_async({"customer": customer.id}))
    assert (refused.http_status, refused.code, refused.param) == (400, "resource_missing", "customer")
    listed = await account.v1.invoices.list_async({"customer": customer.id, "expand": ["data.customer"]})
    assert [each.id for each in listed.data] == [invoice.id]
    shown = listed.data[0].customer
    assert isinstance(shown, stripe.Customer)
    assert shown.to_dict() == {"id": customer.id, "object": "customer", "deleted": True}


async def test_a_deleted_customer_pays_nothing(account: Account) -> None:
    """A deleted customer's open invoice cannot be charged any more.

    Source: docs.stripe.com/api/customers/delete
    """
    customer = await account.customer()
    invoice = await account.finalized(customer.id)
    await account.v1.customers.delete_async(customer.id)
    assert (await refusal(account.v1.invoices.pay_async(invoice.id))).http_status in {400, 404}
    seen = await account.v1.invoices.retrieve_async(invoice.id)
    assert (seen.status, seen.amount_paid) == ("open", 0)


async def test_what_is_not_there_is_named(account: Account) -> None:
    """What is missing is `resource_missing`: a 404 for an object in the path, a 400 for one in a parameter.

    Source: docs.stripe.com/error-codes#resource-missing
    """
    by_path = await refusal(account.v1.invoices.retrieve_async("in_1NoSuchInvoice"))
    assert (by_path.http_status, by_path.code) == (404, "resource_missing")
    by_parameter = await refusal(account.v1.invoices.create_async({"customer": "cus_NoSuchCustomer"}))
    assert (by_parameter.http_status, by_parameter.code) == (400, "resource_missing")


async def test_a_card_belongs_to_one_customer(account: Account) -> None:
    """A card of one customer is neither attached to another nor charged for it.

    Source: docs.stripe.com/api/payment_methods/attach
    """
    owner, other = await account.customer(card=None), await account.customer(card=None)
    card = await account.default_card(owner.id, "pm_card_visa")
    taken = account.v1.payment_methods.attach_async(card, {"customer": other.id})
    assert (await refusal(taken)).http_status == 400
    invoice = await account.finalized(other.id)
    assert (await refusal(account.v1.invoices.pay_async(invoice.id, {"payment_method": card}))).http_status == 400
    assert await account.charges(other.id) == []


async def test_a_customer_is_made_with_its_card(account: Account) -> None:
    """A new customer's card is attached and its default in one request; a test id stands for the card made from it.

    Source: docs.stripe.com/api/customers/create#create_customer-payment_method, docs.stripe.com/testing
    """
    card = "pm_card_visa"
    settings: stripe.params.CustomerCreateParamsInvoiceSettings = {"default_payment_method": card}
    made = await account.v1.customers.create_async({"payment_method": card, "invoice_settings": settings})
    account.clear_later(made.id)
    methods = (await account.v1.customers.payment_methods.list_async(made.id)).data
    assert made.invoice_settings is not None
    assert [each.id for each in methods] == [made.invoice_settings.default_payment_method]


@pytest.mark.parametrize(
    ("card", "status", "code"),
    [("pm_card_chargeDeclined", 402, "card_declined"), ("pm_NoSuchMethod", 400, "resource_missing")],
)
async def test_no_customer_is_made_with_a_card_that_is_refused(
    account: Account, card: str, status: int, code: str
) -> None:
    """A card that cannot be attached is a 402, one that is not there a 400; and there is no customer.

    Source: docs.stripe.com/testing#declined-payments, docs.stripe.com/error-codes#resource-missing
    """
    email = f"{uuid.uuid4().hex}@example.com"
    asked: stripe.params.CustomerCreateParams = {"email": email, "payment_method": card}
    refused = await refusal(account.v1.customers.create_async(asked), stripe.StripeError)
    assert (refused.http_status, refused.code) == (status, code)
    assert (await account.v1.customers.list_async({"email": email})).data == []


async def test_a_wrong_key_is_said_to_be_wrong(account: Account) -> None:
    """A key that Stripe does not know is a 401.

    Source: docs.stripe.com/api/errors
    """
    asked = account.client.raw_request_async("get", "/v1/customers", api_key="sk_wrong")
    assert (await refusal(asked, stripe.AuthenticationError)).http_status == 401
