"""R8: what an effect asks its activity for, for how long, how often; and what becomes of the answer."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Close, SetEmail, SetPaymentMethod
from reprise.statemachine.effects import ChangePaymentMethod
from reprise.statemachine.outcomes import (
    CustomerErased,
    CustomerRegistered,
    EmailChanged,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    Paid,
    PaymentMethodChanged,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.messages import AccountRun, PendingEffect
from tests.statemachine.book import opening
from tests.workflows.tasks import (
    DAY,
    FIRST_RUN,
    HOUR,
    Job,
    Run,
    active,
    activity,
    answered,
    answers,
    failed,
    markers,
    run_of,
    signal,
    summaries,
    unpaid,
    update,
)

GRACE = Actor(kind=ActorKind.OPERATOR, id="grace")
EDITIONS = pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])


class Asked(NamedTuple):
    """What comes to an account, and what its activity is asked for then."""

    account: Callable[[int], Account]
    job: Job
    activity: str
    given: dict[str, Any]
    patience: timedelta
    summary: str


CARD = update("set_payment_method", SetPaymentMethod(payment_method="pm_new", actor=GRACE))
LEFT_OPEN = {"payment_key": "a1:2", "invoice_id": "in_a1:2"}
CHANGE_CARD = Asked(
    active, CARD, "change_payment_method",
    {"command_id": "u", "payment_method": "pm_new", "request": "u"}, DAY, "change the payment method",
)  # fmt: skip
CHANGE_EMAIL = Asked(
    active, update("set_email", SetEmail(email="new@example.com", command_id="c", actor=GRACE)), "change_email",
    {"command_id": "c", "email": "new@example.com"}, DAY, "change the billing e-mail",
)  # fmt: skip
LOOK = Asked(
    unpaid,
    signal("payment_hint", {"payment_key": "a1:2"}),
    "look_at_invoice",
    LEFT_OPEN,
    HOUR,
    "ask Stripe about `a1:2`",
)
VOID = Asked(
    unpaid, update("cancel", Cancel(when="now"), update_id="leave"), "void_invoice",
    {"command_id": "leave", **LEFT_OPEN}, HOUR, "void the invoice of `a1:2`",
)  # fmt: skip
LOOK_AT_REFUND = Asked(
    active, signal("payment_hint", {"refund_id": "re_1"}), "look_at_refund",
    {"object_id": "re_1"}, HOUR, "ask Stripe about `re_1`",
)  # fmt: skip
ERASE = Asked(
    active, signal("close", Close(command_id="bye")), "erase_customer",
    {"command_id": "bye", "email": None}, DAY, "erase at Stripe who the customer was",
)  # fmt: skip
OF_BOTH, OF_THE_SECOND = (CHANGE_CARD, CHANGE_EMAIL, LOOK, VOID), (LOOK_AT_REFUND, ERASE)


@pytest.mark.parametrize(
    ("edition", "asked"),
    [
        *((editions.FIRST, each) for each in OF_BOTH),
        *((editions.NEWEST, each) for each in (*OF_BOTH, *OF_THE_SECOND)),
    ],
    ids=lambda each: each.activity if isinstance(each, Asked) else str(each),
)
def test_R8_what_an_activity_is_asked_and_for_how_long(edition: int, asked: Asked) -> None:
    """Whose customer, what is known to be paid, by which command; each try a minute, all of them an hour or a day."""
    commands = Run(run_of(asked.account(edition))).begin(asked.job)
    scheduled = activity(commands)
    given = {"account_id": "a1", "life": "life-1", "command_id": None, "email": "owner@example.com", **asked.given}
    given["customer_id"] = "cus_1"
    if asked not in OF_THE_SECOND:
        given |= {"known_from": 1 if edition >= editions.SECOND else None, "paid_keys": ["a1:1"]}
    assert (scheduled.activity_type, json.loads(scheduled.arguments[0].data)) == (asked.activity, given)
    assert asked.summary in summaries(commands)
    assert scheduled.start_to_close_timeout.ToTimedelta() == timedelta(seconds=60)
    patience = asked.patience if edition >= editions.SECOND else timedelta(0)
    assert scheduled.schedule_to_close_timeout.ToTimedelta() == patience
    again = scheduled.retry_policy
    assert (again.initial_interval.ToTimedelta(), again.backoff_coefficient) == (timedelta(seconds=1), 2)
    assert (again.maximum_interval.ToTimedelta(), again.maximum_attempts) == (timedelta(minutes=5), 0)


@EDITIONS
def test_R1_R8_an_opening_registers_the_customer_and_collects(edition: int) -> None:
    """In the life that its first run gives it; an attempt to collect may take until half a day is over."""
    policy = BillingPolicy(payment_methods=("card", "us_bank_account"))
    opened = opening(command_id="o", policy=policy)
    run = Run(AccountRun(edition=edition, opening=opened))
    register = activity(run.begin())
    life = FIRST_RUN if edition >= editions.SECOND else None
    who = {"account_id": "a1", "life": life, "command_id": "o", "email": "owner@example.com"}
    assert register.activity_type == "register_customer"
    assert json.loads(register.arguments[0].data) == {**who, "payment_method": "pm_good", "customer_id": None}
    assert register.schedule_to_close_timeout.ToTimedelta() == (DAY if life else timedelta(0))
    commands = run.task(answered(register, CustomerRegistered(customer_id="cus_1", payment_method="pm_good")))
    collect = activity(commands)
    assert collect.activity_type == "collect"
    given = json.loads(collect.arguments[0].data)
    payment = given.pop("payment")
    assert (payment["key"], payment["attempt"], payment["quote"]["amount_due"]) == ("a1:1", 1, 7500)
    known: dict[str, Any] = {"known_from": 1 if life else None, "paid_keys": []}
    assert given == {**who, **known, "customer_id": "cus_1", "payment_methods": ["card", "us_bank_account"]}
    assert collect.schedule_to_close_timeout.ToTimedelta() == (timedelta(hours=13) if life else timedelta(0))
    assert summaries(commands) == ["collect 75.00 USD: payment `a1:1`, attempt 1"]


def test_R1_what_was_not_registered_comes_before_any_effect() -> None:
    """The first payment method, of a customer who may exist; then what was asked for, under the command's own id."""
    run = Run(run_of(active().model_copy(update={"first_payment_method": "pm_first"})))
    register = activity(run.begin(CARD))
    given = json.loads(register.arguments[0].data)
    assert (given["payment_method"], given["customer_id"], given["command_id"]) == ("pm_first", "cus_1", "u")
    change = activity(run.task(answered(register, CustomerRegistered(customer_id="cus_1"))))
    assert change.activity_type == "change_payment_method"
    assert json.loads(change.arguments[0].data)["request"] == "u"


