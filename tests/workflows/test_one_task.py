"""R14, R27: what comes to an account in one task: in which order it is taken, and what each is answered."""

import logging
from datetime import timedelta

import pytest

from reprise.statemachine import editions
from reprise.statemachine.commands import Cancel, Reactivate, RestoreAccount, SetCarts, SetEmail, SetPaymentMethod
from reprise.statemachine.effects import ChangeEmail, ChangePaymentMethod, RetrieveRefund
from reprise.statemachine.outcomes import EmailChanged, NothingObserved
from reprise.statemachine.timeline import UNKNOWN_ENTRIES, Actor, ActorKind
from reprise.workflows.messages import AccountRun, PaymentHint, PendingCommand, PendingEffect, Restoration
from tests.statemachine.book import Book
from tests.workflows.tasks import (
    Run,
    active,
    activities,
    activity,
    answered,
    answers,
    cancellation,
    carts,
    eviction,
    failed,
    markers,
    patch,
    refusals,
    run_of,
    signal,
    timers,
    update,
)

GRACE = Actor(kind=ActorKind.OPERATOR, id="grace")
CANCELLATION = "outlive-cancellation"


def test_R14_each_command_is_answered_by_the_account_as_it_stood_then() -> None:
    """Also one that comes back for nothing, which no payment follows."""
    book = Book.open("2027-01-31T09:00")
    book.do(Cancel())
    given = answers(
        Run(run_of(book.account)).begin(
            update("set_carts", SetCarts(carts=4), update_id="first"),
            update("reactivate", Reactivate(), update_id="back"),
            update("set_carts", SetCarts(carts=5), update_id="last"),
        )
    )
    seen = {name: (answer.account.state, answer.account.carts) for name, answer in given.items()}
    assert seen == {"first": ("cancelled", 4), "back": ("active", 4), "last": ("active", 5)}


def test_R14_a_command_waits_while_stripe_is_asked_for_another() -> None:
    """And so does a deadline; they are taken when the answer is there."""
    run = Run(run_of(active()))
    mail = SetEmail(email="new@example.com")
    change = activity(run.begin(update("set_email", mail, update_id="mail")))
    assert answers(run.task(update("set_carts", SetCarts(carts=5), update_id="carts"))) == {}
    left = run.record()
    assert [(each.command_id, each.taken) for each in left.commands] == [("mail", True), ("carts", False)]
    given = answers(run.task(answered(change, EmailChanged(email=mail.email))))
    assert {name: each.account.email for name, each in given.items()} == {"mail": mail.email, "carts": mail.email}
    assert given["carts"].account.carts == 5


def test_R14_a_command_is_decided_by_the_account_as_it_stands_at_its_turn() -> None:
    """Not as it stood when its validator saw it: in the same task an answer from Stripe is taken before it."""
    run = Run(run_of(active()))
    mail = SetEmail(email="new@example.com")
    change = activity(run.begin(update("set_email", mail, update_id="mail")))
    given = answers(run.task(answered(change, EmailChanged(email=mail.email)), update("set_carts", SetCarts(carts=5))))
    assert {(each.account.email, each.account.carts) for each in given.values()} == {(mail.email, 5)}
    assert (run.account().email, run.account().carts) == (mail.email, 5)


def test_R14_R17_a_command_happens_at_its_turn_not_when_it_was_sent() -> None:
    """An hour later, when Stripe has said that there is no news."""
    run = Run(run_of(active()))
    run.begin()
    poll = activity(run.task(signal("payment_hint", PaymentHint(refund_id="re_1"))))
    assert answers(run.task(update("set_carts", SetCarts(carts=5)))) == {}
    nothing = NothingObserved(reason="No such refund")
    given = answers(run.task(answered(poll, nothing), after=timedelta(hours=1)))
    assert given["u"].account.carts == 5
    assert run.account().timeline[-1].at == run.now.replace(microsecond=0)


def test_R14_a_deadline_waits_while_stripe_is_asked() -> None:
    """The term ends meanwhile; a new customer's e-mail first, then the renewal."""
    run = Run(run_of(active()))
    run.begin()
    change = activity(run.task(update("set_email", SetEmail(email="new@example.com"))))
    commands = run.wake()
    assert (activities(commands), timers(commands)) == ([], [])
    collect = activity(run.task(answered(change, EmailChanged(email="new@example.com"))))
    assert collect.activity_type == "collect"


def test_R11_one_timer_waits_for_the_next_deadline() -> None:
    """It goes on while that stays as it is, and ends when it does not."""
    run = Run(run_of(active()))
    (timer,) = timers(run.begin())
    assert timers(run.task(carts(5))) == []
    commands = run.task(signal("extend_term", {"days": 3}))
    (later,) = timers(commands)
    assert later.start_to_fire_timeout.ToTimedelta() - timer.start_to_fire_timeout.ToTimedelta() > timedelta(days=2)
    assert [each.cancel_timer.seq for each in commands if each.HasField("cancel_timer")] == [timer.seq]


def test_R14_a_refused_signal_is_told_in_the_log_and_remembered(caplog: pytest.LogCaptureFixture) -> None:
    """Which command, under which id, and by which code."""
    caplog.set_level(logging.INFO)
    run = Run(run_of(active()))
    run.begin(signal("reactivate", Reactivate(command_id="again")))
    (record,) = [each for each in caplog.records if each.message.startswith("a command was refused")]
    told = {name: getattr(record, name) for name in ("command", "command_id", "code")}
    assert told == {"command": "reactivate", "command_id": "again", "code": "already_in_service"}
    (kept,) = run.record().answered
    assert kept.answer.refusal is not None
    assert (kept.command_id, kept.answer.refusal.code) == ("again", "already_in_service")


