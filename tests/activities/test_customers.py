"""R1, R23, R25, R26 at the sandbox: the customer, its e-mail and methods."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.statemachine.outcomes import (
    CustomerNotRegistered,
    CustomerRegistered,
    EmailChanged,
    InvoiceState,
)
from reprise.stripe_api import inputs
from tests.activities.payer import Payer
from tests.stripe_side import Json, StripeSide

CUSTOMERS = "/v1/customers"
ATTACH = r"/v1/payment_methods/[^/]+/attach"


def registration(payer: Payer, **changes: Any) -> inputs.RegisterCustomerInput:
    return inputs.RegisterCustomerInput(
        **{
            "account_id": payer.account_id,
            "life": payer.life,
            "email": payer.email,
            "payment_method": "pm_card_visa",
            **changes,
        }
    )


def at_stripe(payer: Payer, customer_id: str) -> Json:
    return next(each for each in payer.stripe.dump("customers")["customers"] if each["id"] == customer_id)


# ---------------------------------------------------------------------- registering


async def test_R1_a_customer_carries_whose_it_is(payer: Payer) -> None:
    """Account and life; an account of 0.1.0 has none."""
    assert at_stripe(payer, payer.customer_id)["metadata"] == {"account_id": payer.account_id, "life": payer.life}
    old = Payer(payer.stripe, None)
    await old.register()
    assert at_stripe(payer, old.customer_id)["metadata"] == {"account_id": old.account_id}


@pytest.mark.parametrize("life", ["life-1", None])
async def test_R1_an_e_mail_that_stripe_refuses_is_left_out(stripe_side: StripeSide, life: str | None) -> None:
    """The customer exists without it, with the card; Stripe's sentence is told. Done twice, it is one customer."""
    payer = Payer(stripe_side, life)
    payer.email = "ada@localhost"
    first = await payer.register()
    assert first.email_refused is not None
    assert "ada@localhost" in first.email_refused
    assert first.payment_method is not None
    assert at_stripe(payer, first.customer_id)["email"] is None
    again = await payer.register()
    assert (again.customer_id, again.email_refused) == (first.customer_id, first.email_refused)


@pytest.mark.parametrize("life", ["life-1", None])
async def test_R1_a_customer_without_an_e_mail_is_found_when_stripe_has_forgotten_the_key(
    stripe_side: StripeSide, life: str | None
) -> None:
    """The answer to its creation was lost, and no worker came for two days: it is one customer all the same."""
    payer = Payer(stripe_side, life)
    payer.email = "ada@localhost"
    stripe_side.fault(method="POST", path=r"/v1/customers", when="after", drop_connection=True, skip=1, times=1)
    with pytest.raises(ApplicationError, match="cannot be reached"):
        await payer.run("register_customer", registration(payer), stripe_retries=0)
    stripe_side.advance(2 * 86400)
    registered = await payer.register()
    (customer,) = stripe_side.customers(payer.account_id)
    assert registered.customer_id == customer["id"]


async def test_R1_a_customer_without_an_e_mail_is_this_lifes(stripe_side: StripeSide) -> None:
    """Not that of another life of the account's id, also where this one has no mark of its own (0.1.0)."""
    later = Payer(stripe_side, "life-1")
    first = Payer(stripe_side, None, later.account_id)
    later.email = first.email = "ada@localhost"
    registered = await later.register(None)
    stripe_side.advance(120)  # searches are behind
    assert (await first.register(None)).customer_id != registered.customer_id


async def test_R1_where_nobody_may_search_the_key_alone_tells(stripe_side: StripeSide) -> None:
    """Stripe does not offer searches everywhere (docs.stripe.com/search): the customer is registered all the same."""
    payer = Payer(stripe_side)
    payer.email = "ada@localhost"
    stripe_side.fault(method="GET", path=r"/v1/customers/search", when="before", status=400, times=None)
    first = await payer.register()
    assert (await payer.register()).customer_id == first.customer_id


