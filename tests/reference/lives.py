"""Random lives: how an account opens, and what people, time and Stripe do to it, in any order.

Deeds are plain values and make sense in every state, so that a life can be lived by the core, by the workflow on real
servers, and by the reference.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

CARDS = (
    "good", "good", "good", "good", "none", "authentication", "insufficient_funds", "generic_decline", "refused",
    "debit", "lost_card", "generic_decline/do_not_try_again", "lost_card/try_again_later",
)  # fmt: skip
"""What a payment method does when it is charged; `refused` cannot even be attached, a `debit` takes days (R21).

Behind a slash is what the bank advises (R9).
"""

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Havana", "America/Santiago", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Chatham",
)  # fmt: skip
"""Without daylight saving, and with gaps of half an hour, one and two, also at midnight and around Ramadan."""

ANCHORS = (
    datetime(2027, 1, 31, 10, tzinfo=UTC),
    datetime(2028, 2, 29, tzinfo=UTC),
    datetime(2027, 2, 28, 1, 30, tzinfo=UTC),  # a month later, 02:30 does not exist in Berlin
    datetime(2027, 8, 31, 0, 30, tzinfo=UTC),  # two months later, 02:30 happens twice there
    datetime(2027, 2, 14, 7, 30, tzinfo=UTC),  # a month later, 02:30 does not exist in New York
    datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2027, 5, 30, 15, 30, tzinfo=UTC),
)

PLANS = (("usd", 2500), ("usd", 2500), ("jpy", 500), ("kwd", 1230), ("eur", 0), ("usd", 60_000))
FORBIDDEN_PLANS = (("kwd", 1235), ("usd", 99_999_999), ("usd", 12), ("isk", 150), ("ugx", 20_050))
"""Not all of them for every number of carts."""

RETRY_DAYS: tuple[tuple[int, ...], ...] = (
    (1, 3, 5, 7),
    (1, 3, 5, 7),
    (2,),
    (1, 30),
    (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    (60,),
)


class Opening(NamedTuple):
    """How an account opens. `paid_through` counts from then."""

    at: datetime
    zone: str
    card: str
    carts: int
    plan: tuple[str, int]
    retry_days: tuple[int, ...]
    debt: str
    paid_through: timedelta | None
    stopped_days: int = 14
    on_dispute: str = "tell"
    email: str = "owner@example.com"
    elsewhere: str | None = None


class Deed(NamedTuple):
    """One thing that happens."""

    what: str
    value: Any = None


instants = st.one_of(
    st.sampled_from(ANCHORS),
    st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)).map(  # noqa: DTZ001 - made UTC here
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
)

openings = st.builds(
    Opening,
    at=instants,
    zone=st.sampled_from(ZONES),
    card=st.sampled_from([*CARDS, *["good"] * 8]),
    carts=st.sampled_from([3, 1, 2, 5, 0, 3, 4]),
    plan=st.sampled_from(PLANS),
    retry_days=st.sampled_from(RETRY_DAYS),
    debt=st.sampled_from(["void", "collect"]),
    paid_through=st.sampled_from(
        [None, None, None, timedelta(days=-40), timedelta(0), timedelta(seconds=1), timedelta(days=20, hours=5)]
    ),
    stopped_days=st.sampled_from([14, 1, 2]),
    on_dispute=st.sampled_from(["tell", "disable"]),
    email=st.sampled_from([*["owner@example.com"] * 9, "refused@example.com"]),
    elsewhere=st.sampled_from([*[None] * 5, "anchor", "another anchor", "cancelled", "opened later"]),
)

by_users = st.one_of(
    st.sampled_from([Deed("cancel", "term_end"), Deed("cancel", "now")]),
    st.just(Deed("quote")),
    st.sampled_from([Deed("reactivate"), Deed("reactivate", "quoted"), Deed("reactivate", "another amount")]),
    st.builds(Deed, st.just("set_carts"), st.sampled_from([0, 1, 2, 3, 7, 10_000])),
    st.builds(Deed, st.just("set_payment_method"), st.sampled_from(CARDS)),
)

_as_seen = st.sampled_from([None, "so", "so", "otherwise"])
by_pages = st.one_of(
    st.builds(Deed, st.just("cancel_as_seen"), st.tuples(st.sampled_from(["term_end", "now"]), _as_seen, _as_seen)),
    st.builds(
        Deed,
        st.just("set_email"),
        st.sampled_from(["owner@example.com", "another@example.com", "refused@example.com"]),
    ),
)
"""What billing users ask since the second edition."""

by_operators = st.one_of(
    st.sampled_from([Deed("disable"), Deed("enable")] * 3 + [Deed("close")]),
    st.builds(Deed, st.just("extend_term"), st.integers(1, 60)),
    st.builds(Deed, st.just("extend_until"), st.integers(-100, 1_000).map(lambda hours: timedelta(hours=hours))),
    st.builds(Deed, st.just("change_plan"), st.sampled_from(PLANS + FORBIDDEN_PLANS)),
)


def _spans(days: int) -> st.SearchStrategy[timedelta]:
    """Return spans of up to so many days; some not of whole seconds."""
    return st.builds(timedelta, days=st.integers(0, days), seconds=st.sampled_from([0, 0, 1, 86_399, 30_000.5]))


of_time = st.one_of(
    st.builds(Deed, st.just("time_passes"), _spans(20)),
    st.builds(
        Deed, st.just("to_deadline"), st.sampled_from([-1, 0, 0, 0, 1, 3_600]).map(lambda s: timedelta(seconds=s))
    ),
)

WHICH = ("latest", "oldest")

at_stripe = st.one_of(
    st.just(Deed("hint")),
    st.just(Deed("pay_by_hand", "latest")),
    st.builds(Deed, st.just("portal_card"), st.sampled_from(CARDS)),
    st.just(Deed("void_by_hand", "latest")),
    st.builds(Deed, st.just("debit"), st.sampled_from(["settles", "settles", "debit_not_authorized"])),
)
"""What reaches the account through Stripe alone: webhooks, its hosted invoices, its customer portal."""

behind_its_back = st.one_of(
    st.builds(Deed, st.just("hint"), st.sampled_from([*WHICH, "unknown"])),
    st.builds(Deed, st.just("pay_by_hand"), st.sampled_from([*WHICH, "latest by debit", "oldest by debit"])),
    st.builds(Deed, st.just("void_by_hand"), st.sampled_from(WHICH)),
    st.builds(Deed, st.just("bill_by_hand"), st.sampled_from(["the renewal", "another term", "no term"])),
    st.builds(Deed, st.just("balance"), st.sampled_from([2_000, 500, 100_000, -2_000, 0])),
    st.just(Deed("delete_customer")),
    st.builds(
        Deed,
        st.just("refund"),
        st.sampled_from(
            [
                ("refund", "re_1", "pending"),
                ("refund", "re_1", "succeeded"),
                ("refund", "re_2", "failed"),
                ("dispute", "du_1", "needs_response"),
                ("dispute", "du_1", "under_review"),
                ("dispute", "du_1", "lost"),
                ("dispute", "du_2", "needs_response"),
                ("dispute of another account", "du_3", "needs_response"),
            ]
        ),
    ),
)
"""What people do in Stripe's dashboard, and payers on old links (R8, R22, R23, R24)."""

