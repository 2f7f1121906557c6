"""E10 for every single call of the payment sequence: whatever is lost, one invoice, one line, one charge."""

import subprocess
import sys
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.payer import Payer
from tests.stripe_side import StripeSide

DAY_AND_AN_HOUR = 25 * 3600


async def calls_of_a_clean_run(stripe: StripeSide) -> list[str]:
    """Return the calls that a payment makes, as seen by Stripe."""
    payer = Payer(stripe)
    await payer.register()
    before = len(stripe.requests())
    await payer.collect()
    return [f"{each['method']} {each['path']}" for each in stripe.requests()[before:]]


async def test_the_sequence_is_what_the_design_says(stripe_side: StripeSide) -> None:
    """Look for the invoice, create, look for lines, add, check, finalize, pay."""
    calls = await calls_of_a_clean_run(stripe_side)
    assert [call.split("/")[2].split("?")[0] for call in calls] == [
        "invoices",
        "invoices",
        "invoices",
        "invoiceitems",
        "invoices",
        "invoices",
        "customers",
        "invoices",
    ]
    assert [call.split()[0] for call in calls] == ["GET", "POST", "GET", "POST", "GET", "POST", "GET", "POST"]


@pytest.mark.parametrize("pruned", [False, True], ids=["keys-kept", "keys-pruned"])
@pytest.mark.parametrize(
    "how",
    [
        {"when": "before", "status": 500},
        {"when": "before", "status": 429},
        {"when": "before", "drop_connection": True},
        {"when": "before", "delay_seconds": 0.5},
        {"when": "after", "status": 500},
        {"when": "after", "drop_connection": True},
        {"when": "after", "delay_seconds": 0.5},
    ],
    ids=["before-500", "before-429", "before-dropped", "before-late", "after-500", "after-dropped", "after-late"],
)
async def test_E10_a_fault_at_each_call(stripe_side: StripeSide, how: dict[str, Any], pruned: bool) -> None:
    """The attempt fails at that call and is made again: as soon as Stripe is back, or a day later."""
    for number, call in enumerate(await calls_of_a_clean_run(stripe_side)):
        payer = Payer(stripe_side)
        await payer.register()
        stripe_side.fault(method="*", path="/v1/.*", skip=number, **how)
        with pytest.raises(ApplicationError) as failed:
            await payer.collect(stripe_retries=0, stripe_timeout=0.3)
        assert failed.value.type == "stripe_unavailable", call
        stripe_side.no_faults()
        if pruned:
            stripe_side.advance(DAY_AND_AN_HOUR)
        assert (await payer.collect()).kind == "paid", call
        payer.paid_exactly_once()


@pytest.mark.parametrize("pruned", [False, True], ids=["keys-kept", "keys-pruned"])
async def test_E10_the_process_is_killed_at_each_call(stripe_side: StripeSide, pruned: bool) -> None:
    """SIGKILL after Stripe has committed and before the answer arrives; a fresh process makes the attempt again."""
    for number, call in enumerate(await calls_of_a_clean_run(stripe_side)):
        payer = Payer(stripe_side)
        await payer.register()
        fault = stripe_side.fault(method="*", path="/v1/.*", skip=number, when="after", hang=True)
        command = [sys.executable, "-m", "tests.activities.one_payment", stripe_side.url]
        victim = subprocess.Popen([*command, payer.asked().model_dump_json()])  # noqa: ASYNC220
        await stripe_side.hit(fault)
        victim.kill()
        victim.wait()
        stripe_side.no_faults()
        if pruned:
            stripe_side.advance(DAY_AND_AN_HOUR)
        assert (await payer.collect()).kind == "paid", call
        payer.paid_exactly_once()