@pytest.mark.parametrize("status", [429, 500])
async def test_R1_a_search_that_is_not_answered_is_made_again(stripe_side: StripeSide, status: int) -> None:
    """No second customer is made for want of an answer."""
    payer = Payer(stripe_side)
    payer.email = "ada@localhost"
    stripe_side.fault(method="GET", path=r"/v1/customers/search", when="before", status=status, times=1)
    with pytest.raises(ApplicationError, match="cannot be reached"):
        await payer.run("register_customer", registration(payer), stripe_retries=0)
    assert not stripe_side.customers(payer.account_id)


async def test_R1_a_customer_is_made_with_its_card(stripe_side: StripeSide) -> None:
    """Nothing has to change about it later: Stripe tells of a customer that is new, and of none that is updated."""
    payer = Payer(stripe_side)
    registered = await payer.register()
    customer = at_stripe(payer, payer.customer_id)
    assert customer["invoice_settings"]["default_payment_method"] == registered.payment_method
    events = [each for each in stripe_side.dump("events")["events"] if payer.customer_id in str(each["data"])]
    assert sorted(each["type"] for each in events) == ["customer.created", "payment_method.attached"]


@pytest.mark.parametrize(
    ("card", "refused"), [("pm_card_chargeDeclinedLostCard", "lost_card"), ("pm_NeverThere", "resource_missing")]
)
@pytest.mark.parametrize("email", [None, "ada@localhost"])
async def test_R1_a_card_that_stripe_refuses_is_told(
    stripe_side: StripeSide, card: str, refused: str, email: str | None
) -> None:
    """The customer is registered without it, once; with or without an e-mail that Stripe takes."""
    payer = Payer(stripe_side)
    payer.email = email or payer.email
    for _ in range(2):
        registered = await payer.register(card)
        assert (registered.payment_method, registered.refused) == (None, refused)
        assert (registered.email_refused is None) is (email is None)
    assert len(stripe_side.customers(payer.account_id)) == 1


@pytest.mark.parametrize("forgotten", [False, True])
async def test_R1_a_customer_whose_answer_was_lost_has_its_card(stripe_side: StripeSide, forgotten: bool) -> None:
    """One customer with one card, whether Stripe still knows the key or not."""
    payer = Payer(stripe_side)
    stripe_side.fault(method="POST", path=CUSTOMERS, when="after", drop_connection=True)
    with pytest.raises(ApplicationError, match="cannot be reached"):
        await payer.run("register_customer", registration(payer), stripe_retries=0)
    if forgotten:
        stripe_side.advance(2 * 86400)
    registered = await payer.register()
    methods = stripe_side.dump("payment_methods", owners=[payer.customer_id])["payment_methods"]
    assert [each["id"] for each in methods] == [registered.payment_method]
    assert len(stripe_side.customers(payer.account_id)) == 1


@pytest.mark.parametrize(("apart", "skip"), [(False, 0), (False, 1), (True, 0), (True, 1), (True, 2), (True, 3)])
@pytest.mark.parametrize("status", [401, 403])
async def test_R8_a_registration_that_is_refused_is_a_value(
    stripe_side: StripeSide, status: int, apart: bool, skip: int
) -> None:
    """Row 3: whatever waits for it ends with it; after the mend it is the same customer, with the card."""
    payer = Payer(stripe_side)
    if apart:  # Stripe refuses the customer with its card
        stripe_side.fault(method="POST", path=CUSTOMERS, when="before", status=400)
    stripe_side.fault(method="*", path=r"/v1/.*", when="before", status=status, skip=skip, times=None)
    refused = await payer.run("register_customer", registration(payer), stripe_retries=0)
    assert isinstance(refused, CustomerNotRegistered)
    assert "key" in refused.reason.lower()
    stripe_side.no_faults()
    registered = await payer.register()
    assert registered.payment_method is not None
    assert len([each for each in stripe_side.dump("customers")["customers"] if each["email"] == payer.email]) == 1


@pytest.mark.parametrize("status", [400, 500])
async def test_R8_a_saved_failure_of_registering_is_looked_behind(stripe_side: StripeSide, status: int) -> None:
    """Replayed for a day, it would keep the account from opening."""
    payer = Payer(stripe_side)
    stripe_side.fault(path=CUSTOMERS, when="before", status=status, saved=True, times=1 if status == 500 else 2)
    if status == 500:
        with pytest.raises(ApplicationError, match="cannot be reached or is failing"):
            await payer.run("register_customer", registration(payer), stripe_retries=0)
    else:
        assert isinstance(await payer.run("register_customer", registration(payer)), CustomerNotRegistered)
    assert (await payer.register(stripe_retries=0)).payment_method is not None