of_faults = st.one_of(
    st.builds(Deed, st.just("no_worker"), _spans(75)),
    st.builds(Deed, st.just("no_answer"), _spans(20)),
    st.builds(Deed, st.just("card_turns"), st.sampled_from([*CARDS, "stopped"])),
    st.builds(Deed, st.just("answer"), st.sampled_from(["as it is", "as it is", "refused", "lost", "not known"])),
    st.builds(Deed, st.just("answer_again"), st.integers(0, 9)),
    st.just(Deed("restart")),
    st.just(Deed("cancellation_requested")),
    st.sampled_from([Deed("key", "wrong"), Deed("key", "right"), Deed("voids", "refused"), Deed("voids", "taken")]),
)
"""Workers and Stripe away for a while, cards that change under way, answers that come late, twice or not at all."""

_BAD = ("insufficient_funds", "generic_decline", "authentication", "none", "lost_card", "debit")
_term_ends = Deed("to_deadline", timedelta(0))
_fails = (Deed("card_turns", "a bad card"), _term_ends)
_comes_back = (
    Deed("set_payment_method", "good"),
    Deed("enable"),
    Deed("reactivate", "quoted"),
    Deed("answer", "as it is"),
)
_must_authenticate = (Deed("set_payment_method", "authentication"), Deed("reactivate"), Deed("answer", "as it is"))
_lapses = (Deed("cancel", "term_end"), _term_ends, Deed("time_passes", timedelta(days=3)))
_pays_by_debit = (Deed("set_payment_method", "debit"), Deed("reactivate", "quoted"), Deed("answer", "as it is"))
_a_day_or_more = Deed("time_passes", timedelta(days=1, hours=7))
_settles = Deed("debit", "settles")
_key_is_wrong, _key_is_right = Deed("key", "wrong"), Deed("key", "right")
_voids_refused, _voids_taken = Deed("voids", "refused"), Deed("voids", "taken")
_pays_late = (Deed("time_passes", timedelta(hours=5)), Deed("pay_by_hand", "oldest"), Deed("hint", "oldest"))