def test_R8_a_change_that_nobody_has_named_gets_a_name_of_its_own() -> None:
    """Stable over retries: part of idempotency keys; the next one has another."""
    run = Run(run_of(active()))
    unnamed = signal("set_payment_method", {"payment_method": "pm_new"})
    first = activity(run.begin(unnamed))
    second = activity(run.task(answered(first, PaymentMethodChanged(payment_method="pm_new")), unnamed))
    requests = [json.loads(each.arguments[0].data)["request"] for each in (first, second)]
    assert len(set(requests)) == 2
    assert all(len(each) == 36 for each in requests)


def test_R27_what_is_under_way_stands_in_the_record_with_the_command_that_waits() -> None:
    """An effect of a hint waits for nobody."""
    run = Run(run_of(active()))
    run.begin(CARD)
    change = ChangePaymentMethod(payment_method="pm_new", asked_by=GRACE)
    assert run.record().effects == (PendingEffect(effect=change, command_id="u"),)
    looks = Run(run_of(active()))
    looks.begin(LOOK_AT_REFUND.job)
    assert [each.command_id for each in looks.ask("last_record", AccountRun).effects] == [None]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (CHANGE_CARD, PaymentMethodChanged(payment_method="pm_new")),
        (CHANGE_EMAIL, EmailChanged(email="new@example.com")),
    ],
    ids=["card", "email"],
)
def test_R14_a_change_is_told_with_whoever_has_asked_for_it(asked: Asked, answer: object) -> None:
    """The activity does not know who that is."""
    run = Run(run_of(active()))
    commands = run.task(answered(activity(run.begin(asked.job)), answer))
    assert answers(commands)["u"].refusal is None
    assert run.account().timeline[-1].actor == GRACE


