"""R1 to R17 in the core, rule by rule, where the worked examples do not already say it."""

from typing import Any

import pytest

from reprise.statemachine import machine
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account, AccountState, DisabledReason
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    Reactivate,
    SetCarts,
    SetPaymentMethod,
)
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import InvoiceState, InvoiceVoided, Paid
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, opening, utc


def refused(book: Book, command: AnyCommand) -> RefusalCode:
    """Send a command that must be refused without a trace; return the code."""
    before = book.account
    with pytest.raises(Refused) as refusal:
        book.do(command)
    assert book.account == before
    return refusal.value.code


def cancelled() -> Book:
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel())
    return book


def lapsed() -> Book:
    return cancelled().at("2027-04-15T12:00")


def past_due() -> Book:
    book = Book.open().at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    return book.at("2027-02-28T10:00")


# ---------------------------------------------------------------------- R1


def test_R1_paid_elsewhere_is_active_until_then_and_keeps_that_anchor() -> None:
    """Nothing is collected; the renewal follows the anchor."""
    book = Book.open(paid_through=utc("2027-03-30T08:00"))
    assert (book.state, book.charged) == ("active", [])
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-30T08:00"))
    book.at("2027-03-30T08:00")
    assert book.charged == [7500]
    assert book.account.term == Term(start=utc("2027-03-30T08:00"), end=utc("2027-04-30T08:00"))


def test_R1_paid_until_the_past_opens_disabled_to_be_reactivated() -> None:
    """disabled/cancelled, nothing collected."""
    book = Book.open(paid_through=utc("2027-01-10T08:00"))
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "cancelled", [])
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R1_a_declined_first_payment_disables() -> None:
    """disabled/first_payment_failed; the invoice is void; coming back is a reactivation."""
    book = Book.open(card="generic_decline")
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    assert book.invoices == {"a1:1": "void"}
    book.replace_card("good")
    book.do(Reactivate(expected_amount=7500))
    assert (book.state, book.charged) == ("reactivated", [7500])


# ---------------------------------------------------------------------- R3, R4


def test_R3_cancelling_again_succeeds_and_changes_nothing() -> None:
    """At the term's end, that is."""
    book = cancelled()
    before = book.account
    book.do(Cancel())
    assert book.account == before


def test_E24_cancel_now_on_a_cancelled_account_ends_it_at_once() -> None:
    """Disabled on the day, and back for free until the paid term is over (R3)."""
    book = cancelled().at("2027-02-15T10:00")
    book.do(Cancel(when="now"))
    assert (book.state, book.account.disabled_reason) == ("disabled", "cancelled")
    book.at("2027-02-27T10:00").do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500])
    assert book.account.term is not None
    assert book.account.term.end == utc("2027-02-28T10:00")


def test_R3_cancelling_out_of_service_is_refused() -> None:
    """There is nothing to cancel."""
    assert refused(lapsed(), Cancel()) is RefusalCode.NOT_IN_SERVICE


@pytest.mark.parametrize("state", ["active", "reactivated"])
def test_R4_a_change_of_mind_returns_to_the_state_it_was_cancelled_from(state: str) -> None:
    """No charge, same term."""
    book = Book.open() if state == "active" else lapsed()
    if state == "reactivated":
        book.do(Reactivate())
    before, charged = book.account.term, list(book.charged)
    book.do(Cancel())
    book.do(Reactivate(expected_amount=0))
    assert (book.state, book.account.term, book.charged) == (state, before, charged)


def test_R3_a_cancellation_survives_unrelated_commands() -> None:
    """Carts, plan, card and hints neither un-cancel nor charge."""
    book = cancelled()
    book.do(SetCarts(carts=9))
    book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=100)))
    book.replace_card("good")
    book.hint()
    assert book.state == "cancelled"
    assert (book.at("2027-02-28T10:00").state, book.charged) == ("disabled", [7500])


