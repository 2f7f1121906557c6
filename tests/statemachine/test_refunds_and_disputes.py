"""R24: refunds and disputes are told; a dispute holds the account where the policy says so."""

import pytest

from reprise.statemachine.commands import Close, Enable, Reactivate
from reprise.statemachine.outcomes import NothingObserved, RefundObserved
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import RefusalCode, Refused
from tests.statemachine.book import Book
from tests.statemachine.standings import entries, lapsed, payment_of


def refund(status: str | None = "succeeded", kind: str = "refund") -> RefundObserved:
    return RefundObserved(
        object_id="re_1" if kind == "refund" else "du_1",
        kind="refund" if kind == "refund" else "dispute",
        ours=True,
        status=status,
        amount=7500,
        currency="usd",
        reason="requested_by_customer",
        payment_key="a1:1",
    )


def clearing_with_a_dispute() -> Book:
    """Lapsed; a debit that would bring the account back is clearing when an older payment is disputed."""
    book = lapsed(policy=BillingPolicy(on_dispute="disable"))
    book.card = "processing"
    book.do(Reactivate())
    book.refunds["du_1"] = refund("needs_response", "dispute")
    book.hint(refund_id="du_1")
    assert (book.state, book.account.disabled_reason, payment_of(book).status) == (
        "disabled",
        "cancelled",
        "processing",
    )
    return book


def test_R24_a_refund_is_told_once_for_each_status_and_changes_nothing() -> None:
    """Webhooks come twice."""
    book = Book.open()
    book.refunds["re_1"] = refund()
    for _ in range(2):
        book.hint(refund_id="re_1")
    assert [(entry.amount, entry.reason) for entry in entries(book.account, "refunded")] == [
        (7500, "succeeded: requested_by_customer")
    ]
    book.refunds["re_1"] = refund("failed")
    book.hint(refund_id="re_1")
    assert len(entries(book.account, "refunded")) == 2
    assert book.state == "active"
    assert book.account.refunds == ("re_1:succeeded", "re_1:failed"), "as records of earlier releases have them"


def test_R24_a_refund_says_of_which_payment_it_is() -> None:
    """By key, invoice and currency; without a reason of Stripe's its status stands alone."""
    book = Book.open()
    book.refunds["re_1"] = refund().model_copy(update={"invoice_id": "in_1", "reason": None})
    book.hint(refund_id="re_1")
    (told,) = entries(book.account, "refunded")
    assert (told.payment_key, told.invoice_id, told.currency, told.reason) == ("a1:1", "in_1", "usd", "succeeded")


def test_R24_the_last_fifty_are_known_to_be_told() -> None:
    """The fifty-first makes the first be told again, if a webhook of it comes so late."""
    book = Book.open()
    for number in range(51):
        book.refunds[f"re_{number}"] = refund().model_copy(update={"object_id": f"re_{number}"})
        book.hint(refund_id=f"re_{number}")
    told = book.account.sequence
    book.hint(refund_id="re_1")
    assert book.account.sequence == told
    book.hint(refund_id="re_0")
    assert book.account.sequence == told + 1


def test_R24_a_refund_of_somebody_elses_payment_is_not_told() -> None:
    """Anyone can name an id."""
    book = Book.open()
    book.refunds["re_1"] = refund().model_copy(update={"ours": False})
    sequence = book.account.sequence
    book.hint(refund_id="re_1")
    assert book.account.sequence == sequence


@pytest.mark.parametrize(
    ("policy", "status", "state"),
    [
        ("tell", "needs_response", "active"),
        ("disable", "needs_response", "disabled"),
        ("disable", "warning_under_review", "disabled"),
        ("disable", "under_review", "disabled"),
        ("disable", None, "active"),
    ],
)
def test_R24_a_dispute_holds_the_account_if_the_policy_says_so(policy: str, status: str | None, state: str) -> None:
    """Like an operator: only `enable` brings it back."""
    book = Book.open(policy=BillingPolicy.model_validate({"on_dispute": policy}))
    book.refunds["du_1"] = refund(status, "dispute")
    book.hint(refund_id="du_1")
    assert (book.state, len(entries(book.account, "disputed"))) == (state, 1)
    if state == "disabled":
        assert book.account.disabled_reason == "operator"
        book.do(Enable())
        book.refunds["du_1"] = refund("lost", "dispute")
        book.hint(refund_id="du_1")
        assert book.state == "reactivated"