# ---------------------------------------------------------------------- what comes to no answer


def logged(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return what the log says of the effect that has come to no answer."""
    (record,) = [each for each in caplog.records if each.message.startswith("an effect came to no answer")]
    return {name: getattr(record, name) for name in ("effect", "payment_key", "command_id", "why")}


@pytest.mark.parametrize(
    ("asked", "answer", "kind", "key"),
    [
        (LOOK, InvoiceObserved(payment_key="a1:9", invoice=InvoiceState.PAID), "RetrieveInvoice", "a1:2"),
        (VOID, InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.VOID), "VoidInvoice", "a1:2"),
        (CHANGE_EMAIL, EmailChanged(email="another@example.com"), "ChangeEmail", None),
        (ERASE, CustomerErased(customer_id="cus_9"), "EraseCustomer", None),
        (CHANGE_CARD, "as you like it", "ChangePaymentMethod", None),
        (CHANGE_CARD, None, "ChangePaymentMethod", None),
    ],
    ids=lambda each: each.activity if isinstance(each, Asked) else "",
)
def test_R8_an_answer_about_something_else_is_none(
    caplog: pytest.LogCaptureFixture, asked: Asked, answer: object, kind: str, key: str | None
) -> None:
    """And the log says of what it is one, and for whom."""
    run = Run(run_of(asked.account(editions.NEWEST)))
    run.task(answered(activity(run.begin(asked.job)), answer))
    why = "The activity's answer could not be read."
    assert logged(caplog) == {
        "effect": kind,
        "payment_key": key,
        "command_id": asked.given.get("command_id"),
        "why": why if asked is CHANGE_CARD else f"{why} It is about something else.",
    }


def test_R8_a_payment_of_another_is_not_this_one(caplog: pytest.LogCaptureFixture) -> None:
    """How this one went is not known: it is asked again, and not taken for paid."""
    run = Run(run_of(unpaid()))
    collect = activity(run.begin(after=DAY))
    run.task(answered(collect, Paid(payment_key="a1:9")))
    told = logged(caplog)
    assert (told["effect"], told["payment_key"], told["command_id"]) == ("Collect", "a1:2", None)
    payment = run.account().payment
    assert payment is not None
    assert (payment.status, payment.not_known_since) == ("collecting", run.now.replace(microsecond=0))


def test_R8_of_a_look_in_general_any_answer_is_one(caplog: pytest.LogCaptureFixture) -> None:
    """The customer was deleted: all invoices are asked about, and no payment in particular."""
    caplog.set_level(logging.ERROR)
    run = Run(run_of(active().model_copy(update={"payment": None})))
    look = activity(run.begin(signal("payment_hint", {"event_type": "customer.deleted"})))
    assert json.loads(look.arguments[0].data)["payment_key"] is None
    run.task(answered(look, InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.PAID)))
    assert not caplog.records
    assert run.record().effects == ()


@pytest.mark.parametrize(("why", "told"), [("away", "stripe_unavailable: away"), (None, "Activity task failed")])
def test_R8_an_effect_that_failed_is_told_by_its_cause(
    caplog: pytest.LogCaptureFixture, why: str | None, told: str
) -> None:
    """To whoever waits, and to the log; where Temporal knows no cause, by what it knows."""
    run = Run(run_of(active()))
    commands = run.task(failed(activity(run.begin(CARD)), why))
    refusal = answers(commands)["u"].refusal
    assert refusal is not None
    assert (refusal.code, refusal.message, refusal.decline_code) == ("payment_declined", told, "stripe_refused")
    expected = {"effect": "ChangePaymentMethod", "payment_key": None, "command_id": "u", "why": told}
    assert logged(caplog) == expected
    assert not markers(commands), "the second edition stands behind no patch (R28)"


def test_R8_behind_a_customer_who_is_not_registered_nothing_is_begun() -> None:
    """It ends with the same reason, for whoever waits for it."""
    run = Run(run_of(active().model_copy(update={"first_payment_method": "pm_first"})))
    commands = run.task(failed(activity(run.begin(CARD)), "no such account"))
    refusal = answers(commands)["u"].refusal
    assert refusal is not None
    assert refusal.message == "stripe_unavailable: no such account"
    assert run.record().effects == ()