stories = st.builds(
    lambda story, card, bad: tuple(
        Deed(deed.what, {"any card": card, "a bad card": bad}.get(str(deed.value), deed.value)) for deed in story
    ),
    st.sampled_from(
        [
            _comes_back,
            _comes_back,
            _fails,
            (*_fails, Deed("cancel", "term_end")),
            (*_fails, Deed("set_payment_method", "any card")),
            (*_fails, Deed("portal_card", "any card"), Deed("hint")),
            (*_fails, *[_term_ends] * 5),
            (*_fails, Deed("answer_again", 1), Deed("answer_again", 2)),
            (*_fails, Deed("no_worker", timedelta(days=2)), Deed("cancel", "now"), Deed("answer", "as it is")),
            (*_fails, Deed("disable"), Deed("enable")),
            (*_fails, Deed("cancel", "now"), Deed("change_plan", ("jpy", 500)), Deed("quote")),
            (Deed("card_turns", "a bad card"), Deed("no_worker", timedelta(days=35)), Deed("answer", "as it is")),
            (
                Deed("card_turns", "a bad card"),
                Deed("no_worker", timedelta(days=35)),
                Deed("no_answer", timedelta(days=75)),
                Deed("answer", "as it is"),
            ),
            (*_fails, Deed("cancel", "now"), Deed("extend_term", 30), *_comes_back, _term_ends),
            (Deed("card_turns", "stopped"), _term_ends, Deed("time_passes", timedelta(hours=5)), *_comes_back),
            _lapses,
            (*_lapses, Deed("reactivate", "quoted"), Deed("answer", "as it is")),
            (*_lapses, Deed("set_payment_method", "any card"), Deed("reactivate", "quoted")),
            (*_lapses, *_must_authenticate),
            (*_lapses, *_must_authenticate, Deed("cancel", "now")),
            (*_lapses, *_must_authenticate, Deed("pay_by_hand", "latest"), Deed("cancel", "now"), Deed("quote")),
            (*_lapses, *_must_authenticate, Deed("pay_by_hand", "latest"), Deed("hint")),
            (Deed("cancel", "now"), Deed("time_passes", timedelta(days=5)), Deed("reactivate", "quoted")),
            (Deed("cancel", "term_end"), Deed("set_carts", 5), Deed("reactivate", "quoted")),
            (Deed("cancel", "term_end"), Deed("disable"), Deed("enable")),
            (Deed("disable"), Deed("extend_term", 30), Deed("enable")),
            (*_lapses, *_pays_by_debit, Deed("reactivate"), _a_day_or_more, _settles, Deed("hint")),
            (*_lapses, *_pays_by_debit, _a_day_or_more, Deed("debit", "debit_not_authorized"), Deed("hint")),
            (*_pays_by_debit[:1], _term_ends, _a_day_or_more, _settles, _a_day_or_more),
            (*_fails, Deed("void_by_hand", "latest"), Deed("hint"), _term_ends),
            (*_fails, Deed("extend_term", 7), _term_ends),
            (*_fails, Deed("disable"), Deed("extend_term", 30), Deed("enable"), _term_ends),
        ]
    ),
    st.sampled_from(CARDS),
    st.sampled_from(_BAD),
)
"""What often happens in a row, so that lives get far."""

