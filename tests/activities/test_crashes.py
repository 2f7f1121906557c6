"""E10 for every single request of a first payment, a renewal and a reactivation: whatever is lost, one charge each."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.statemachine.payments import PaymentPurpose
from reprise.stripe_api import inputs
from tests.activities.payer import Payer
from tests.stripe_side import StripeSide

DAY_AND_AN_HOUR = 25 * 3600
POOR = {"decline_code": "insufficient_funds"}


async def _nothing(payer: Payer) -> None:
    """It is the account's first payment."""


async def _paid(payer: Payer) -> None:
    assert (await payer.collect()).kind == "paid"


async def _void(payer: Payer) -> None:
    await payer.card(payer.stripe.payment_method(**POOR))
    assert (await payer.collect()).kind == "declined"
    await payer.void()
    await payer.card("pm_card_visa")


async def _open(payer: Payer) -> None:
    await payer.card(payer.stripe.payment_method(**POOR))
    assert (await payer.collect()).kind == "declined"
    await payer.card("pm_card_visa")


async def _declined(payer: Payer) -> None:
    await payer.card(payer.stripe.payment_method(**POOR))
    await payer.collect()
    assert (await payer.collect(payer.asked(2))).kind == "declined"
    await payer.card("pm_card_visa")


@dataclass(frozen=True)
class Story:
    """What was before a payment, which payment it is, and how the account's invoices stand when all is done."""

    before: Callable[[Payer], Awaitable[None]]
    n: int
    purpose: PaymentPurpose
    statuses: tuple[str, ...]
    paid: tuple[int, ...] = ()
    attempt: int = 1

    def asked(self, payer: Payer) -> inputs.CollectInput:
        return payer.asked(self.n, purpose=self.purpose, paid=self.paid, attempt=self.attempt)

    def holds(self, payer: Payer) -> None:
        """One invoice of this payment is paid, once, with one line; earlier ones are as they were, or void."""
        invoices = payer.stripe.invoices(payer.account_id)
        assert tuple(each["status"] for each in invoices) == self.statuses
        assert [each["metadata"]["payment_key"] for each in invoices if each["status"] == "paid"][-1] == payer.key(
            self.n
        )
        assert [line["amount"] for line in invoices[-1]["lines"]["data"]] == [7500]
        assert payer.charged() == [7500] * (len(self.paid) + 1)


FIRST = Story(_nothing, 1, PaymentPurpose.FIRST, ("paid",))
RENEWAL = Story(_paid, 2, PaymentPurpose.RENEWAL, ("paid", "paid"), paid=(1,))
REACTIVATION = Story(_void, 2, PaymentPurpose.REACTIVATION, ("void", "paid"))
CLEAN = {"first": FIRST, "renewal": RENEWAL, "reactivation": REACTIVATION}
STORIES = {
    **CLEAN,
    "reactivation-beside-an-open-invoice": Story(_open, 2, PaymentPurpose.REACTIVATION, ("void", "paid")),
    "second-attempt-of-a-reactivation": Story(_declined, 2, PaymentPurpose.REACTIVATION, ("void", "paid"), attempt=2),
}


async def ready(stripe: StripeSide, story: Story) -> Payer:
    payer = Payer(stripe)
    await payer.register()
    await story.before(payer)
    return payer


async def calls_of_a_clean_run(stripe: StripeSide, story: Story) -> list[str]:
    """Return the requests that a payment makes, as seen by Stripe."""
    payer = await ready(stripe, story)
    before = payer.stripe.latest_request()
    assert (await payer.collect(story.asked(payer))).kind == "paid"
    story.holds(payer)
    calls = payer.calls_since(before)
    assert len(calls) >= 3, "every request is met by the faults below"
    return calls


@pytest.mark.parametrize("story", CLEAN)
async def test_R8_a_payment_asks_stripe_six_times(stripe_side: StripeSide, story: str) -> None:
    """Look for the invoice, create, add the line, check, finalize, pay: and nothing else when nothing goes wrong."""
    calls = await calls_of_a_clean_run(stripe_side, CLEAN[story])
    names_of = [call.replace("/v1/", "").split("/") for call in calls]
    assert [(each[0], each[-1] if len(each) > 1 and each[-1][:3] != "in_" else "") for each in names_of] == [
        ("GET invoices", ""),
        ("POST invoices", ""),
        ("POST invoiceitems", ""),
        ("GET invoices", ""),
        ("POST invoices", "finalize"),
        ("POST invoices", "pay"),
    ]


