"""R14, R27: what comes to an account in one task: in which order it is taken, and what each is answered."""

import logging
from datetime import timedelta

import pytest

from reprise.statemachine import editions
from reprise.statemachine.commands import Cancel, Reactivate, RestoreAccount, SetCarts, SetEmail, SetPaymentMethod
from reprise.statemachine.effects import ChangeEmail, ChangePaymentMethod, RetrieveRefund
from reprise.statemachine.outcomes import EmailChanged, NothingObserved
from reprise.statemachine.timeline import UNKNOWN_ENTRIES, Actor, ActorKind
from reprise.workflows import limits
from reprise.workflows.messages import AccountRun, PendingCommand, PendingEffect, Restoration
from tests.statemachine.book import Book
from tests.workflows.tasks import (
    Job,
    Run,
    active,
    activities,
    activity,
    answered,
    answers,
    cancellation,
    eviction,
    failed,
    markers,
    next_run,
    patch,
    refusals,
    run_of,
    signal,
    summaries,
    timers,
    update,
)

GRACE = Actor(kind=ActorKind.OPERATOR, id="grace")
CANCELLATION, FLOODS = "outlive-cancellation", "hold-floods"


def carts(number: int, command_id: str | None = None) -> Job:
    return signal("set_carts", SetCarts(carts=number, command_id=command_id))


def now(run: Run) -> AccountRun:
    """Return how the run stands."""
    stands: AccountRun = run.ask("record", AccountRun)
    return stands


def carts_of(run: Run) -> int:
    account = now(run).account
    assert account is not None
    return account.carts


def last_entry(run: Run) -> str:
    account = now(run).account
    assert account is not None
    return account.timeline[-1].type


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
    left = now(run)
    assert [(each.command_id, each.taken) for each in left.commands] == [("mail", True), ("carts", False)]
    given = answers(run.task(answered(change, EmailChanged(email=mail.email))))
    assert {name: each.account.email for name, each in given.items()} == {"mail": mail.email, "carts": mail.email}
    assert given["carts"].account.carts == 5


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
    (kept,) = now(run).answered
    assert kept.answer.refusal is not None
    assert (kept.command_id, kept.answer.refusal.code) == ("again", "already_in_service")


def test_R14_a_signal_without_an_id_is_taken_also_after_one_with_an_empty_id() -> None:
    """As a person fills it in, or not: neither repeats the other. 0.1.0 took an empty id for one."""
    run = Run(run_of(active()))
    run.begin(carts(4, ""))
    run.task(carts(5))
    run.task(carts(6, ""))
    assert carts_of(run) == 6
    first = Run(run_of(active(editions.FIRST)))
    first.begin(carts(4, ""))
    first.task(carts(5))
    assert carts_of(first) == 4


# ---------------------------------------------------------------------- floods


def test_R27_five_hundred_commands_are_taken_in_one_task() -> None:
    """The rest a moment later, in another; the run does not end between them."""
    run = Run(run_of(active()))
    commands = run.begin(*(carts(number) for number in range(1, 503)), signal("start_new_run"))
    (pause,) = [each for each in timers(commands) if each.start_to_fire_timeout.ToTimedelta() < limits.HOUR]
    assert pause.start_to_fire_timeout.ToMicroseconds() == 1000
    assert "more commands wait" in summaries(commands)
    assert next_run(commands) is None
    assert (carts_of(run), markers(commands)) == (500, [])
    commands = run.wake()
    given = next_run(commands)
    assert given is not None
    assert given.account is not None
    assert (given.account.carts, timers(commands)) == (502, [])


@pytest.mark.parametrize(("replaying", "marked", "taken"), [(False, False, 5), (True, True, 5), (True, False, 7)])
def test_R28_a_run_of_0_1_0_took_all_that_came(
    monkeypatch: pytest.MonkeyPatch, replaying: bool, marked: bool, taken: int
) -> None:
    """So it is replayed: without a pause, whatever its history had grown to; else a marker says that it pauses."""
    monkeypatch.setattr(limits, "COMMAND_BATCH_SIZE", 5)
    run = Run(run_of(active(editions.FIRST)))
    flood = [carts(number) for number in range(1, 8)]
    commands = run.begin(
        *([patch(FLOODS)] if marked else []),
        *flood,
        replaying=replaying,
        events=10 if marked or not replaying else 40_000,
    )
    assert ("more commands wait" in summaries(commands)) is (taken == 5)
    assert (FLOODS in markers(commands)) is (taken == 5)
    assert carts_of(run) == taken


FULL = [{"events": 40_000}, {"events": 10, "size": 40_000_000}]
NOT_FULL = {"events": 39_999, "size": 39_999_999}


