"""The chart of an account: every state and every transition (R1-R14, R21, R22), and nothing hand-written beside them.

What the transitions ask is in `guards.py`, what they do in `decisions.py` and `payment_decisions.py`, by the same
names.
"""

from functools import reduce
from operator import or_

from statemachine import State, StateChart
from statemachine.transition_list import TransitionList

from reprise.statemachine.decisions import Decisions


def _in_place(*states: State, **how: str) -> TransitionList:
    """Declare a transition that leaves each of `states` as it is.

    One for each state: an internal transition of a compound state enters its initial child again (3.2.2).
    """
    transitions: TransitionList = reduce(or_, [state.to.itself(internal=True, **how) for state in states])
    return transitions


class AccountChart(StateChart[Decisions]):
    """The states of RULES.md and every transition between them; what drives it is in `driving.py`.

    Strict: an event that the state does not allow is refused, never ignored.
    """

    allow_event_without_transition = False
    catch_errors_as_events = False

    new = State(initial=True)

    class in_service(State.Compound, name="In service"):
        active = State(initial=True)
        cancelled = State()
        past_due = State()
        reactivated = State()

    class out_of_service(State.Compound, name="Out of service"):
        disabled = State(initial=True)
        closed = State(final=True)

    _active, _cancelled = in_service.active, in_service.cancelled
    _past_due, _reactivated = in_service.past_due, in_service.reactivated
    _disabled, _closed = out_of_service.disabled, out_of_service.closed

    _open = (_active, _cancelled, _past_due, _reactivated, _disabled)
    _unpaid = (_active, _past_due, _reactivated, _disabled)

    # R1
    open = (
        new.to(_cancelled, cond=["paid_elsewhere", "cancelled_elsewhere"], on="start_cancelled_elsewhere")
        | new.to(_active, cond="paid_elsewhere", on="start_paid_elsewhere")
        | new.to(_disabled, cond="was_paid_elsewhere", on="start_lapsed")
        | new.to(_active, cond="is_free", on="start_free")
        | new.to(_disabled, on="collect_first_payment")
    )

    # R3
    _may_cancel = ("page_is_current", "no_payment_under_way")
    cancel = (
        _active.to(_disabled, cond="at_once", validators=_may_cancel, on="end_at_once")
        | _reactivated.to(_disabled, cond="at_once", validators=_may_cancel, on="end_at_once")
        | _active.to(_cancelled, validators=_may_cancel, on="cancel_at_term_end")
        | _reactivated.to(_cancelled, validators=_may_cancel, on="cancel_at_term_end")
        | _cancelled.to(_disabled, cond=["at_once", "by_edition_2"], validators="page_is_current", on="end_at_once")
        | _cancelled.to.itself(internal=True, validators="page_is_current")
        | _past_due.to(_disabled, validators=_may_cancel, on="give_up_renewal")
        | _disabled.to.itself(internal=True, cond="payment_under_way", validators=_may_cancel)
        | _disabled.to.itself(
            internal=True, cond="awaiting_authentication", validators="page_is_current", on="cancel_open_payment"
        )
        | _disabled.to.itself(
            internal=True, cond="first_payment_stopped", validators="page_is_current", on="cancel_open_payment"
        )
    )

    # R4, R6, R14
    _may_return = ("not_held_by_operator", "quote_holds")
    reactivate = (
        _cancelled.to(_active, cond="was_active", validators="quote_holds", on="resume")
        | _cancelled.to(_reactivated, validators="quote_holds", on="resume")
        | _disabled.to.itself(internal=True, cond="payment_is_processing", validators=_may_return, on="join_clearing")
        | _disabled.to.itself(internal=True, cond="payment_under_way", validators=_may_return)
        | _disabled.to.itself(
            internal=True, cond="awaiting_authentication", validators=_may_return, on="retrieve_invoice"
        )
        | _disabled.to(_reactivated, unless="term_is_over", validators=_may_return, on="return_within_term")
        | _disabled.to(_reactivated, cond="is_free", validators=_may_return, on="return_free")
        | _disabled.to.itself(internal=True, validators=_may_return, on="collect_upfront_payment")
    )

    # R11, R13: taken in any state but closed
    set_carts = _in_place(*_open, validators="sum_can_be_charged", on="change_carts")
    change_plan = _in_place(*_open, validators="sum_can_be_charged", on="change_price")
    set_payment_method = _in_place(*_open, on="change_payment_method")
    set_email = _in_place(*_open, on="change_email")

    # R13
    disable = in_service.to(_disabled, validators="no_payment_under_way", on="hold") | _disabled.to.itself(
        internal=True, validators="no_payment_under_way", on="hold"
    )
    enable = (
        _disabled.to.itself(internal=True, cond="was_out_of_service", on="lift_hold")
        | _disabled.to(
            _active,
            cond=["by_edition_2", "was_past_due", "term_is_over", "renewal_can_be_taken_up", "renewal_is_free"],
            validators="no_payment_under_way",
            on="take_free_renewal_up",
        )
        | _disabled.to(
            _past_due,
            cond=["by_edition_2", "was_past_due", "term_is_over", "renewal_can_be_taken_up"],
            validators="no_payment_under_way",
            on="take_renewal_up",
        )
        | _disabled.to(_cancelled, cond="was_cancelled", unless="term_is_over", on="take_up_again")
        | _disabled.to(_reactivated, unless="term_is_over", validators="no_payment_open", on="take_up_again")
        | _disabled.to.itself(internal=True, cond="held_by_operator", on="lift_hold")
    )
    extend_term = _past_due.to(
        _active, cond="by_edition_2", validators="no_payment_under_way", on="extend_past_due"
    ) | _in_place(*_open, validators="no_payment_open", on="extend")
    close = in_service.to(_closed, validators="no_payment_under_way", on="end_for_good") | _disabled.to(
        _closed, validators="no_payment_under_way", on="end_for_good"
    )

    # R5
    term_ended = (
        _cancelled.to(_disabled, on="run_out")
        | _active.to.itself(internal=True, cond="is_free", on="renew_free")
        | _reactivated.to(_active, cond="is_free", on="renew_free")
        | _active.to.itself(internal=True, on="collect_renewal")
        | _reactivated.to.itself(internal=True, on="collect_renewal")
    )

    # R9, R10, R15, R21
    payment_due = (
        _in_place(*_unpaid, cond="payment_is_processing", on="retrieve_invoice")
        | _past_due.to.itself(
            internal=True, cond=["card_is_not_asked_again", "retries_are_over"], on="wait_for_another_card"
        )
        | _past_due.to.itself(internal=True, on="collect_again")
        | _disabled.to.itself(internal=True, cond="authentication_is_late", on="void_invoice")
        | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="retrieve_invoice")
        | _disabled.to.itself(internal=True, cond="first_payment_stopped", on="collect_again")
    )
    payment_hint = (
        _in_place(*_unpaid, cond="payment_is_processing", on="retrieve_invoice")
        | _past_due.to.itself(internal=True, unless="payment_under_way", on="retrieve_invoice")
        | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="retrieve_invoice")
    )
    payment_method_replaced = (
        _past_due.to.itself(internal=True, unless="payment_under_way", on="collect_again")
        | _disabled.to.itself(internal=True, cond="awaiting_authentication", on="collect_again")
        | _disabled.to.itself(internal=True, cond="first_payment_stopped", on="collect_again")
    )
    authentication_expired = _disabled.to.itself(internal=True, on="expire")
    invoice_lost = _disabled.to.itself(
        internal=True, cond="awaiting_authentication", on="lose_invoice"
    ) | _past_due.to.itself(internal=True, unless="payment_under_way", on="lose_renewal_invoice")
    retries_ended = _past_due.to(_disabled, on="end_past_due")

    # R8: how an attempt to collect turned out
    payment_paid = (
        _disabled.to.itself(internal=True, cond="payment_only_buys_a_term", on="keep_paid_term")
        | _disabled.to(_reactivated, cond="is_reactivation", on="enter_paid_term")
        | _disabled.to(_active, on="enter_paid_term")
        | _active.to.itself(internal=True, on="enter_paid_term")
        | _reactivated.to(_active, on="enter_paid_term")
        | _past_due.to(_active, on="enter_paid_term")
    )
    payment_processing = _in_place(*_unpaid, on="await_clearing")
    payment_declined = (
        _disabled.to.itself(internal=True, on="stay_out")
        | _active.to(_past_due, on="retry_later")
        | _reactivated.to(_past_due, on="retry_later")
        | _past_due.to.itself(internal=True, cond="retries_left", on="retry_later")
        | _past_due.to(_disabled, on="fail_renewal")
    )
    payment_needs_action = (
        _disabled.to.itself(internal=True, on="await_authentication")
        | _active.to(_past_due, on="retry_later")
        | _reactivated.to(_past_due, on="retry_later")
        | _past_due.to.itself(internal=True, cond="retries_left", on="retry_later")
        | _past_due.to(_disabled, on="fail_renewal")
    )
    payment_stopped = (
        _disabled.to.itself(internal=True, on="stay_out")
        | _active.to(_past_due, on="retry_after_mend")
        | _reactivated.to(_past_due, on="retry_after_mend")
        | _past_due.to.itself(internal=True, cond="may_still_be_mended", on="retry_after_mend")
        | _past_due.to(_disabled, on="fail_renewal")
    )

    # R22: an invoice was paid that nobody waited for
    money_received = (
        _past_due.to(_active, cond="pays_the_renewal", on="renew_with")
        | _disabled.to.itself(internal=True, on="keep_money")
        | _in_place(_active, _cancelled, _past_due, _reactivated, on="note_refund_due")
    )

    # Short names for this declaration only: the chart would take them for the states' ids.
    del _active, _cancelled, _past_due, _reactivated, _disabled, _closed, _open, _unpaid, _may_cancel, _may_return