of_trouble = st.builds(
    lambda story, card, bad: tuple(
        Deed(deed.what, {"any card": card, "a bad card": bad}.get(str(deed.value), deed.value)) for deed in story
    ),
    st.sampled_from(
        [
            (*_fails, _key_is_wrong, Deed("cancel", "now"), *_pays_late, _key_is_right, _term_ends),
            (*_fails, _voids_refused, Deed("cancel", "now"), Deed("extend_term", 30), *_comes_back, *_pays_late),
            (*_fails, _voids_refused, Deed("extend_term", 7), *_pays_late, _voids_taken, _term_ends),
            (*_fails, _voids_refused, Deed("disable"), Deed("enable"), *_pays_late, _term_ends),
            (*_fails, _voids_refused, *[_term_ends] * 5, *_pays_late, _voids_taken, _term_ends),
            (*_fails, _voids_refused, Deed("close"), *_pays_late, _voids_taken, _term_ends),
            (
                *_fails,
                _voids_refused,
                Deed("disable"),
                Deed("pay_by_hand", "latest by debit"),
                _voids_taken,
                _term_ends,
            ),
            (
                *_fails,
                Deed("pay_by_hand", "latest by debit"),
                Deed("hint"),
                _a_day_or_more,
                _settles,
                *[_term_ends] * 4,
            ),
            (*_fails, Deed("bill_by_hand", "the renewal"), Deed("portal_card", "any card"), Deed("hint", "unknown")),
            (Deed("bill_by_hand", "another term"), _term_ends, Deed("answer", "as it is")),
            (Deed("delete_customer"), _term_ends, *_comes_back),
            (Deed("balance", 2_000), _term_ends, Deed("answer", "as it is")),
            (
                Deed("balance", -2_000),
                _term_ends,
                _a_day_or_more,
                Deed("balance", 0),
                Deed("to_deadline", timedelta(0)),
            ),
            (_key_is_wrong, _term_ends, *[Deed("time_passes", timedelta(hours=23))] * 3, _key_is_right, _term_ends),
            (*_lapses, Deed("reactivate"), Deed("answer", "lost"), _key_is_wrong, Deed("answer"), _key_is_right),
            (
                *_lapses,
                Deed("card_turns", "a bad card"),
                _voids_refused,
                Deed("reactivate"),
                Deed("disable"),
                *_pays_late,
            ),
            (*_lapses, *_must_authenticate, Deed("void_by_hand", "latest"), Deed("hint")),
            (
                *_lapses,
                *_must_authenticate,
                Deed("bill_by_hand", "no term"),
                Deed("hint"),
                Deed("pay_by_hand", "latest"),
            ),
            (*_fails, Deed("cancel", "now"), *_lapses, *_fails, Deed("cancel", "now"), Deed("quote"), *_comes_back),
            (Deed("refund", ("dispute", "du_1", "needs_response")), Deed("enable")),
            (*_fails, Deed("refund", ("dispute", "du_2", "needs_response")), Deed("enable"), _term_ends),
            (Deed("set_carts", 0), Deed("reactivate"), Deed("time_passes", timedelta(hours=2))),
        ]
    ),
    st.sampled_from(CARDS),
    st.sampled_from(_BAD),
)
"""What Stripe's own ways lead to, and people's in its dashboard."""


def _mixed(**often: int) -> st.SearchStrategy[tuple[Deed, ...]]:
    """Choose between kinds of deeds as often as said: `one_of` prefers those that can vary most."""
    kinds = {
        "users": by_users.map(_alone),
        "pages": by_pages.map(_alone),
        "operators": by_operators.map(_alone),
        "time": of_time.map(_alone),
        "stripe": at_stripe.map(_alone),
        "back": behind_its_back.map(_alone),
        "faults": of_faults.map(_alone),
        "stories": stories,
        "trouble": of_trouble,
    }
    return st.sampled_from([kind for kind, times in often.items() for _ in range(times)]).flatmap(kinds.__getitem__)


def _alone(deed: Deed) -> tuple[Deed, ...]:
    return (deed,)


anything = _mixed(stories=6, trouble=6, users=4, pages=1, operators=2, time=2, stripe=1, back=3, faults=3)
"""What happens next: a deed, or a story of some."""

in_the_world = _mixed(stories=7, users=4, operators=2, time=2, stripe=1)
"""The same without what only a script can do, which real servers take longer for."""