async def test_R1_a_customer_that_was_deleted_at_once_is_not_taken_again(payer: Payer) -> None:
    """The same idempotency key still answers with it."""
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    gone = payer.customer_id
    registered = await payer.register()
    assert registered.customer_id != gone
    assert registered.payment_method is not None


async def test_R25_a_customer_that_exists_is_taken_over(payer: Payer) -> None:
    """With its card; whose it is, is written onto it, and nothing else changes. A card that is given replaces its."""
    await payer.by_hand("POST", f"customers/{payer.customer_id}", metadata="")
    importing = Payer(payer.stripe)
    asked = registration(importing, customer_id=payer.customer_id, payment_method=None)
    taken = await importing.run("register_customer", asked)
    assert isinstance(taken, CustomerRegistered)
    assert taken.customer_id == payer.customer_id
    assert taken.payment_method is not None
    now = at_stripe(payer, payer.customer_id)
    assert now["metadata"] == {"account_id": importing.account_id, "life": importing.life}
    assert now["email"] == payer.email
    given = await importing.run("register_customer", asked.model_copy(update={"payment_method": "pm_card_mastercard"}))
    assert given.payment_method not in {None, taken.payment_method}


async def test_R25_a_customer_that_pays_for_two_accounts_keeps_the_first_ones_name(payer: Payer) -> None:
    """Each account's payments are its own, told apart by what its invoices carry."""
    second = Payer(payer.stripe)
    asked = registration(second, customer_id=payer.customer_id, payment_method=None)
    assert isinstance(await second.run("register_customer", asked), CustomerRegistered)
    assert at_stripe(payer, payer.customer_id)["metadata"] == {"account_id": payer.account_id, "life": payer.life}
    second.customer_id = payer.customer_id
    assert (await payer.collect()).kind == "paid"
    assert (await second.look()).invoice is InvoiceState.MISSING
    assert (await second.collect()).kind == "paid"
    assert (payer.charged(), second.charged()) == ([7500], [7500])


@pytest.mark.parametrize("how", ["deleted", "unknown"])
async def test_R25_a_customer_that_is_gone_is_not_taken_over(payer: Payer, how: str) -> None:
    """The operator hears which."""
    customer = payer.customer_id
    if how == "deleted":
        await payer.by_hand("DELETE", f"customers/{customer}")
    else:
        customer = "cus_NeverThere"
    refused = await payer.run("register_customer", registration(payer, customer_id=customer))
    assert isinstance(refused, CustomerNotRegistered)
    assert customer in refused.reason


# ---------------------------------------------------------------------- payment methods


@pytest.mark.parametrize("status", [401, 403])
async def test_R8_a_method_that_stripe_refuses_for_our_fault_is_told(payer: Payer, status: int) -> None:
    """Not as done, nor as the payer's fault; later it is taken."""
    payer.stripe.fault(method="*", path=r"/v1/.*", when="before", status=status, times=None)
    changed = await payer.card("pm_card_mastercard", stripe_retries=0)
    assert (changed.payment_method, changed.refused) == (None, "stripe_refused")
    assert "key" in (changed.message or "").lower()
    payer.stripe.no_faults()
    assert (await payer.card("pm_card_mastercard")).refused is None


@pytest.mark.parametrize("status", [401, 403])
async def test_R8_a_wrong_key_after_a_lost_answer_does_not_say_that_nothing_was_changed(
    payer: Payer, status: int
) -> None:
    """The card is the default by now, or will be: it is asked until it is known. The e-mail likewise."""
    refused = {"method": "*", "path": r"/v1/.*", "when": "before", "status": status, "times": None}
    payer.stripe.fault(path=CUSTOMERS + "/.*", when="after", drop_connection=True)
    with pytest.raises(ApplicationError):
        await payer.card("pm_card_mastercard", request="one", stripe_retries=0)
    payer.stripe.fault(**refused)
    for asked in ({"try_number": 2}, {"try_number": 3}):
        with pytest.raises(ApplicationError) as failed:
            await payer.card("pm_card_mastercard", request="one", stripe_retries=0, **asked)
        assert (failed.value.type, failed.value.non_retryable) == ("stripe_unavailable", False)
    with pytest.raises(ApplicationError):
        await change_email(payer, "new@example.com", stripe_retries=0, try_number=2)
    payer.stripe.no_faults()
    changed = await payer.card("pm_card_mastercard", request="one", try_number=4)
    assert changed.refused is None
    assert (await payer.look()).payment_method == changed.payment_method
    assert (await change_email(payer, "new@example.com", try_number=3)).refused is None