def test_R24_a_dispute_holds_the_account_once_the_payment_under_way_is_known() -> None:
    """No command crosses a payment (R14); the hold is made up for, and what was paid stays the account's."""
    book = clearing_with_a_dispute()
    book.settle_debit("a1:2")
    book.hint("a1:2")
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "operator", [7500, 7500])
    with pytest.raises(Refused) as refused:
        book.do(Reactivate())
    assert refused.value.code is RefusalCode.DISABLED_BY_OPERATOR
    book.do(Enable())
    assert (book.state, book.account.hold_owed) == ("reactivated", None)


@pytest.mark.parametrize("ended", ["won", "warning_closed"])
def test_R24_a_dispute_that_ends_meanwhile_holds_nothing(ended: str) -> None:
    """It is told, and the payment brings the account back."""
    book = clearing_with_a_dispute()
    book.refunds["du_1"] = refund(ended, "dispute")
    book.hint(refund_id="du_1")
    book.settle_debit("a1:2")
    book.hint("a1:2")
    assert (book.state, len(entries(book.account, "disputed"))) == ("reactivated", 2)


def test_R24_a_closed_account_owes_no_hold() -> None:
    """Nothing of a dispute stays behind."""
    book = clearing_with_a_dispute()
    book.settle_debit("a1:2", failing="debit_not_authorized")
    book.hint("a1:2")
    assert book.account.disabled_reason == "operator"
    book.do(Close())
    assert (book.state, book.account.hold_owed) == ("closed", None)


def test_R24_what_stripe_does_not_show_changes_nothing() -> None:
    """A refund's id that is none."""
    book = Book.open()
    before = book.account
    assert book.take(NothingObserved(reason="No such refund"), book.now) == ()
    assert book.account == before


def test_R24_a_refund_does_not_lift_the_hold_that_a_dispute_waits_for() -> None:
    """The dispute came while a payment was under way; the hold follows once that is known."""
    book = Book.open(policy=BillingPolicy(on_dispute="disable"))
    book.card = "processing"
    book.at("2027-02-28T10:00")
    seen = {"payment_key": "a1:1", "invoice_id": "in_a1:1", "amount": 7500, "currency": "usd", "ours": True}
    book.refunds["du_1"] = RefundObserved(object_id="du_1", kind="dispute", status="needs_response", **seen)
    book.refunds["re_1"] = RefundObserved(object_id="re_1", kind="refund", status="succeeded", **seen)
    book.hint(refund_id="du_1")
    book.hint(refund_id="re_1")
    assert book.state == "active"
    book.settle_debit("a1:2")
    book.hint()
    assert (book.state, book.account.disabled_reason) == ("disabled", "operator")
    assert book.account.timeline[-1].reason == "disputed: no reason given"


@pytest.mark.parametrize("edition", [1, 2])
def test_R24_a_dispute_holds_the_account_once(edition: int) -> None:
    """Its webhook comes again, of the same status: an operator has brought the account back meanwhile."""
    book = Book.open(edition=edition, policy=BillingPolicy(on_dispute="disable"))
    dispute = refund("needs_response", "dispute")
    book.perform(book.take(dispute, book.now))
    assert (book.state, book.account.disabled_reason) == ("disabled", "operator")
    book.do(Enable())
    before = book.account
    assert book.take(dispute, book.now) == ()
    assert (book.state, book.account) == ("reactivated", before)


def test_R24_a_dispute_of_somebody_elses_payment_holds_nothing() -> None:
    """Nor is it told, or taken for one that was."""
    book = Book.open(policy=BillingPolicy(on_dispute="disable"))
    before = book.account
    dispute = refund("needs_response", "dispute")
    assert book.take(dispute.model_copy(update={"ours": False}), book.now) == ()
    assert book.account == before
    book.take(dispute, book.now)
    assert book.state == "disabled"