@pytest.mark.parametrize("command", [SetCarts(carts=9), SetPaymentMethod(payment_method="pm_x")])
def test_R11_settings_change_no_state(command: AnyCommand) -> None:
    """In every open state."""
    for book in (Book.open(), cancelled(), past_due(), lapsed()):
        before = book.state
        book.card = "generic_decline"
        book.do(command)
        assert book.state == before


# ---------------------------------------------------------------------- R5


@pytest.mark.parametrize(
    "free", [{"carts": 0}, {"plan": Plan(currency="usd", unit_amount=0)}], ids=["no-carts", "free-plan"]
)
def test_R5_a_term_of_nothing_renews_without_an_invoice(free: dict[str, Any]) -> None:
    """Active from the start, renewed for ever, nothing invoiced."""
    book = Book.open(**free).at("2027-06-15T10:00")
    assert (book.state, book.invoices) == ("active", {})
    assert book.account.term == Term(start=utc("2027-05-31T10:00"), end=utc("2027-06-30T10:00"))


def test_R5_R16_a_worker_that_comes_a_day_late_disables_and_access_had_ended_with_the_term() -> None:
    """Nobody settled the term's end until 1 March: `AccessUntil` said no since 28 February, and the state follows."""
    book = cancelled()
    assert book.access_until == utc("2027-02-28T10:00")
    book.perform(book.fire_due(utc("2027-03-01T10:00")))
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "cancelled", [7500])


# ---------------------------------------------------------------------- R6, R7


@pytest.mark.parametrize("make", [Book.open, past_due])
def test_R6_reactivating_in_service_is_refused(make: object) -> None:
    """already_in_service, and the quote says the same."""
    book = make()  # type: ignore[operator]
    assert refused(book, Reactivate()) is RefusalCode.ALREADY_IN_SERVICE
    with pytest.raises(Refused) as refusal:
        book.quote(book.now)
    assert refusal.value.code is RefusalCode.ALREADY_IN_SERVICE


def test_R6_at_the_very_end_of_the_term_it_costs_a_new_month() -> None:
    """`now = term.end` is after the term."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    assert book.quote(utc("2027-02-28T09:59:59")).amount_due == 0
    assert book.quote(utc("2027-02-28T10:00:00")).amount_due == 7500


def test_R7_a_changed_quote_is_refused_with_the_new_one_and_nothing_is_charged() -> None:
    """quote_changed."""
    book = lapsed()
    quote = book.quote(book.now)
    book.do(SetCarts(carts=4))
    with pytest.raises(Refused) as refusal:
        book.do(Reactivate(expected_amount=quote.amount_due))
    assert refusal.value.code is RefusalCode.QUOTE_CHANGED
    assert refusal.value.quote is not None
    assert refusal.value.quote.amount_due == 10000
    assert book.charged == [7500]
    book.do(Reactivate(expected_amount=10000))
    assert book.charged == [7500, 10000]


def test_R7_a_cancelled_account_past_its_end_is_quoted_as_what_it_is() -> None:
    """No worker has run since the term's end: the quote is that of a disabled account."""
    book = cancelled()
    assert book.quote(utc("2027-04-15T12:00")).amount_due == 7500
    assert book.state == "cancelled"


# ---------------------------------------------------------------------- R8, R9


def test_R9_a_stopped_renewal_is_tried_each_hour_for_fourteen_days_and_told_once() -> None:
    """Our fault does not cost the payer a retry, nor access, while it lasts; nor is service free without end."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-03-13T10:30")
    assert book.state == "past_due"
    assert book.access_until is not None
    assert book.access_until > book.now
    stops = [entry for entry in book.account.timeline if entry.type == "account.payment_stopped"]
    assert len(stops) == 1
    book.card = "good"
    book.at("2027-03-13T11:00")
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_R9_a_renewal_that_nobody_mends_ends_after_fourteen_days() -> None:
    """Like the last retry: disabled, the invoice void, no more tries."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-03-14T09:59:59")
    assert book.state == "past_due"
    book.at("2027-03-14T10:00")
    assert (book.state, book.account.disabled_reason) == ("disabled", "payment_failed")
    tries = len(book.attempts)
    book.card = "good"
    book.at("2027-05-14T10:00")
    assert (len(book.attempts), book.charged) == (tries, [7500])