async def test_R8_R23_nor_where_the_customer_is_registered_anew(payer: Payer) -> None:
    """The new customer has the card; whether it is the default is not known."""
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    payer.stripe.fault(path=CUSTOMERS + "/.+", when="before", status=401)
    with pytest.raises(ApplicationError) as failed:
        await payer.card("pm_card_mastercard", request="one", stripe_retries=0)
    assert failed.value.type == "stripe_unavailable"
    changed = await payer.card("pm_card_mastercard", request="one", try_number=2)
    assert (changed.refused, changed.customer_id in {None, payer.customer_id}) == (None, False)


async def test_R8_a_key_that_goes_wrong_in_the_middle_of_a_change_is_not_believed(payer: Payer) -> None:
    """The method is attached, and whether it is the default is not known."""
    payer.stripe.fault(path=CUSTOMERS + "/.*", when="before", status=401)
    with pytest.raises(ApplicationError) as failed:
        await payer.card("pm_card_mastercard", request="one", stripe_retries=0)
    assert failed.value.type == "stripe_unavailable"
    assert (await payer.card("pm_card_mastercard", request="one", try_number=2)).refused is None


@pytest.mark.parametrize("status", [400, 500])
async def test_R8_a_saved_refusal_of_a_method_is_looked_behind(payer: Payer, status: int) -> None:
    """The same request again, once the failure has passed."""
    payer.stripe.fault(path=ATTACH, when="before", status=status, saved=True)
    if status == 500:
        with pytest.raises(ApplicationError):
            await payer.card("pm_card_mastercard", request="one", stripe_retries=0)
    else:
        assert (await payer.card("pm_card_mastercard", request="one")).refused is not None
    changed = await payer.card("pm_card_mastercard", request="one", stripe_retries=0)
    assert changed.payment_method is not None


async def test_R8_a_method_is_attached_once_however_often_it_is_asked(payer: Payer) -> None:
    """The answer of attaching was lost; then that of making it the default."""
    for path in (ATTACH, CUSTOMERS + "/.*"):
        payer.stripe.fault(path=path, when="after", drop_connection=True)
        with pytest.raises(ApplicationError):
            await payer.card("pm_card_mastercard", request="one", stripe_retries=0)
    changed = await payer.card("pm_card_mastercard", request="one")
    methods = payer.stripe.dump("payment_methods", owners=[payer.customer_id])["payment_methods"]
    assert len(methods) == 2
    assert (await payer.look()).payment_method == changed.payment_method == methods[-1]["id"]


async def test_R23_a_method_for_a_deleted_customer_goes_to_a_new_one(payer: Payer) -> None:
    """What was open at the old one is void."""
    await payer.card(payer.stripe.payment_method(decline_code="insufficient_funds"))
    await payer.collect()
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    changed = await payer.card("pm_card_visa")
    assert changed.refused is None
    assert changed.customer_id not in {None, payer.customer_id}
    assert payer.statuses() == ["void"]
    payer.customer_id = changed.customer_id or ""
    assert (await payer.look()).payment_method == changed.payment_method
    assert (await payer.collect(payer.asked(2))).kind == "paid"


async def test_R23_an_e_mail_that_stripe_refuses_is_told_again_of_a_new_customer(stripe_side: StripeSide) -> None:
    """By whatever registers it: another card, a look, a payment."""
    payer = Payer(stripe_side)
    payer.email = "ada@localhost"
    acts: tuple[Callable[[], Awaitable[Any]], ...] = (payer.look, payer.collect, partial(payer.card, "pm_card_visa"))
    for act in acts:
        await payer.register()
        await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
        told = await act()
        assert told.customer_id not in {None, payer.customer_id}
        assert "ada@localhost" in (told.email_refused or "")