FAULTS: dict[str, dict[str, Any]] = {
    "before-500": {"when": "before", "status": 500},
    "before-429": {"when": "before", "status": 429},
    "before-dropped": {"when": "before", "drop_connection": True},
    "before-late": {"when": "before", "delay_seconds": 1.5},
    "after-500": {"when": "after", "status": 500},
    "after-500-saved": {"when": "after", "status": 500, "saved": True},
    "after-dropped": {"when": "after", "drop_connection": True},
    "after-late": {"when": "after", "delay_seconds": 1.5},
}


@pytest.mark.parametrize(
    ("story", "fault", "pruned"),
    [
        *(("reactivation-beside-an-open-invoice", each, False) for each in FAULTS),
        # What Stripe has not begun, it has saved nothing of.
        *(("reactivation-beside-an-open-invoice", each, True) for each in FAULTS if each.startswith("after")),
        *(("first", each, True) for each in FAULTS if each.startswith("after")),
    ],
    ids=lambda value: value if isinstance(value, str) else ("keys-pruned" if value else "keys-kept"),
)
async def test_E10_a_fault_at_each_call(stripe_side: StripeSide, story: str, fault: str, pruned: bool) -> None:
    """The attempt fails at that request and is made again: as soon as Stripe is back, or a day later.

    Only a `pay` that Stripe has carried out is not made again: the invoice, read at once, says that it is paid.
    """
    told, how = STORIES[story], FAULTS[fault]
    patience = 1 if "delay_seconds" in how else 20  # what is not delayed is not to be late, however busy the machine
    for number, call in enumerate(await calls_of_a_clean_run(stripe_side, told)):
        payer = await ready(stripe_side, told)
        struck = stripe_side.fault(method="*", path="/v1/.*", skip=number, **how)
        trying = payer.collect(told.asked(payer), stripe_retries=0, stripe_timeout=patience)
        if "/pay" in call and how["when"] == "after":
            assert (await trying).kind == "paid"
        else:
            with pytest.raises(ApplicationError) as failed:
                await trying
            assert failed.value.type == "stripe_unavailable", call
        await stripe_side.hit(struck)
        stripe_side.no_faults()
        if pruned:
            stripe_side.advance(DAY_AND_AN_HOUR)
        assert (await payer.collect(told.asked(payer), try_number=2)).kind == "paid", call
        told.holds(payer)


@pytest.mark.parametrize("pruned", [False, True], ids=["keys-kept", "keys-pruned"])
@pytest.mark.parametrize("story", STORIES)
async def test_E10_a_try_is_cut_off_at_each_call(stripe_side: StripeSide, story: str, pruned: bool) -> None:
    """After Stripe has committed and before the answer arrives; the attempt is made again."""
    told = STORIES[story]
    for number, call in enumerate(await calls_of_a_clean_run(stripe_side, told)):
        payer = await ready(stripe_side, told)
        fault = stripe_side.fault(method="*", path="/v1/.*", skip=number, when="after", hang=True)
        victim = asyncio.create_task(payer.collect(told.asked(payer)))
        await stripe_side.hit(fault)
        victim.cancel()
        await asyncio.wait([victim])
        assert victim.cancelled()
        stripe_side.no_faults()
        if pruned:
            stripe_side.advance(DAY_AND_AN_HOUR)
        assert (await payer.collect(told.asked(payer), try_number=2)).kind == "paid", call
        told.holds(payer)


async def test_E10_the_process_is_killed_at_each_call(stripe_side: StripeSide) -> None:
    """SIGKILL after Stripe has committed and before the answer arrives; a fresh process makes the attempt again."""
    told = STORIES["reactivation-beside-an-open-invoice"]
    for number, call in enumerate(await calls_of_a_clean_run(stripe_side, told)):
        payer = await ready(stripe_side, told)
        fault = stripe_side.fault(method="*", path="/v1/.*", skip=number, when="after", hang=True)
        command = [sys.executable, "-m", "tests.activities.one_payment", stripe_side.url]
        victim = subprocess.Popen([*command, told.asked(payer).model_dump_json()])  # noqa: ASYNC220
        await stripe_side.hit(fault)
        victim.kill()
        victim.wait()
        stripe_side.no_faults()
        assert (await payer.collect(told.asked(payer), try_number=2)).kind == "paid", call
        told.holds(payer)