def test_R9_a_decline_after_a_stop_still_has_all_of_its_retries() -> None:
    """The retries that our fault has used up were not the payer's."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-03-10T10:00")
    book.card = "insufficient_funds"
    book.at("2027-03-10T11:00")
    assert book.account.payment is not None
    assert (book.state, book.account.payment.next_attempt_at) == ("past_due", utc("2027-03-11T11:00"))
    assert book.at("2027-03-17T10:59").state == "past_due"
    assert book.at("2027-03-17T11:00").state == "disabled"


def test_R9_retries_that_our_fault_has_used_up_are_made_up_for_once() -> None:
    """A second fault at the last retry gives no further round: no service without end for want of luck."""
    book = Book.open().at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-03-10T10:00")
    book.card = "insufficient_funds"
    book.at("2027-03-17T10:30")
    book.card = "stopped"
    book.at("2027-03-17T11:00")
    assert book.state == "past_due"
    book.card = "insufficient_funds"
    assert book.at("2027-03-17T12:00").state == "disabled"


def test_R8_a_stopped_reactivation_can_be_made_after_the_mend() -> None:
    """Disabled, told to the payer, and tried again with a new key."""
    book = lapsed()
    book.card = "stopped"
    book.do(Reactivate())
    assert (book.state, book.account.payment and book.account.payment.decline_code) == ("disabled", "payment_stopped")
    book.card = "good"
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R9_a_late_first_try_does_not_cost_retries() -> None:
    """No worker for ten days: the four retries follow the first try."""
    book = Book.open()
    book.card = "generic_decline"
    deadline = book.deadline
    assert deadline is not None
    book.now = utc("2027-03-10T10:00")
    book.perform(book.take(deadline, book.now))
    assert book.state == "past_due"
    assert book.account.payment is not None
    assert book.account.payment.next_attempt_at == utc("2027-03-11T10:00")
    assert book.at("2027-03-17T10:00").state == "disabled"


def test_R9_attempts_rise_and_the_key_stays() -> None:
    """One payment, one key, a new attempt for each try."""
    book = past_due().at("2027-03-08T10:00")
    assert book.attempts == [("a1:1", 1), *(("a1:2", n) for n in range(1, 6))]


def test_R9_the_payer_who_is_faster_than_the_void_comes_back() -> None:
    """The last retry failed, but the hosted invoice was paid before it could be voided."""
    book = past_due().at("2027-03-06T10:00")
    book.invoices["a1:2"] = "open"
    deadline = book.deadline
    assert deadline is not None
    book.now = utc("2027-03-07T10:00")
    effects = book.take(deadline, book.now)
    failed = book._answer(effects[0])  # type: ignore[arg-type]
    book.pay_by_hand()
    book.perform(book.take(failed, book.now))
    assert (book.state, book.charged) == ("active", [7500, 7500])


# ---------------------------------------------------------------------- R10


def waiting() -> Book:
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    return book


def test_R10_the_account_stays_until_the_payer_has_authenticated() -> None:
    """The URL is there; a hint after paying completes it."""
    book = waiting()
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.status, payment.action_url) == (
        "disabled",
        PaymentStatus.REQUIRES_ACTION,
        "https://pay.example.com/in",
    )
    book.hint()
    assert book.state == "disabled"
    book.pay_by_hand()
    book.hint()
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R10_a_webhook_that_never_comes_is_made_up_for_by_looking() -> None:
    """Paid on the hosted page, no hint: found within half an hour."""
    book = waiting()
    book.at("2027-04-15T12:10")
    book.pay_by_hand()
    assert book.at("2027-04-15T12:30").state == "reactivated"


def test_R10_after_23_hours_it_counts_as_declined() -> None:
    """The invoice is void, nothing is charged."""
    book = waiting().at("2027-04-16T11:00")
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.status, payment.decline_code) == ("disabled", "declined", "authentication_required")
    assert book.invoices["a1:2"] == "void"
    assert book.deadline is None


def test_R10_at_a_renewal_it_is_past_due_with_the_url_and_paying_by_hand_settles_it() -> None:
    """R9's retries go on on the same invoice."""
    book = Book.open()
    book.card = "authentication"
    book.at("2027-02-28T10:00")
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.status) == ("past_due", "requires_action")
    book.at("2027-03-02T10:00")
    assert [key for key, _ in book.attempts] == ["a1:1", "a1:2", "a1:2"]
    book.pay_by_hand()
    book.hint()
    assert (book.state, book.charged) == ("active", [7500, 7500])
    assert book.account.term == Term(start=utc("2027-02-28T10:00"), end=utc("2027-03-31T10:00"))


