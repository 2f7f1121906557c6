"""R14: commands beside a payment."""

import pytest

from reprise.statemachine.commands import AnyCommand, Cancel, Close, Disable, ExtendTerm, Reactivate
from reprise.statemachine.refusals import RefusalCode
from tests.statemachine.standings import collecting, refusal, waiting


@pytest.mark.parametrize("command", [Cancel(), Disable(reason="x"), Close(), ExtendTerm(days=1)])
def test_R14_what_would_cross_a_payment_is_refused(command: AnyCommand) -> None:
    """payment_in_progress."""
    assert refusal(collecting(), command) is RefusalCode.PAYMENT_IN_PROGRESS


def test_R14_a_second_reactivation_joins_the_first() -> None:
    """No second effect, no second payment."""
    book = collecting()
    assert book.take(Reactivate(), book.now) == ()
    assert book.account.payment_count == 2


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
