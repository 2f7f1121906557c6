"""R24 at the sandbox: refunds and disputes, looked up."""

from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.statemachine.outcomes import NothingObserved, RefundObserved
from reprise.stripe_api import inputs
from tests.activities.payer import Payer
from tests.stripe_side import StripeSide


async def look_at(payer: Payer, object_id: str, **settings: Any) -> RefundObserved | NothingObserved:
    observed = await payer.run("retrieve_refund", inputs.RefundInput(**payer.whose, object_id=object_id), **settings)
    assert isinstance(observed, RefundObserved | NothingObserved)
    return observed


async def test_R24_a_refund_is_looked_up(payer: Payer) -> None:
    """Amount, reason, status, and which payment it is about; not another account's."""
    paid = await payer.collect()
    made = await payer.by_hand(
        "POST", "refunds", payment_intent=payer.intent(), amount="2500", reason="requested_by_customer"
    )
    observed = await look_at(payer, made["id"])
    assert observed == RefundObserved(
        object_id=made["id"],
        kind="refund",
        ours=True,
        status="succeeded",
        amount=2500,
        currency="usd",
        reason="requested_by_customer",
        payment_key=payer.key(),
        invoice_id=paid.invoice_id,
        created=datetime.fromtimestamp(made["created"], UTC),
    )
    payer.stripe.post(f"refunds/{made['id']}/fail", {"reason": "declined"})
    failed = await look_at(payer, made["id"])
    assert isinstance(failed, RefundObserved)
    assert failed.status == "failed"
    stranger = Payer(payer.stripe)
    await stranger.register()
    theirs = await look_at(stranger, made["id"])
    assert isinstance(theirs, RefundObserved)
    assert (theirs.ours, theirs.payment_key, theirs.invoice_id) == (False, None, None)


async def test_R24_a_dispute_is_looked_up(stripe_side: StripeSide) -> None:
    """With the payer's reason, and how it ends."""
    payer = Payer(stripe_side)
    await payer.register("pm_card_createDispute")
    await payer.collect()
    dispute = stripe_side.dump("disputes")["disputes"][-1]["id"]
    observed = await look_at(payer, dispute)
    assert isinstance(observed, RefundObserved)
    assert (observed.kind, observed.ours, observed.status) == ("dispute", True, "needs_response")
    assert (observed.reason, observed.amount, observed.payment_key) == ("fraudulent", 7500, payer.key())
    stripe_side.post(f"disputes/{dispute}/close", {"outcome": "lost"})
    closed = await look_at(payer, dispute)
    assert isinstance(closed, RefundObserved)
    assert closed.status == "lost"


async def test_R24_a_refund_of_an_earlier_life_is_not_ours(payer: Payer) -> None:
    """The id was opened again since."""
    await payer.collect()
    made = await payer.by_hand("POST", "refunds", payment_intent=payer.intent())
    payer.life = "life-2"
    observed = await look_at(payer, made["id"])
    assert isinstance(observed, RefundObserved)
    assert not observed.ours


@pytest.mark.parametrize("object_id", ["re_NeverThere", "du_NeverThere", "dp_NeverThere"])
async def test_R24_what_is_not_there_is_nothing(payer: Payer, object_id: str) -> None:
    """With Stripe's words."""
    observed = await look_at(payer, object_id)
    assert isinstance(observed, NothingObserved)
    kind = "refund" if object_id.startswith("re_") else "dispute"
    assert f"No such {kind}: '{object_id}'" in observed.reason


async def test_R24_what_stripe_refuses_to_show_is_nothing(payer: Payer) -> None:
    """Unreachable is tried again."""
    payer.stripe.fault(method="GET", path="/v1/refunds/.*", when="before", status=403)
    assert isinstance(await look_at(payer, "re_1"), NothingObserved)
    payer.stripe.fault(method="GET", path="/v1/refunds/.*", when="before", status=500)
    with pytest.raises(ApplicationError):
        await look_at(payer, "re_1", stripe_retries=0)
