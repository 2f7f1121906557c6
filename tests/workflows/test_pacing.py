"""R8: how often an account asks Stripe by itself; and what a run of 0.1.0 did when an act failed."""

import json
from datetime import timedelta

import pytest
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from reprise.statemachine import editions
from reprise.statemachine.commands import SetEmail, SetPaymentMethod
from reprise.statemachine.outcomes import (
    Declined,
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    PaymentMethodChanged,
)
from reprise.workflows.messages import AccountRun
from tests.statemachine.book import opening, utc
from tests.workflows.tasks import (
    DAY,
    MINUTE,
    Run,
    active,
    activities,
    activity,
    answered,
    answers,
    failed,
    markers,
    patch,
    run_of,
    signal,
    summaries,
    timers,
    unpaid,
    update,
)

RETRY = utc("2027-02-01T09:00")
"""When the unpaid account's payment is tried again."""

NEW_CARD = update("set_payment_method", SetPaymentMethod(payment_method="pm_new"))


def waits_for(commands: list[WorkflowCommand]) -> timedelta:
    """Return for how long the next request to Stripe waits; it is not made yet."""
    assert not activities(commands)
    assert any(each.startswith("wait before the next request to Stripe: ") for each in summaries(commands))
    return min(each.start_to_fire_timeout.ToTimedelta() for each in timers(commands))


def test_R8_what_is_not_known_is_asked_again_after_waits_that_double() -> None:
    """The same attempt of the same payment; another one does not wait, and begins anew with a minute."""
    run = Run(run_of(unpaid()))
    collect = activity(run.begin(after=DAY))
    for minutes in (1, 2, 4):
        commands = run.task(failed(collect))
        assert waits_for(commands) == minutes * MINUTE
        assert summaries(commands) == [
            "wait before the next request to Stripe: collect 75.00 USD: payment `a1:2`, attempt 2"
        ]
        collect = activity(run.wake())
    commands = run.task(answered(collect, Declined(payment_key="a1:2", code="insufficient_funds")), NEW_CARD)
    change = activity(commands)
    collect = activity(run.task(answered(change, PaymentMethodChanged(payment_method="pm_new"))))
    assert collect.activity_type == "collect"
    assert waits_for(run.task(failed(collect))) == MINUTE


def test_R22_what_is_known_waits_for_nothing() -> None:
    """An earlier payment turned up: it is told, and the same attempt goes on."""
    run = Run(run_of(unpaid()))
    collect = activity(run.begin(after=DAY))
    found = Invoice(payment_key="a1:1", invoice_id="in_1", state=InvoiceState.PAID, amount=7500, currency="usd")
    again = activity(run.task(answered(collect, EarlierPayment(payment_key="a1:2", found=found))))
    assert json.loads(again.arguments[0].data)["payment"]["attempt"] == 2


@pytest.mark.parametrize(
    ("edition", "many", "waits"),
    [(editions.NEWEST, 59, None), (editions.NEWEST, 60, 30 * MINUTE), (editions.FIRST, 60, None)],
)
def test_R8_an_account_begins_sixty_acts_an_hour_by_itself(edition: int, many: int, waits: timedelta | None) -> None:
    """What comes then, here the retry of a payment, waits until the hour holds one less; 0.1.0 knew no pace."""
    run = Run(run_of(unpaid(edition)), at=RETRY - 30 * MINUTE)
    found = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.OPEN, decline_code="insufficient_funds")
    look = activity(run.begin(signal("payment_hint", {}), after=timedelta(0)))
    for _ in range(1, many):
        look = activity(run.task(signal("payment_hint", {}), answered(look, found)))
    run.task(answered(look, found))
    commands = run.wake()
    if waits is None:
        assert activity(commands).activity_type == "collect"
    else:
        assert waits_for(commands) == waits


def test_R8_what_people_ask_for_is_not_held() -> None:
    """Sixty times, then a payment that is due."""
    run = Run(run_of(unpaid()), at=RETRY - MINUTE)
    run.begin()
    for n in range(61):
        mail = SetEmail(email=f"owner-{n}@example.com")
        change = activity(run.task(update("set_email", mail, update_id=f"u{n}")))
        run.task(answered(change, EmailChanged(email=mail.email)))
    assert activity(run.wake()).activity_type == "collect"


# ---------------------------------------------------------------------- runs that 0.1.0 began


AWAY = "stripe_unavailable: away"


def last_entry(run: Run) -> tuple[str, str | None]:
    """Return type and reason of the timeline's last entry."""
    account = run.account()
    return account.timeline[-1].type, account.timeline[-1].reason


def test_R28_in_a_run_of_0_1_0_a_payment_that_failed_was_stopped_and_a_look_left_nothing() -> None:
    """So its history says, which has no marker of the patch."""
    run = Run(run_of(unpaid(editions.FIRST)), at=RETRY - MINUTE)
    look = activity(run.begin(signal("payment_hint", {}), replaying=True))
    before = last_entry(run)
    assert not activities(run.task(failed(look), replaying=True))
    assert last_entry(run) == before
    collect = activity(run.wake(replaying=True))
    assert not activities(run.task(failed(collect), replaying=True))
    assert last_entry(run) == ("account.payment_stopped", AWAY)


def test_R28_in_a_run_of_0_1_0_a_card_that_failed_was_refused() -> None:
    """By the code that stands for a refusal of ours."""
    run = Run(run_of(active(editions.FIRST)))
    refusal = answers(run.task(failed(activity(run.begin(NEW_CARD, replaying=True))), replaying=True))["u"].refusal
    assert refusal is not None
    assert (refusal.code, refusal.message, refusal.decline_code) == ("payment_declined", AWAY, "stripe_refused")


@pytest.mark.parametrize("paid", [False, True])
def test_R28_in_a_run_of_0_1_0_a_customer_who_failed_stopped_the_payment_behind(paid: bool) -> None:
    """Opened with a payment behind, or with what was paid elsewhere: then there is nothing to stop."""
    elsewhere = {"paid_through": utc("2027-02-15T10:00")} if paid else {}
    run = Run(AccountRun(edition=editions.FIRST, opening=opening(command_id="o", **elsewhere)))
    register = activity(run.begin(replaying=True))
    run.task(failed(register), replaying=True)
    assert "collect" not in [each.effect.kind for each in run.record().effects]
    assert last_entry(run) == (("account.opened", None) if paid else ("account.payment_stopped", AWAY))


def test_R28_in_a_run_of_0_1_0_a_customer_who_failed_was_registered_again_before_a_card() -> None:
    """What made the loop that later runs do not make."""
    account = active(editions.FIRST).model_copy(update={"first_payment_method": "pm_first"})
    run = Run(run_of(account))
    register = activity(run.begin(NEW_CARD, replaying=True))
    again = activity(run.task(failed(register), replaying=True))
    assert (register.activity_type, again.activity_type) == ("register_customer", "register_customer")


@pytest.mark.parametrize("replaying", [False, True])
def test_R28_a_run_of_the_first_edition_that_has_the_patch_waits_to_learn_how_a_payment_went(replaying: bool) -> None:
    """A marker says from then on that it does."""
    run = Run(run_of(unpaid(editions.FIRST)), at=RETRY)
    collect = activity(run.begin(after=timedelta(0), replaying=replaying))
    marked = [patch("outlive-failed-acts")] if replaying else []
    commands = run.task(*marked, failed(collect), replaying=replaying)
    assert waits_for(commands) == MINUTE
    assert "outlive-failed-acts" in markers(commands)
