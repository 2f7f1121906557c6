"""R8, R21, R22, R23 at the sandbox: what people do at Stripe while an activity is between two of its requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.statemachine.outcomes import CustomerDeleted, InvoiceState, Paid, Stopped
from reprise.stripe_api import inputs
from tests.activities.payer import Payer

READ = r"/v1/invoices/in_[^/]+"
VOID = r"/v1/invoices/[^/]+/void"
PAY = r"/v1/invoices/[^/]+/pay"


async def newest(payer: Payer) -> str:
    return str(payer.stripe.invoices(payer.account_id)[-1]["id"])


async def declined(payer: Payer, n: int = 1) -> str:
    """Let a payment be declined; return its open invoice. The card is good again then."""
    await payer.card(payer.stripe.payment_method(decline_code="insufficient_funds"))
    assert (await payer.collect(payer.asked(n))).kind == "declined"
    await payer.card("pm_card_visa")
    return await newest(payer)


async def while_held(
    payer: Payer, doing: Awaitable[Any], by_others: Callable[[], Awaitable[Any]], **request: Any
) -> Any:
    """Let others act while a request waits; return what comes of it."""
    held = payer.stripe.hold(**request)
    trying = asyncio.ensure_future(doing)
    await payer.stripe.hit(held)
    await by_others()
    payer.stripe.let_go(held)
    return await trying


# ---------------------------------------------------------------------- a payment's own invoices


@pytest.mark.parametrize("acts", [("finalize",), ("finalize", "void")], ids=lambda acts: acts[-1])
async def test_R8_a_draft_that_somebody_finalizes_is_believed(payer: Payer, acts: tuple[str, ...]) -> None:
    """Open it is paid; void it is replaced. Money is asked for once."""

    async def by_others() -> None:
        draft = await newest(payer)
        for act in acts:
            await payer.by_hand("POST", f"invoices/{draft}/{act}")

    before = payer.stripe.latest_request()
    outcome = await while_held(payer, payer.collect(), by_others, method="GET", path=READ)
    assert isinstance(outcome, Paid)
    assert payer.statuses() == [*["void"] * (len(acts) - 1), "paid"]
    assert payer.charged() == [7500]
    ours = [call for call in payer.calls_since(before) if call.endswith("/pay")]
    assert len(ours) == 1


async def test_R22_of_two_invoices_of_one_key_one_that_is_paid_as_it_is_voided_is_the_payment(payer: Payer) -> None:
    """The payer was faster: paid, by that invoice, and not an earlier payment."""
    invoice = await declined(payer)
    await payer.draft()

    async def by_others() -> None:
        await payer.by_hand("POST", f"invoices/{invoice}/pay")

    outcome = await while_held(payer, payer.collect(payer.asked(attempt=2)), by_others, path=VOID)
    assert isinstance(outcome, Paid)
    assert outcome.invoice_id == invoice
    assert payer.charged() == [7500]


async def test_R8_of_two_invoices_of_one_key_one_that_stripe_will_not_void_stops_the_payment(payer: Payer) -> None:
    """Both could be paid."""
    await declined(payer)
    await payer.draft()
    payer.stripe.fault(path=VOID, when="before", status=400)
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Stopped)
    assert payer.charged() == []


async def test_R23_a_customer_that_goes_while_it_is_asked_for_money_is_seen_by_the_next_try(payer: Payer) -> None:
    """Its invoice is void, too; once money was asked for, nobody says that there is another customer."""

    async def by_others() -> None:
        await payer.by_hand("POST", f"invoices/{await newest(payer)}/void")
        await payer.by_hand("DELETE", f"customers/{payer.customer_id}")

    with pytest.raises(ApplicationError, match="No such customer") as failed:
        await while_held(payer, payer.collect(), by_others, path=PAY)
    assert failed.value.type == "stripe_unavailable"
    assert len(payer.stripe.customers(payer.account_id)) == 1
    assert isinstance(await payer.collect(try_number=2), CustomerDeleted)


# ---------------------------------------------------------------------- a look


async def test_R15_a_look_says_no_reason_of_what_is_void_by_then(payer: Payer) -> None:
    """Its charge was declined before: that is over."""
    invoice = await declined(payer)

    async def by_others() -> None:
        await payer.by_hand("POST", f"invoices/{invoice}/void")

    seen = await while_held(payer, payer.look(), by_others, method="GET", path=READ)
    assert (seen.invoice, seen.invoice_id) == (InvoiceState.VOID, invoice)
    assert (seen.decline_code, seen.advice) == (None, None)


async def test_R23_a_look_sees_what_became_of_a_deleted_customers_draft(payer: Payer) -> None:
    """It is gone with the leaving. Where there was no invoice, nobody lists them twice."""
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    before = payer.stripe.latest_request()
    await payer.look()
    assert payer.calls_since(before).count("GET /v1/invoices") == 1
    other = Payer(payer.stripe)
    await other.register()
    await other.draft()
    await other.by_hand("DELETE", f"customers/{other.customer_id}")
    assert (await other.look()).invoice is InvoiceState.MISSING


# ---------------------------------------------------------------------- a customer that is gone, or never was


def wanted(payer: Payer) -> dict[str, Any]:
    """Return each thing that is asked of a customer, by its activity."""
    card = inputs.ChangePaymentMethodInput(**payer.whose, payment_method="pm_card_visa", request="one")
    return {
        "collect": payer.asked(),
        "retrieve_invoice": payer.invoice(),
        "change_payment_method": card,
        "change_email": inputs.ChangeEmailInput(**payer.whose),
    }


async def test_R1_R23_an_e_mail_that_stripe_refuses_is_told_of_the_new_customer_too(payer: Payer) -> None:
    """Whatever was asked of the one that is gone."""
    payer.email = "ada@localhost"
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    told = {act: await payer.run(act, asked) for act, asked in wanted(payer).items()}
    assert len({each.customer_id for each in told.values()} - {None, payer.customer_id}) == 1
    for act, each in told.items():
        assert "ada@localhost" in (each.email_refused or ""), act
    assert told["change_email"].refused == told["change_email"].email_refused


@pytest.mark.parametrize("act", ["change_payment_method", "change_email"])
async def test_R23_nothing_is_made_for_a_customer_that_stripe_never_had(payer: Payer, act: str) -> None:
    """A key of another Stripe account: Stripe's words are told."""
    payer.customer_id = "cus_NeverThere"
    changed = await payer.run(act, wanted(payer)[act])
    assert "No such customer" in (getattr(changed, "message", None) or changed.refused)
    assert changed.customer_id is None
    assert len(payer.stripe.customers(payer.account_id)) == 1