def test_R14_a_signal_without_an_id_is_taken_also_after_one_with_an_empty_id() -> None:
    """As a person fills it in, or not: neither repeats the other. 0.1.0 took an empty id for one."""
    run = Run(run_of(active()))
    run.begin(carts(4, ""))
    run.task(carts(5))
    run.task(carts(6, ""))
    assert run.account().carts == 6
    first = Run(run_of(active(editions.FIRST)))
    first.begin(carts(4, ""))
    first.task(carts(5))
    assert first.account().carts == 4


# ---------------------------------------------------------------------- Temporal's own cancellation


@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_A2_R27_a_cancellation_request_is_told_and_outlived(edition: int) -> None:
    """Twice; with a marker in a run of the first edition, which did not."""
    run = Run(run_of(active(edition)))
    run.begin()
    commands = run.task(cancellation())
    assert [each.WhichOneof("variant") for each in commands if each.HasField("cancel_workflow_execution")] == []
    assert markers(commands) == ([CANCELLATION] if edition == editions.FIRST else [])
    assert run.account().timeline[-1].type == "account.cancellation_requested"
    assert answers(run.task(update("set_carts", SetCarts(carts=5))))["u"].account.carts == 5


@pytest.mark.parametrize(
    ("edition", "marked", "lives"),
    [(editions.FIRST, False, False), (editions.FIRST, True, True), (editions.NEWEST, False, True)],
)
def test_R28_a_cancellation_request_ended_a_run_of_0_1_0(edition: int, marked: bool, lives: bool) -> None:
    """So it does when it is replayed, unless its history has the marker."""
    run = Run(run_of(active(edition)))
    run.begin(replaying=True)
    commands = run.task(*([patch(CANCELLATION)] if marked else []), cancellation(), replaying=True)
    ended = [each for each in commands if each.HasField("cancel_workflow_execution")]
    assert (not ended) is lives


def test_R27_an_update_that_waits_outlives_a_cancellation_request() -> None:
    """It is answered when its effect is done."""
    run = Run(run_of(active()))
    change = activity(run.begin(update("set_email", SetEmail(email="new@example.com"))))
    assert answers(run.task(cancellation())) == {}
    assert answers(run.task(answered(change, EmailChanged(email="new@example.com"))))["u"].refusal is None


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("requested", [True, False])
def test_a_worker_can_let_go_of_a_run(waits: bool, requested: bool) -> None:
    """Whatever waits in it ends, also after a request to cancel: the worker would keep its memory, and not stop."""
    run = Run(run_of(active()))
    run.begin(*([update("set_email", SetEmail(email="new@example.com"))] if waits else []))
    run.task(*([cancellation()] if requested else []))
    completion = run.attempt(eviction())
    assert completion.HasField("successful"), completion.failed.failure.message


# ---------------------------------------------------------------------- restored


def test_R27_a_restored_account_goes_on_with_what_was_left() -> None:
    """Its effects in their order, each for its command; then what waited; and it is told who has restored it."""
    mail = SetEmail(email="new@example.com", actor=GRACE)
    account = active()
    given = run_of(
        account,
        effects=(
            PendingEffect(effect=ChangeEmail(email=mail.email, asked_by=GRACE), command_id="mail"),
            PendingEffect(effect=ChangePaymentMethod(payment_method="pm_new", asked_by=GRACE)),
            PendingEffect(effect=RetrieveRefund(object_id="re_1")),
        ),
        commands=(
            PendingCommand(command=mail, command_id="mail", taken=True),
            PendingCommand(command=SetCarts(carts=9), command_id="carts", taken=False),
        ),
        restoration=Restoration(command=RestoreAccount(command_id="r", actor=GRACE), how="from its record", older=True),
    )
    run = Run(given)
    change = activity(run.begin())
    assert change.activity_type == "change_email"
    stands = run.record()
    entry = run.account().timeline[-1]
    assert (entry.type, entry.actor, entry.reason) == ("account.restored", GRACE, "from its record")
    assert entry.sequence == account.sequence + UNKNOWN_ENTRIES + 1
    assert (stands.effects, stands.commands) == (given.effects, given.commands)
    card = activity(run.task(answered(change, EmailChanged(email=mail.email))))
    assert card.activity_type == "change_payment_method"
    refund = activity(run.task(failed(card)))
    assert refund.activity_type == "look_at_refund"
    run.task(answered(refund, NothingObserved(reason="No such refund")))
    assert {each.command_id for each in run.record().answered} == {"r", "mail", "carts"}
    assert run.account().carts == 9


def test_R27_a_payment_that_was_under_way_goes_on_once() -> None:
    """By the effect that was left, not beside it."""
    run = Run(AccountRun(edition=editions.NEWEST, account=active()))
    run.begin()
    collect = run.wake()
    assert activity(collect).activity_type == "collect"
    left = run.record()
    restored = Run(
        left.model_copy(update={"restoration": Restoration(command=RestoreAccount(command_id="r"), how="record")}),
        at=run.now,
    )
    assert activity(restored.begin()).arguments[0].data == activity(collect).arguments[0].data
    assert restored.record().effects == left.effects


def test_R14_a_key_with_other_content_is_refused_also_while_the_first_is_under_way() -> None:
    """Before anything is written."""
    run = Run(run_of(active()))
    run.begin(update("set_payment_method", SetPaymentMethod(payment_method="pm_new"), update_id="card"))
    other = SetPaymentMethod(payment_method="pm_other", command_id="card")
    assert refusals(run.task(update("set_payment_method", other))) == {"u": "idempotency_key_reused"}
