"""R8, R9, R10, R21: what an attempt's outcome is after answers to `pay` that are rare, or that say less than usual."""

from typing import Any

import pytest
import stripe

from reprise.statemachine.outcomes import Declined, PaymentOutcome, RequiresAction
from reprise.stripe_api.collecting import Collecting
from tests.stripe_api.one_invoice import ASKED, KEY, failed, invoice
from tests.stripe_api.scripted import Answer, answering, listed
from tests.stripe_side import Json

MADE = {"payment_key": KEY, "invoice_id": "in_1", "payment_method": "pm_1"}
URL = "https://pay.example/in_1"


class Shown:
    """Stripe's side: an open invoice, and what `pay` is answered with; what the invoice says from then on."""

    def __init__(self, paying: Answer, now: Json) -> None:
        self.paying = paying
        self.now = now
        self.shown = invoice()
        self.pays = 0
        """How often money was asked for."""

    def __call__(self, call: str) -> Answer:
        if call.endswith("/pay"):
            self.pays += 1
            self.shown = self.now
            return self.paying
        return listed(self.shown) if call.endswith(" /v1/invoices") else self.shown


async def collected(paying: Answer, now: Json) -> PaymentOutcome:
    async with answering(Shown(paying, now)) as (client, _):
        return await Collecting(client, ASKED, is_first_try=True).collect()


def refused(_status: int = 402, /, *, replayed: bool = False, **error: Any) -> Answer:
    return _status, {"error": {"type": "card_error", "message": "No.", **error}}, replayed


DECLINE = {"code": "card_declined", "decline_code": "lost_card"}


@pytest.mark.parametrize(
    ("error", "failure", "code", "advice"),
    [
        (DECLINE, {}, "lost_card", None),
        (DECLINE, {"advice_code": "do_not_try_again"}, "lost_card", "do_not_try_again"),
        ({**DECLINE, "advice_code": "try_again_later"}, {}, "lost_card", "try_again_later"),
        ({"code": "expired_card"}, {}, "expired_card", None),
        ({}, {}, "card_declined", None),
    ],
)
async def test_R9_a_decline_says_what_there_is_to_say(
    error: Json, failure: Json, code: str, advice: str | None
) -> None:
    """Its own code before the error's; the advice that the answer or the payment intent bears."""
    outcome = await collected(refused(**error), failed(**failure))
    assert outcome == Declined(**MADE, code=code, advice=advice)


@pytest.mark.parametrize("name", ["code", "decline_code"])
async def test_R10_authentication_is_asked_for_where_there_is_a_page_for_it(name: str) -> None:
    """Whichever code says so; without a page it is a decline."""
    error: Json = {"code": "card_declined", name: "authentication_required"}
    paying = refused(**error)
    assert await collected(paying, failed()) == RequiresAction(**MADE, url=URL)
    assert (await collected(paying, {**failed(), "hosted_invoice_url": None})).kind == "declined"


async def test_R10_a_payer_who_must_authenticate_is_led_to_the_page() -> None:
    """As the payment intent says; without a page it is a decline."""
    paying, waits = refused(code="invoice_payment_intent_requires_action"), invoice({"status": "requires_action"})
    assert await collected(paying, waits) == RequiresAction(**MADE, url=URL)
    outcome = await collected(paying, {**waits, "hosted_invoice_url": None})
    assert outcome == Declined(**MADE, code="invoice_payment_intent_requires_action", advice=None)


@pytest.mark.parametrize(
    ("failure", "code", "advice"),
    [
        ({"code": "account_closed"}, "account_closed", None),
        ({**DECLINE, "advice_code": "do_not_try_again"}, "lost_card", "do_not_try_again"),
        ({"code": None}, "generic_decline", None),
    ],
)
async def test_R21_what_was_taken_and_has_failed_since_is_declined(
    failure: Json, code: str, advice: str | None
) -> None:
    """Stripe replays that it took it: the failure says why, as far as it does."""
    outcome = await collected((200, invoice(), True), failed(**failure))
    assert outcome == Declined(**MADE, code=code, advice=advice)


@pytest.mark.parametrize("now", [invoice(), failed(code="account_closed")], ids=["open", "failed"])
async def test_R8_an_answer_that_does_not_say_paid_of_an_invoice_that_is_not_is_not_known(now: Json) -> None:
    """It is new, so it is not believed to be of before; and asked for once."""
    shown = Shown(invoice(), now)
    async with answering(shown) as (client, _):
        with pytest.raises(stripe.APIError, match="does not say that it is paid"):
            await Collecting(client, ASKED, is_first_try=True).collect()
    assert shown.pays == 1


async def test_E15_what_stripe_says_against_our_key_is_passed_on() -> None:
    """Operators hear Stripe's words."""
    with pytest.raises(stripe.AuthenticationError, match="No"):
        await collected(refused(401, type="invalid_request_error"), invoice())


async def test_R8_a_saved_refusal_that_says_nothing_is_looked_behind() -> None:
    """It is not the last failure of an invoice that has none."""
    shown = Shown(refused(400, replayed=True), invoice())
    async with answering(shown) as (client, _):
        with pytest.raises(stripe.InvalidRequestError, match="No"):
            await Collecting(client, ASKED, is_first_try=True).collect()
    assert shown.pays == 2