async def test_R23_a_method_waits_while_a_deleted_customers_debit_is_processing(stripe_side: StripeSide) -> None:
    """A new customer would not show the debit."""
    payer = Payer(stripe_side)
    await payer.register("pm_usBankAccount_success")
    await payer.collect(payer.asked(payment_methods=("card", "us_bank_account")))
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    changed = await payer.card("pm_card_visa")
    assert (changed.refused, changed.customer_id) == ("payment_in_progress", None)
    email = await change_email(payer, "new@example.com")
    assert (email.customer_id, email.refused) == (None, changed.message)


# ---------------------------------------------------------------------- the e-mail


async def change_email(payer: Payer, email: str | None, **settings: Any) -> EmailChanged:
    asked = inputs.ChangeEmailInput(**{**payer.whose, "email": email})
    changed = await payer.run("change_email", asked, **settings)
    assert isinstance(changed, EmailChanged)
    return changed


async def test_R26_stripes_customer_follows_the_e_mail(payer: Payer) -> None:
    """Also back again: nothing old is replayed."""
    for email in ("new@example.com", payer.email, "new@example.com"):
        changed = await change_email(payer, email)
        assert changed == EmailChanged(email=email or "")
        assert at_stripe(payer, payer.customer_id)["email"] == email


async def test_R26_an_e_mail_that_stripe_refuses_is_told(payer: Payer) -> None:
    """The old one stays there."""
    changed = await change_email(payer, "ada@localhost")
    assert "ada@localhost" in (changed.refused or "")
    assert at_stripe(payer, payer.customer_id)["email"] == payer.email


@pytest.mark.parametrize(("status", "try_number"), [(400, 1), (400, 2), (401, 1), (403, 1)])
async def test_R26_a_refusal_for_our_fault_is_told(payer: Payer, status: int, try_number: int) -> None:
    """A value, never an error."""
    payer.stripe.fault(path=CUSTOMERS + "/.*", when="before", status=status)
    assert (await change_email(payer, "new@example.com", stripe_retries=0, try_number=try_number)).refused


async def test_R26_unreachable_is_tried_again(payer: Payer) -> None:
    """Until it is known."""
    payer.stripe.fault(path=CUSTOMERS + "/.*", when="before", status=500)
    with pytest.raises(ApplicationError) as failed:
        await change_email(payer, "new@example.com", stripe_retries=0)
    assert failed.value.type == "stripe_unavailable"


async def test_R23_an_e_mail_for_a_deleted_customer_goes_to_a_new_one(payer: Payer) -> None:
    """It is registered with the new e-mail."""
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    changed = await change_email(payer, "new@example.com")
    assert changed.refused is None
    assert changed.customer_id is not None
    assert at_stripe(payer, changed.customer_id)["email"] == "new@example.com"


@pytest.mark.parametrize("known", [(), (1,)], ids=["not-in-the-record", "in-the-record"])
@pytest.mark.parametrize("activity", ["change_payment_method", "change_email"])
async def test_R22_what_was_paid_on_a_deleted_customer_is_told(
    payer: Payer, activity: str, known: tuple[int, ...]
) -> None:
    """The new customer does not show it; what the record knows is no news."""
    await payer.collect()
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    whose = {**payer.whose, "known_from": 1, "paid_keys": tuple(payer.key(each) for each in known)}
    asked = (
        inputs.ChangeEmailInput(**{**whose, "email": "new@example.com"})
        if activity == "change_email"
        else inputs.ChangePaymentMethodInput(**whose, payment_method="pm_card_visa", request="r1")
    )
    changed = await payer.run(activity, asked)
    assert (changed.refused, changed.customer_id is None) == (None, False)
    assert [(each.payment_key, each.amount) for each in changed.found] == [(payer.key(), 7500)] * (not known)


async def test_R26_to_no_e_mail_at_all_is_a_defect(payer: Payer) -> None:
    """The workflow never asks for it."""
    with pytest.raises(ApplicationError, match="not to none") as failed:
        await change_email(payer, None)
    assert failed.value.type == "internal_error"
