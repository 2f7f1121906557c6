"""R9: retries of a renewal, what the bank says of the card, and faults of ours (E19)."""

import pytest

from reprise.statemachine import editions
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.outcomes import Declined, InvoiceObserved, InvoiceState, NoPaymentMethod, RequiresAction
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import collecting_the_renewal, due, past_due, payment_of


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
    assert book.account.timeline[-1].reason == "payment_failed"
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


def first_tried_at(moment: str) -> Book:
    """No worker from the renewal of 28 February on, until then; the card fails."""
    book = Book.open()
    book.card = "generic_decline"
    deadline = book.deadline
    assert deadline is not None
    book.now = utc(moment)
    book.perform(book.take(deadline, book.now))
    return book


def test_R9_a_late_first_try_does_not_cost_retries() -> None:
    """No worker for ten days: the four retries follow the first try."""
    book = first_tried_at("2027-03-10T10:00")
    assert book.state == "past_due"
    assert book.account.payment is not None
    assert book.account.payment.next_attempt_at == utc("2027-03-11T10:00")
    assert book.at("2027-03-17T10:00").state == "disabled"


def test_R9_a_first_try_that_is_hours_late_moves_no_retry() -> None:
    """No worker for an hour less than the first retry's day: the days count from the end of the term."""
    book = first_tried_at("2027-03-01T09:00")
    assert payment_of(book).next_attempt_at == utc("2027-03-01T10:00")


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


def test_R9_a_new_card_found_by_a_hint_is_collected_at_once() -> None:
    """The customer changed it in Stripe's portal; the webhook only made us look."""
    book = past_due().at("2027-03-04T10:00")
    book.card = "good"
    book.hint()
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_R9_hints_without_a_new_card_make_no_attempt() -> None:
    """`customer.updated` comes for any change of the customer."""
    book = past_due("stopped")
    attempts = list(book.attempts)
    book.hint()
    book.hint("a1:2")
    assert book.attempts == attempts


@pytest.mark.parametrize(
    "card",
    [
        *("card_not_supported", "expired_card", "incorrect_number", "invalid_account", "invalid_number", "lost_card"),
        *("new_account_information_available", "pickup_card", "revocation_of_all_authorizations"),
        *("revocation_of_authorization", "stolen_card", "stop_payment_order", "transaction_not_allowed"),
        "generic_decline/do_not_try_again",
        "insufficient_funds/confirm_card_data",
    ],
)
def test_E19_a_card_that_cannot_get_better_is_not_asked_again(card: str) -> None:
    """No try until another card comes; else disabled at the last retry's instant."""
    book = past_due(card)
    assert book.at("2027-03-07T09:59:59").attempts == [("a1:1", 1), ("a1:2", 1)]
    assert book.access_until == utc("2027-03-07T10:00")
    book.at("2027-03-07T10:00")
    assert (book.state, book.account.disabled_reason, book.invoices["a1:2"]) == ("disabled", "payment_failed", "void")
    assert len(book.attempts) == 2


@pytest.mark.parametrize("card", ["generic_decline/try_again_later", "lost_card/try_again_later", "insufficient_funds"])
def test_R9_a_card_that_may_get_better_is_asked_on_each_day_of_the_schedule(card: str) -> None:
    """The bank's advice goes before the code."""
    book = past_due(card).at("2027-03-07T10:00")
    assert [attempt for key, attempt in book.attempts if key == "a1:2"] == [1, 2, 3, 4, 5]
    assert book.state == "disabled"


def test_E19_a_new_card_pays_at_once() -> None:
    """On 4 March."""
    book = past_due("lost_card").at("2027-03-04T08:00")
    book.replace_card("good")
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_E19_a_new_card_whose_webhook_was_lost_is_seen_at_the_last_retry() -> None:
    """Before the account is disabled, one look."""
    book = past_due("lost_card").at("2027-03-04T08:00")
    book.card = "good"
    book.at("2027-03-07T10:00")
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_R9_a_last_look_that_stripe_refuses_is_made_again_and_ends() -> None:
    """Hourly, for the days that a fault of ours may take."""
    book = past_due("lost_card")
    book.key_is_wrong = True
    book.at("2027-03-21T09:30")
    assert book.state == "past_due"
    book.at("2027-03-21T10:00")
    assert book.state == "disabled"