@pytest.mark.parametrize("grown", FULL, ids=["events", "bytes"])
@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_R27_a_run_that_has_grown_too_long_takes_no_more(edition: int, grown: dict[str, int]) -> None:
    """An update is refused, a signal leaves the refusal, a hint leads to nothing."""
    book = Book.open("2026-12-31T09:00", edition=edition)
    book.card = "insufficient_funds"
    run = Run(run_of(book.at("2027-01-31T09:30").account))
    run.begin()
    commands = run.task(update("set_carts", SetCarts(carts=5)), signal("payment_hint", {}), carts(6, "s"), **grown)
    assert refusals(commands) == {"u": "too_many_commands"}
    assert not activities(commands)
    assert carts_of(run) == 3
    ((command_id, answer),) = [(each.command_id, each.answer) for each in now(run).answered]
    assert answer.refusal is not None
    assert (command_id, answer.refusal.code, answer.refusal.message) == ("s", "too_many_commands", limits.TOO_MANY)


def test_R27_a_run_takes_what_comes_until_it_is_too_long() -> None:
    """Forty thousand events, or forty megabytes."""
    run = Run(run_of(active()))
    run.begin()
    assert answers(run.task(update("set_carts", SetCarts(carts=5)), **NOT_FULL))["u"].account.carts == 5
    commands = run.task(signal("payment_hint", {"refund_id": "re_1"}), **NOT_FULL)
    assert activity(commands).activity_type == "look_at_refund"


def test_R28_a_hint_that_came_to_a_long_run_of_0_1_0_was_taken() -> None:
    """So it is when it is replayed."""
    book = Book.open("2026-12-31T09:00", edition=editions.FIRST)
    book.card = "insufficient_funds"
    run = Run(run_of(book.at("2027-01-31T09:30").account))
    run.begin(replaying=True)
    look = activity(run.task(signal("payment_hint", {}), events=40_000, replaying=True))
    assert look.activity_type == "look_at_invoice"


@pytest.mark.parametrize(("waiting", "code"), [(1_999, None), (2_000, "too_many_commands")])
def test_R18_two_thousand_changes_may_wait_for_the_product(waiting: int, code: str | None) -> None:
    """More are refused: the next run could not be given them."""
    account = active()
    entry = account.timeline[-1]
    outbox = tuple(entry.model_copy(update={"sequence": n + 1}) for n in range(waiting))
    grown = account.model_copy(update={"sequence": waiting})
    commands = Run(run_of(grown, announce=True, outbox=outbox)).begin(update("set_carts", SetCarts(carts=5)))
    assert refusals(commands).get("u") == code
    assert ("u" in answers(commands)) is (code is None)


# ---------------------------------------------------------------------- Temporal's own cancellation


@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_A2_R27_a_cancellation_request_is_told_and_outlived(edition: int) -> None:
    """Twice; with a marker in a run of the first edition, which did not."""
    run = Run(run_of(active(edition)))
    run.begin()
    commands = run.task(cancellation())
    assert [each.WhichOneof("variant") for each in commands if each.HasField("cancel_workflow_execution")] == []
    assert markers(commands) == ([CANCELLATION] if edition == editions.FIRST else [])
    assert last_entry(run) == "account.cancellation_requested"
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
    stands = now(run)
    assert stands.account is not None
    entry = stands.account.timeline[-1]
    assert (entry.type, entry.actor, entry.reason) == ("account.restored", GRACE, "from its record")
    assert entry.sequence == account.sequence + UNKNOWN_ENTRIES + 1
    assert (stands.effects, stands.commands) == (given.effects, given.commands)
    card = activity(run.task(answered(change, EmailChanged(email=mail.email))))
    assert card.activity_type == "change_payment_method"
    refund = activity(run.task(failed(card)))
    assert refund.activity_type == "look_at_refund"
    run.task(answered(refund, NothingObserved(reason="No such refund")))
    assert {each.command_id for each in now(run).answered} == {"r", "mail", "carts"}
    assert carts_of(run) == 9


def test_R27_a_payment_that_was_under_way_goes_on_once() -> None:
    """By the effect that was left, not beside it."""
    run = Run(AccountRun(edition=editions.NEWEST, account=active()))
    run.begin()
    collect = run.wake()
    assert activity(collect).activity_type == "collect"
    left = now(run)
    restored = Run(
        left.model_copy(update={"restoration": Restoration(command=RestoreAccount(command_id="r"), how="record")}),
        at=run.now,
    )
    assert activity(restored.begin()).arguments[0].data == activity(collect).arguments[0].data
    assert now(restored).effects == left.effects


def test_R14_a_key_with_other_content_is_refused_also_while_the_first_is_under_way() -> None:
    """Before anything is written."""
    run = Run(run_of(active()))
    run.begin(update("set_payment_method", SetPaymentMethod(payment_method="pm_new"), update_id="card"))
    other = SetPaymentMethod(payment_method="pm_other", command_id="card")
    assert refusals(run.task(update("set_payment_method", other))) == {"u": "idempotency_key_reused"}
