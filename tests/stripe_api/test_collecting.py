"""R8, R9, R10, R21: what an attempt's outcome is after answers to `pay` that are rare, or that say less than usual."""

import json
from typing import Any

import pytest
import stripe

from reprise.statemachine.outcomes import Declined, PaymentOutcome, RequiresAction
from reprise.stripe_api.collecting import Collecting
from reprise.stripe_api.inputs import InvoiceInput
from reprise.stripe_api.observing import retrieve
from tests.stripe_api.answering import Answer, answering
from tests.stripe_api.one_invoice import ASKED, KEY, invoice
from tests.stripe_side import Json

MADE = {"payment_key": KEY, "invoice_id": "in_1", "payment_method": "pm_1"}
URL = "https://pay.example/in_1"


class Shown:
    """Stripe's side: an open invoice, and what `pay` is answered with; what the invoice says from then on."""

    def __init__(self, paying: Answer, now: Json) -> None:
        self.paying = paying
        self.now = now
        self.shown = invoice()
        self.asked: list[str] = []

    def __call__(self, method: str, path: str) -> Answer:
        self.asked.append(f"{method} {path}")
        if path.endswith("/pay"):
            self.shown = self.now
            return self.paying
        page = {"object": "list", "url": path, "data": [self.shown], "has_more": False}
        return Answer(200, json.dumps(page if path == "/v1/invoices" else self.shown))


async def collected(paying: Answer, now: Json) -> PaymentOutcome:
    async with answering(Shown(paying, now)) as client:
        return await Collecting(client, ASKED, is_first_try=True).collect()


def refused(_status: int = 402, /, **error: Any) -> Answer:
    return Answer(_status, json.dumps({"error": {"type": "card_error", "message": "No.", **error}}))


def failed(**error: Any) -> Json:
    return invoice({"last_payment_error": {"type": "card_error", "charge": "ch_1", **error}})


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


FAILURES: list[tuple[Json, str | None, str | None]] = [
    ({"code": "account_closed"}, "account_closed", None),
    ({**DECLINE, "advice_code": "do_not_try_again"}, "lost_card", "do_not_try_again"),
]


@pytest.mark.parametrize(("failure", "code", "advice"), [*FAILURES, ({"code": None}, "generic_decline", None)])
async def test_R21_what_was_taken_and_has_failed_since_is_declined(
    failure: Json, code: str, advice: str | None
) -> None:
    """Stripe replays that it took it: the failure says why, as far as it does."""
    outcome = await collected(Answer(200, json.dumps(invoice()), replayed=True), failed(**failure))
    assert outcome == Declined(**MADE, code=code, advice=advice)


@pytest.mark.parametrize(("failure", "code", "advice"), [*FAILURES, ({"code": None}, None, None)])
async def test_R15_a_look_says_why_as_far_as_stripe_does(failure: Json, code: str | None, advice: str | None) -> None:
    """The decline's code before the error's."""
    asked = InvoiceInput(**ASKED.model_dump(exclude={"payment", "payment_methods"}), payment_key=KEY, invoice_id=None)
    shown = Shown(refused(), invoice())
    shown.shown = failed(**failure)
    async with answering(shown) as client:
        seen = await retrieve(client, asked)
    assert (seen.decline_code, seen.advice) == (code, advice)


@pytest.mark.parametrize("now", [invoice(), failed(code="account_closed")], ids=["open", "failed"])
async def test_R8_an_answer_that_does_not_say_paid_of_an_invoice_that_is_not_is_not_known(now: Json) -> None:
    """It is new, so it is not believed to be of before; and asked for once."""
    shown = Shown(Answer(200, json.dumps(invoice())), now)
    async with answering(shown) as client:
        with pytest.raises(stripe.APIError, match="does not say that it is paid"):
            await Collecting(client, ASKED, is_first_try=True).collect()
    assert sum("/pay" in each for each in shown.asked) == 1


async def test_E15_what_stripe_says_against_our_key_is_passed_on() -> None:
    """Operators hear Stripe's words."""
    with pytest.raises(stripe.AuthenticationError, match="No"):
        await collected(refused(401, type="invalid_request_error"), invoice())
