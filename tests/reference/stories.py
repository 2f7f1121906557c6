"""Deeds that often happen in a row, so that random lives get far, and into trouble."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.reference.deeds import CARDS, Deed

BAD = (
    "insufficient_funds", "lost_card/try_again_later", "authentication", "none", "lost_card", "debit",
    "generic_decline/do_not_try_again", "generic_decline",
)  # fmt: skip

# ---------------------------------------------------------------------- what people and their cards do

_term_ends = Deed("to_deadline", timedelta(0))
_days, _a_day = Deed("time_passes", timedelta(days=3)), Deed("time_passes", timedelta(days=1, hours=7))
_answer, _quote, _enable, _disable = Deed("answer", "as it is"), Deed("quote"), Deed("enable"), Deed("disable")
_cancel, _stop, _close = Deed("cancel", "term_end"), Deed("cancel", "now"), Deed("close")
_press, _pay = Deed("reactivate"), Deed("reactivate", "quoted")
_turns_bad, _takes_another = Deed("card_turns", "a bad card"), Deed("set_payment_method", "any card")
FAILS = (_turns_bad, _term_ends)
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
_dispute_is_lost = (Deed("refund", ("dispute", "du_1", "under_review")), Deed("refund", ("dispute", "du_1", "lost")))
_found = (Deed("bill_by_hand", "no term"), Deed("hint", "unknown"))
ALL_ANSWERED = Deed("time_passes", timedelta(0))
ALL_IS_WELL = (_key_is_right, _voids_taken, ALL_ANSWERED, *_comes_back, ALL_ANSWERED)
_given_up = (*FAILS, _voids_refused, _stop)
_a_day_silent = Deed("no_answer", timedelta(days=1, hours=1))
_worker_away, _stripe_away = Deed("no_worker", timedelta(days=35)), Deed("no_answer", timedelta(days=75))


ORDINARY = (
    _comes_back,
    _comes_back,
    FAILS,
    (*FAILS, _cancel),
    (*FAILS, _takes_another),
    (*FAILS, Deed("portal_card", "any card"), _hint),
    (*FAILS, *[_term_ends] * 5),
    (*FAILS, Deed("answer_again", 1), Deed("answer_again", 2)),
    (*FAILS, Deed("no_worker", timedelta(days=2)), _stop, _answer),
    (*FAILS, _disable, _enable),
    (*FAILS, _stop, Deed("change_plan", ("jpy", 500)), _quote),
    (_turns_bad, _worker_away, _answer),
    (_turns_bad, _worker_away, _stripe_away, _answer),
    (*FAILS, _stop, _goodwill, *_comes_back, _term_ends),
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
    (*FAILS, *_voided_by_hand, _term_ends),
    (*FAILS, _gift, _term_ends),
    (*FAILS, _disable, _goodwill, _enable, _term_ends),
)
"""What people do, and their cards."""

TROUBLED = (
    (*FAILS, _key_is_wrong, _stop, *_pays_late, _key_is_right, _term_ends),
    (*_given_up, _goodwill, *_comes_back, *_pays_late),
    (*FAILS, _voids_refused, _gift, *_pays_late, _voids_taken, _term_ends),
    (*FAILS, _voids_refused, _disable, _enable, *_pays_late, _term_ends),
    (*FAILS, _voids_refused, *[_term_ends] * 5, *_pays_late, _voids_taken, _term_ends),
    (
        *FAILS,
        _voids_refused,
        *[_term_ends] * 5,
        _pays_by_hand_by_debit,
        _hint_of_it,
        ALL_ANSWERED,
        _settles,
        _hint_of_it,
    ),
    (*FAILS, _voids_refused, *[_term_ends] * 5, _disable, *_pays_late, *_comes_back),
    (*FAILS, _voids_refused, _close, *_pays_late, _voids_taken, _term_ends),
    (*FAILS, _key_is_wrong, _close, _term_ends, _key_is_right, *[_term_ends] * 3),
    (*FAILS, _key_is_wrong, _close, *[Deed("time_passes", timedelta(days=11))] * 3, _key_is_right, _term_ends),
    (*FAILS, _voids_refused, _disable, _pays_by_hand_by_debit, _voids_taken, _term_ends),
    (*FAILS, _voids_refused, _disable, _enable, _pays_old_by_debit, _term_ends, _bounces),
    (*FAILS, _pays_by_hand_by_debit, _hint, ALL_ANSWERED, _a_day, _settles, *[_term_ends] * 4),
    (*FAILS, _pays_by_hand_by_debit, _stop, _press, _settles, _hint),
    (*FAILS, _pays_by_hand, _gift, _term_ends),
    (*FAILS, _pays_by_hand_by_debit, _gift, ALL_ANSWERED, _hint, ALL_ANSWERED, _settles, *[_term_ends] * 3),
    (*FAILS, _pays_by_hand_by_debit, _gift, ALL_ANSWERED, _bounces, *[_term_ends] * 3),
    (*_given_up, *_pays_late_by_debit, _answer, _settles, _hint),
    (*_given_up, _pays_old_by_debit, _hint_of_it, ALL_ANSWERED, _settles, _hint_of_it),
    (*_given_up, _press, _answer, *_pays_late),
    (*_given_up, *_pays_late_by_debit, _turns_bad, _answer, _bounces, _term_ends),
    (*FAILS, Deed("bill_by_hand", "the renewal"), Deed("portal_card", "any card"), Deed("hint", "unknown")),
    (*FAILS, Deed("bill_by_hand", "the renewal"), Deed("card_turns", "good"), _term_ends, _answer),
    (Deed("bill_by_hand", "another term"), _term_ends, _answer),
    (*FAILS, _disable, Deed("set_carts", 0), _enable, _term_ends),
    (*FAILS, _disable, Deed("no_worker", timedelta(days=75)), _enable, _pay),
    (*FAILS, _stop, *_lapses, *FAILS, _stop, _quote, *_comes_back),
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
    (*FAILS, Deed("refund", ("dispute", "du_2", "needs_response")), _enable, _term_ends),
    (*_lapses, *_pays_by_debit, Deed("refund", ("dispute", "du_1", "needs_response")), _settles, _hint, _enable),
    (*_lapses, *_pays_by_debit, *_dispute_is_lost, _settles, _hint, _press),
    (Deed("delete_customer", "told"), *_comes_back, _term_ends),
    (Deed("set_carts", 0), _press, Deed("time_passes", timedelta(hours=2))),
    (Deed("card_turns", "stopped"), *_lapses, _press, _answer, *_found, _press),
    (Deed("card_turns", "lost_card"), _term_ends, _key_is_wrong, _term_ends, _term_ends, _key_is_right, _term_ends),
    (*FAILS, *[_term_ends] * 3, Deed("card_turns", "stopped"), _term_ends, _a_day, _turns_bad, *[_term_ends] * 2),
)
"""What Stripe's own ways lead to, and people's in its dashboard."""

FIRST = (
    (*_found, ALL_ANSWERED, _press, *[_term_ends] * 2),
    (Deed("set_carts", 0), _press, _term_ends),
    tuple(Deed("time_passes", timedelta(hours=20)) for _ in range(4)),
    (_stop, _press, Deed("card_turns", "good"), ALL_ANSWERED),
    (_term_ends, _disable, _enable, _press, ALL_ANSWERED),
    (_term_ends, _close, *_found),
    (_term_ends, _takes_another, ALL_ANSWERED, _term_ends),
    (Deed("card_turns", "a bad card"), _term_ends, ALL_ANSWERED, *_comes_back, _term_ends),
)
"""What happens while a first payment stops for our fault, and is tried hourly."""


def told(story: tuple[Deed, ...], card: str, bad: str) -> tuple[Deed, ...]:
    """Return a story with any card, and with one that is bad."""
    cards = {"any card": card, "a bad card": bad}
    return tuple(deed._replace(value=cards.get(str(deed.value), deed.value)) for deed in story)


def _any_of(*stories: tuple[Deed, ...]) -> st.SearchStrategy[tuple[Deed, ...]]:
    return st.builds(told, st.sampled_from(stories), st.sampled_from(CARDS), st.sampled_from(BAD))


ordinary = _any_of(*ORDINARY)
troubled = _any_of(*TROUBLED, *[(*ALL_IS_WELL, *story) for story in TROUBLED for _ in range(2)])
