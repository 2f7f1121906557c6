"""R13 at the sandbox: a closed account's customer keeps nothing that says who they were; money records stay."""

import contextlib

import pytest
import stripe
from temporalio.exceptions import ApplicationError

from reprise.statemachine.outcomes import CustomerErased
from reprise.stripe_api import inputs
from reprise.stripe_api.client import stripe_client
from tests.activities.payer import Payer


def asked(payer: Payer) -> inputs.CustomerInput:
    return inputs.CustomerInput(account_id=payer.account_id, life=payer.life, customer_id=payer.customer_id)


async def erased(payer: Payer, **settings: int) -> CustomerErased:
    answer: CustomerErased = await payer.run("erase_customer", asked(payer), **settings)
    return answer


async def as_at_stripe(payer: Payer) -> stripe.Customer:
    async with stripe_client(payer.stripe.settings()) as client:
        return await client.v1.customers.retrieve_async(payer.customer_id)


@pytest.fixture
async def known(payer: Payer) -> Payer:
    """A payer of whom Stripe knows all that its portal asks for, with two cards and a paid invoice."""
    await payer.collect()
    await payer.card("pm_card_mastercard")
    details = {
        "name": "Ada Lovelace", "phone": "+44 20 7946 0000", "description": "moved to Rome",
        "address[line1]": "12 St James's Square", "address[country]": "GB",
        "shipping[name]": "Ada", "shipping[address][line1]": "12 St James's Square",
    }  # fmt: skip
    await payer.by_hand("POST", f"customers/{payer.customer_id}", **details)
    return payer


async def test_R13_what_says_who_they_were_is_taken_away(known: Payer) -> None:
    """Details and cards; what was paid, by which account, stays, also over a second time."""
    before = await as_at_stripe(known)
    assert (before.name, before.address and before.address.line1) == ("Ada Lovelace", "12 St James's Square")
    for _ in range(2):
        assert await erased(known) == CustomerErased(customer_id=known.customer_id)
        after = await as_at_stripe(known)
        left = [after.email, after.name, after.phone, after.description, after.address, after.shipping]
        assert left == [None] * 6
        assert after.invoice_settings is not None
        assert after.invoice_settings.default_payment_method is None
    listed = await known.by_hand("GET", f"customers/{known.customer_id}/payment_methods")
    assert listed["data"] == []
    assert after.metadata == before.metadata
    known.paid_exactly_once()


async def test_R13_more_cards_than_one_page_shows_are_all_detached(payer: Payer) -> None:
    """A page is a hundred at the most; a try that runs out of time is made again, and goes on where that one was."""
    for _ in range(103):
        await payer.by_hand("POST", "payment_methods/pm_card_visa/attach", customer=payer.customer_id)
    answer = None
    while answer is None:
        with contextlib.suppress(ApplicationError):
            answer = await erased(payer)
    assert answer == CustomerErased(customer_id=payer.customer_id)
    listed = await payer.by_hand("GET", f"customers/{payer.customer_id}/payment_methods", limit="100")
    assert listed["data"] == []


async def test_R13_a_customer_that_was_deleted_is_erased(known: Payer) -> None:
    """By somebody in the dashboard; nobody is registered anew."""
    await known.by_hand("DELETE", f"customers/{known.customer_id}")
    count = len(known.stripe.dump("customers")["customers"])
    assert await erased(known) == CustomerErased(customer_id=known.customer_id)
    assert len(known.stripe.dump("customers")["customers"]) == count


async def test_R13_a_customer_that_stripe_has_never_heard_of_is_not(payer: Payer) -> None:
    """Then the key is another account's."""
    payer.customer_id = "cus_1Unknown"
    assert (await erased(payer)).refused == "No such customer: 'cus_1Unknown'"


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_R8_a_refusal_is_a_value(known: Payer, status: int) -> None:
    """Wherever it comes: at the list, a card, or the details."""
    for path in ("/v1/customers/[^/]+/payment_methods", "/v1/payment_methods/.*", f"/v1/customers/{known.customer_id}"):
        known.stripe.fault(path=path, method="*", status=status)
        assert (await erased(known)).refused, path
    assert await erased(known) == CustomerErased(customer_id=known.customer_id)


@pytest.mark.parametrize("status", [500, 429])
async def test_R8_what_is_not_known_is_tried_again(known: Payer, status: int) -> None:
    """The next try goes on where the last one stopped."""
    known.stripe.fault(path=f"/v1/customers/{known.customer_id}", when="after", status=status)
    with pytest.raises(ApplicationError) as error:
        await erased(known, stripe_retries=0)
    assert (error.value.type, error.value.non_retryable) == ("stripe_unavailable", False)
    assert await erased(known) == CustomerErased(customer_id=known.customer_id)
