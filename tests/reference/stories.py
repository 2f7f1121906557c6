"""Deeds that often happen in a row, so that random lives get far, and into trouble."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.reference.deeds import CARDS, Deed

_BAD = ("insufficient_funds", "generic_decline", "authentication", "none", "lost_card", "debit")

# ---------------------------------------------------------------------- what people and their cards do

_term_ends = Deed("to_deadline", timedelta(0))
_days, _a_day = Deed("time_passes", timedelta(days=3)), Deed("time_passes", timedelta(days=1, hours=7))
_answer, _quote, _enable, _disable = Deed("answer", "as it is"), Deed("quote"), Deed("enable"), Deed("disable")
_cancel, _stop, _close = Deed("cancel", "term_end"), Deed("cancel", "now"), Deed("close")
_press, _pay = Deed("reactivate"), Deed("reactivate", "quoted")
_turns_bad, _takes_another = Deed("card_turns", "a bad card"), Deed("set_payment_method", "any card")
_fails = (_turns_bad, _term_ends)
_lapses = (_cancel, _term_ends, _days)
_comes_back = (Deed("set_payment_method", "good"), _enable, _pay, _answer)
_must_authenticate = (Deed("set_payment_method", "authentication"), _press, _answer)
_pays_by_debit = (Deed("set_payment_method", "debit"), _pay, _answer)
_goodwill, _gift = Deed("extend_term", 30), Deed("extend_term", 7)

# ---------------------------------------------------------------------- what happens at Stripe

_hint, _hint_of_it, _hint_of_old = Deed("hint"), Deed("hint", "latest"), Deed("hint", "oldest")
_pays_by_hand, _pays_by_hand_by_debit = Deed("pay_by_hand", "latest"), Deed("pay_by_hand", "latest by debit")
_pays_old_by_debit = Deed("pay_by_hand", "oldest by debit")
_settles, _bounces = Deed("debit", "settles"), Deed("debit", "debit_not_authorized")
_key_is_wrong, _key_is_right = Deed("key", "wrong"), Deed("key", "right")
_voids_refused, _voids_taken = Deed("voids", "refused"), Deed("voids", "taken")
_voided_by_hand = (Deed("void_by_hand", "latest"), _hint)
_pays_late = (Deed("time_passes", timedelta(hours=5)), Deed("pay_by_hand", "oldest"), _hint_of_old)
_pays_late_by_debit = (_pays_old_by_debit, _voids_taken, _pay)
_found = (Deed("bill_by_hand", "no term"), Deed("hint", "unknown"))
_all_is_well = (_key_is_right, _voids_taken, *_comes_back)
_given_up = (*_fails, _voids_refused, _stop)
_a_day_silent = Deed("no_answer", timedelta(days=1, hours=1))
_worker_away, _stripe_away = Deed("no_worker", timedelta(days=35)), Deed("no_answer", timedelta(days=75))


def _told(before: tuple[Deed, ...], story: tuple[Deed, ...], card: str, bad: str) -> tuple[Deed, ...]:
    cards = {"any card": card, "a bad card": bad}
    return tuple(deed._replace(value=cards.get(str(deed.value), deed.value)) for deed in (*before, *story))


def _any_of(*stories: tuple[Deed, ...], often_after: tuple[Deed, ...] = ()) -> st.SearchStrategy[tuple[Deed, ...]]:
    before = st.sampled_from([(), often_after, often_after])
    return st.builds(_told, before, st.sampled_from(stories), st.sampled_from(CARDS), st.sampled_from(_BAD))


ordinary = _any_of(
    _comes_back,
    _comes_back,
    _fails,
    (*_fails, _cancel),
    (*_fails, _takes_another),
    (*_fails, Deed("portal_card", "any card"), _hint),
    (*_fails, *[_term_ends] * 5),
    (*_fails, Deed("answer_again", 1), Deed("answer_again", 2)),
    (*_fails, Deed("no_worker", timedelta(days=2)), _stop, _answer),
    (*_fails, _disable, _enable),
    (*_fails, _stop, Deed("change_plan", ("jpy", 500)), _quote),
    (_turns_bad, _worker_away, _answer),
    (_turns_bad, _worker_away, _stripe_away, _answer),
    (*_fails, _stop, _goodwill, *_comes_back, _term_ends),
    (Deed("card_turns", "stopped"), _term_ends, Deed("time_passes", timedelta(hours=5)), *_comes_back),
    _lapses,
    (*_lapses, _pay, _answer),
    (*_lapses, _takes_another, _pay),
    (*_lapses, *_must_authenticate),
    (*_lapses, *_must_authenticate, _stop),
    (*_lapses, *_must_authenticate, _pays_by_hand, _stop, _quote),
    (*_lapses, *_must_authenticate, _pays_by_hand, _hint),
    (_stop, Deed("time_passes", timedelta(days=5)), _pay),
    (_cancel, Deed("set_carts", 5), _pay),
    (_cancel, _disable, _enable),
    (_disable, _goodwill, _enable),
    (*_lapses, *_pays_by_debit, _press, _a_day, _settles, _hint),
    (*_lapses, *_pays_by_debit, _a_day, _bounces, _hint),
    (_pays_by_debit[0], _term_ends, _a_day, _settles, _a_day),
    (*_fails, *_voided_by_hand, _term_ends),
    (*_fails, _gift, _term_ends),
    (*_fails, _disable, _goodwill, _enable, _term_ends),
)
"""What people do, and their cards."""

troubled = _any_of(
    (*_fails, _key_is_wrong, _stop, *_pays_late, _key_is_right, _term_ends),
    (*_given_up, _goodwill, *_comes_back, *_pays_late),
    (*_fails, _voids_refused, _gift, *_pays_late, _voids_taken, _term_ends),
    (*_fails, _voids_refused, _disable, _enable, *_pays_late, _term_ends),
    (*_fails, _voids_refused, *[_term_ends] * 5, *_pays_late, _voids_taken, _term_ends),
    (*_fails, _voids_refused, *[_term_ends] * 5, _pays_by_hand_by_debit, _hint_of_it, _settles, _hint_of_it),
    (*_fails, _voids_refused, *[_term_ends] * 5, _disable, *_pays_late, *_comes_back),
    (*_fails, _voids_refused, _close, *_pays_late, _voids_taken, _term_ends),
    (*_fails, _key_is_wrong, _close, _term_ends, _key_is_right, *[_term_ends] * 3),
    (*_fails, _key_is_wrong, _close, *[Deed("time_passes", timedelta(days=11))] * 3, _key_is_right, _term_ends),
    (*_fails, _voids_refused, _disable, _pays_by_hand_by_debit, _voids_taken, _term_ends),
    (*_fails, _voids_refused, _disable, _enable, _pays_old_by_debit, _term_ends, _bounces),
    (*_fails, _pays_by_hand_by_debit, _hint, _a_day, _settles, *[_term_ends] * 4),
    (*_fails, _pays_by_hand_by_debit, _stop, _press, _settles, _hint),
    (*_fails, _pays_by_hand, _gift, _term_ends),
    (*_given_up, *_pays_late_by_debit, _answer, _settles, _hint),
    (*_given_up, _pays_old_by_debit, _hint_of_it, _settles, _hint_of_it),
    (*_given_up, _press, _answer, *_pays_late),
    (*_given_up, *_pays_late_by_debit, _turns_bad, _answer, _bounces, _term_ends),
    (*_fails, Deed("bill_by_hand", "the renewal"), Deed("portal_card", "any card"), Deed("hint", "unknown")),
    (*_fails, Deed("bill_by_hand", "the renewal"), Deed("card_turns", "good"), _term_ends, _answer),
    (Deed("bill_by_hand", "another term"), _term_ends, _answer),
    (*_fails, _disable, Deed("set_carts", 0), _enable, _term_ends),
    (*_fails, _disable, Deed("no_worker", timedelta(days=75)), _enable, _pay),
    (*_fails, _stop, *_lapses, *_fails, _stop, _quote, *_comes_back),
    (Deed("delete_customer"), _term_ends, *_comes_back),
    (Deed("balance", 2_000), _term_ends, _answer),
    (Deed("balance", -2_000), _term_ends, _a_day, Deed("balance", 0), _term_ends),
    (_key_is_wrong, _term_ends, *[Deed("time_passes", timedelta(hours=23))] * 3, _key_is_right, _term_ends),
    (*_lapses, _press, Deed("answer", "lost"), _key_is_wrong, _answer, _key_is_right),
    (_worker_away, _a_day_silent, Deed("answer", "not known"), _a_day_silent, Deed("answer", "lost"), _answer),
    (*_lapses, _turns_bad, _voids_refused, _press, _answer, _disable, *_pays_late),
    (*_lapses, *_must_authenticate, *_voided_by_hand),
    (*_lapses, *_must_authenticate, Deed("time_passes", timedelta(hours=5)), *_must_authenticate, *[_term_ends] * 6),
    (*_lapses, *_must_authenticate, *_found, _pays_by_hand),
    (*_must_authenticate, *_voided_by_hand),
    (Deed("card_turns", "authentication"), _term_ends, *_voided_by_hand, _term_ends),
    (Deed("refund", ("dispute", "du_1", "needs_response")), _enable),
    (*_fails, Deed("refund", ("dispute", "du_2", "needs_response")), _enable, _term_ends),
    (Deed("set_carts", 0), _press, Deed("time_passes", timedelta(hours=2))),
    (Deed("card_turns", "stopped"), *_lapses, _press, _answer, *_found, _press),
    (Deed("card_turns", "lost_card"), _term_ends, _key_is_wrong, _term_ends, _term_ends, _key_is_right, _term_ends),
    (*_fails, *[_term_ends] * 3, Deed("card_turns", "stopped"), _term_ends, _a_day, _turns_bad, *[_term_ends] * 2),
    often_after=_all_is_well,
)
"""What Stripe's own ways lead to, and people's in its dashboard."""