@pytest.mark.parametrize(
    "failed",
    [
        Declined(payment_key="a1:2", code="generic_decline"),
        NoPaymentMethod(payment_key="a1:2"),
        RequiresAction(payment_key="a1:2", url="https://pay.example.com/in"),
    ],
    ids=lambda failed: failed.kind,
)
def test_R9_stripe_away_for_all_of_the_retries_does_not_cost_them(failed: Declined) -> None:
    """The first try's answer comes after nine days: past due, and the four retries follow it."""
    book = collecting_the_renewal()
    book.card, book.now = "generic_decline", utc("2027-03-09T12:00")
    book.perform(book.take(failed, book.now))
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.next_attempt_at) == ("past_due", utc("2027-03-10T12:00"))
    assert book.access_until == utc("2027-03-16T12:00")
    assert book.at("2027-03-16T11:59:59").state == "past_due"
    assert book.at("2027-03-16T12:00").state == "disabled"


@pytest.mark.parametrize(
    ("edition", "invoice", "asked"),
    [
        (editions.FIRST, InvoiceState.OPEN, 2),
        (editions.FIRST, InvoiceState.VOID, 1),
        (editions.SECOND, InvoiceState.OPEN, 2),
        (editions.SECOND, InvoiceState.VOID, 2),
    ],
)
def test_R9_a_new_card_that_a_look_finds_is_asked(edition: int, invoice: InvoiceState, asked: int) -> None:
    """By the second edition also where somebody has voided the invoice: the next attempt makes another (R8)."""
    book = Book.open(edition=edition).at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    book.at("2027-02-28T10:00")
    book.card = "good"
    look = InvoiceObserved(payment_key="a1:2", invoice=invoice, payment_method="pm_another")
    book.perform(book.take(look, book.now))
    assert len([key for key, _ in book.attempts if key == "a1:2"]) == asked


def test_R9_another_card_pays_at_once_also_where_the_link_was_voided() -> None:
    """Seen by the same look."""
    book = past_due("authentication").at("2027-03-02T09:00")
    book.invoices["a1:2"], book.card = "void", "good"
    book.hint("a1:2")
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_R9_a_card_that_is_not_asked_again_is_looked_past_at_the_last_retry_alone() -> None:
    """At the third of four, nothing is looked for; at the fourth, whether there is another card."""
    book = Book.open()
    book.card = "generic_decline/do_not_try_again"
    book.at("2027-02-28T10:00")
    assert (due(book), book.state) == ("payment retry 4 of 4: the bank refuses this card", "past_due")
    deadline = deadline_of(book.account)
    assert deadline is not None
    assert deadline.at == utc("2027-03-07T10:00")


def test_R28_R9_by_edition_1_a_fault_of_ours_is_tried_for_ever() -> None:
    """Its policy had no days for that; by edition 2, three weeks are the end."""
    for edition, state in ((editions.FIRST, "past_due"), (editions.SECOND, "disabled")):
        book = Book.open(edition=edition)
        book.card = "stopped"
        book.at("2027-02-28T10:00").at("2027-04-20T10:00")
        assert book.state == state


def test_R9_a_new_card_is_tried_on_a_renewal_that_our_fault_has_stopped_since() -> None:
    """A card was asked before: that there is another one is news. Where none was ever asked, it is none."""
    book = Book.open()
    book.card = "generic_decline"
    book.at("2027-02-28T10:00")
    book.card = "stopped"
    book.at("2027-03-01T10:00")
    assert (payment_of(book).stopped_since, payment_of(book).payment_method) == (book.now, "pm_generic_decline")
    book.card = "good"
    book.hint()
    assert book.state == "active"
    never = Book.open()
    never.card = "stopped"
    never.at("2027-02-28T10:00")
    never.card = "good"
    never.hint()
    assert never.state == "past_due"