# ---------------------------------------------------------------------- R12, R13


def test_R12_old_debt_is_forgotten_or_a_line_of_its_own() -> None:
    """By policy; either way the old invoice is void."""
    for debt, amount in (("void", 7500), ("collect", 15000)):
        book = Book.open(policy=BillingPolicy(debt=debt)).at("2027-02-20T10:00")
        book.card = "generic_decline"
        book.at("2027-03-07T10:00")
        assert (book.state, book.invoices["a1:2"]) == ("disabled", "void")
        assert book.quote(book.now).amount_due == amount
        book.card = "good"
        book.do(Reactivate(expected_amount=amount))
        assert book.charged == [7500, amount]
        assert book.account.debt is None


def test_R12_a_debt_stays_until_it_is_paid() -> None:
    """Back for free within an extended term, and renewed since: the old renewal is still owed."""
    book = Book.open(policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.card = "generic_decline"
    book.at("2027-03-07T10:00")
    book.card = "good"
    book.do(ExtendTerm(days=10))
    book.do(Reactivate(expected_amount=0))
    assert book.at("2027-03-20T10:00").charged == [7500, 7500]
    book.do(Cancel())
    book.at("2027-05-01T10:00")
    book.do(Reactivate(expected_amount=15000))
    assert book.charged == [7500, 7500, 15000]
    assert book.account.debt is None


def test_R12_R20_a_debt_that_makes_the_sum_more_than_stripe_charges_stays_owed() -> None:
    """The month alone is quoted, and can be paid; the debt stands on a later quote that it fits."""
    most = Plan(currency="usd", unit_amount=99_999_999)
    book = Book.open(plan=most, carts=1, policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.card = "generic_decline"
    book.at("2027-03-07T10:00")
    book.card = "good"
    book.do(Reactivate(expected_amount=99_999_999))
    assert book.state == "reactivated"
    book.do(SetCarts(carts=0))
    book.do(Cancel())
    assert book.quote(utc("2027-05-01T10:00")).amount_due == 99_999_999


def test_R12_a_debt_is_paid_with_its_own_invoice_too() -> None:
    """Given up, and paid by hand before the invoice could be voided."""
    book = Book.open(policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.card = "generic_decline"
    book.at("2027-03-07T09:00")
    deadline = book.deadline
    assert deadline is not None
    book.now = deadline.at
    failed = book._answer(book.take(deadline, book.now)[0])  # type: ignore[arg-type]
    book.pay_by_hand()
    book.perform(book.take(failed, book.now))
    assert (book.state, book.account.debt, book.charged) == ("active", None, [7500, 7500])


def test_R13_enabling_brings_a_first_payment_that_the_operator_called_off_back_as_failed() -> None:
    """The payer was still to authenticate when the account was disabled: nothing was paid."""
    book = Book.open(card="authentication")
    book.do(Disable(reason="check"))
    assert book.invoices == {"a1:1": "void"}
    book.do(Enable())
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")


def test_R13_only_an_operator_undoes_an_operators_disable() -> None:
    """disabled_by_operator, until enabled: within the term without a charge."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Disable(reason="fraud"))
    assert (book.state, book.account.disabled_reason) == ("disabled", "operator")
    assert refused(book, Reactivate()) is RefusalCode.DISABLED_BY_OPERATOR
    book.do(Enable())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R13_enabling_never_undoes_a_cancellation() -> None:
    """Cancelled, disabled, enabled: still cancelled, and never charged again."""
    book = cancelled()
    book.do(Disable(reason="fraud"))
    book.do(Enable())
    assert book.state == "cancelled"
    assert (book.at("2027-03-15T10:00").state, book.charged) == ("disabled", [7500])


def test_R13_after_the_term_enabling_lifts_the_block_and_coming_back_costs() -> None:
    """Never in service without a covered term."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Disable(reason="fraud"))
    book.at("2027-03-15T10:00")
    book.do(Enable())
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "cancelled", [7500])
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R13_extending_moves_the_end_and_the_anchor() -> None:
    """Goodwill of ten days: the renewal follows the new end."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(ExtendTerm(days=10))
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-10T10:00"))
    book.at("2027-03-10T10:00")
    assert book.account.term == Term(start=utc("2027-03-10T10:00"), end=utc("2027-04-10T10:00"))
    assert refused(book, ExtendTerm(until=utc("2027-04-01T10:00"))) is RefusalCode.INVALID_REQUEST


def test_R13_a_new_price_counts_from_the_next_quote_on() -> None:
    """The current term is not touched."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=3000)))
    assert book.at("2027-02-28T10:00").charged == [7500, 9000]


def test_R13_closing_voids_what_is_open_and_leaves_no_personal_data() -> None:
    """Final: every command is refused."""
    book = past_due()
    book.do(Close())
    assert (book.state, book.invoices["a1:2"], book.deadline) == ("closed", "void", None)
    assert "owner@example.com" not in book.account.model_dump_json()
    for command in (Cancel(), Reactivate(), SetCarts(carts=1), Enable(), Close()):
        assert refused(book, command) is RefusalCode.ACCOUNT_CLOSED


def test_R13_money_that_comes_for_a_closed_account_is_told_to_operators() -> None:
    """The void found the invoice paid: the timeline says what to give back."""
    book = past_due()
    effects = book.take(Close(), book.now)
    voided = InvoiceVoided(payment_key="a1:2", invoice_id="in_1", invoice=InvoiceState.PAID)
    book.take(voided, book.now)
    assert len(effects) > 0
    last = book.account.timeline[-1]
    assert (last.type, last.amount) == ("account.payment_received", 7500)


# ---------------------------------------------------------------------- R14, R15


def collecting() -> Book:
    """A reactivation whose outcome is not known yet."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    return book


@pytest.mark.parametrize("command", [Cancel(), Disable(reason="x"), Close(), ExtendTerm(days=1)])
def test_R14_what_would_cross_a_payment_is_refused(command: AnyCommand) -> None:
    """payment_in_progress."""
    assert refused(collecting(), command) is RefusalCode.PAYMENT_IN_PROGRESS


def test_R14_a_second_reactivation_joins_the_first() -> None:
    """No second effect, no second payment."""
    book = collecting()
    assert book.take(Reactivate(), book.now) == ()
    assert book.account.payment_count == 2


def test_R11_a_payment_under_way_keeps_its_quote() -> None:
    """Carts changed meanwhile count from the next."""
    book = collecting()
    book.do(SetCarts(carts=9))
    payment = book.account.payment
    assert payment is not None
    book.perform(book.take(Paid(payment_key=payment.key), book.now))
    assert payment.quote.amount_due == 7500
    assert book.account.term is not None
    assert book.account.carts == 9


def test_R14_cancelling_an_unauthenticated_payment_voids_it() -> None:
    """And nothing is tried again."""
    book = waiting()
    book.do(Cancel())
    assert (book.state, book.invoices["a1:2"], book.deadline) == ("disabled", "void", None)


def test_R14_paid_in_the_moment_it_was_called_off_the_term_is_the_payers() -> None:
    """Still disabled, but coming back within the paid term is free."""
    book = waiting()
    book.pay_by_hand()
    book.do(Cancel())
    assert (book.state, book.charged) == ("disabled", [7500, 7500])
    assert book.quote(book.now).amount_due == 0
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R15_hints_never_decide() -> None:
    """In every state: a hint alone changes nothing; an answer about an old payment neither."""
    for book in (Book.open(), cancelled(), past_due(), lapsed(), waiting()):
        before = book.account.model_copy(update={"payment": None})
        book.card = "generic_decline" if book.state == "past_due" else book.card
        book.hint()
        book.take(Paid(payment_key="a1:99"), book.now)
        book.take(InvoiceVoided(payment_key="a1:1", invoice=InvoiceState.PAID), book.now)
        assert book.account.model_copy(update={"payment": None}) == before


def test_R9_a_new_card_found_by_a_hint_is_collected_at_once() -> None:
    """The customer changed it in Stripe's portal; the webhook only made us look."""
    book = past_due().at("2027-03-04T10:00")
    book.card = "good"
    book.hint()
    assert (book.state, book.charged) == ("active", [7500, 7500])


# ---------------------------------------------------------------------- R16, R17


def test_R16_until_when_an_account_has_access_without_a_worker() -> None:
    """term.end when cancelled, plus the retries when it renews, the last retry when past due."""
    assert Book.open().access_until == utc("2027-03-07T10:00")
    assert cancelled().access_until == utc("2027-02-28T10:00")
    assert past_due().access_until == utc("2027-03-07T10:00")
    assert lapsed().access_until is None


def test_R17_every_change_leaves_an_entry_and_the_last_hundred_stay() -> None:
    """Sequence without gaps; every one announced."""
    book = Book.open()
    for carts in range(1, 251):
        book.do(SetCarts(carts=carts + 3))
    account = book.account
    assert account.sequence == 252
    assert [entry.sequence for entry in account.timeline] == list(range(153, 253))
    assert book.announced == list(range(1, 253))


def test_the_record_survives_json_in_every_state() -> None:
    """And an account that is loaded from it goes on in the same way."""
    for book in (Book.open(), cancelled(), past_due(), lapsed(), waiting(), collecting()):
        loaded = Account.model_validate_json(book.account.model_dump_json())
        assert loaded == book.account
        assert deadline_of(loaded) == book.deadline
        assert access_until(loaded) == book.access_until


def test_a_record_of_a_later_version_is_refused() -> None:
    """A worker that is too old must not guess."""
    record = Book.open().account.model_dump(mode="json") | {"version": 2}
    with pytest.raises(ValueError, match="newer than this worker"):
        Account.model_validate(record)


def test_R20_a_sum_beyond_what_stripe_charges_is_refused_before_anything() -> None:
    """At opening, for carts and for the plan."""
    with pytest.raises(Refused) as refusal:
        machine.open_account(opening(carts=10_000, plan=Plan(currency="usd", unit_amount=10_000)), utc("2027-01-01"))
    assert (refusal.value.code, refusal.value.field) == (RefusalCode.INVALID_REQUEST, "carts")
    assert refused(Book.open(plan=Plan(currency="usd", unit_amount=10_000)), SetCarts(carts=10_000)) is (
        RefusalCode.INVALID_REQUEST
    )
    with pytest.raises(Refused):
        machine.open_account(opening(plan=Plan(currency="kwd", unit_amount=1234)), utc("2027-01-01"))


def test_the_states_are_those_of_the_rules() -> None:
    """Six, and the one that nobody sees."""
    assert {state.value for state in AccountState} == {
        "new", "active", "cancelled", "past_due", "disabled", "reactivated", "closed",
    }  # fmt: skip
    assert {reason.value for reason in DisabledReason} == {
        "cancelled", "payment_failed", "first_payment_failed", "operator",
    }  # fmt: skip
