"""Random lives: how an account opens, and what people, time and Stripe do to it, in any order.

Deeds are plain values and make sense in every state, so that a life can be lived by the core, by the workflow on real
servers, and by the reference.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.reference import stories
from tests.reference.deeds import CARDS, Deed, Opening

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
    card=st.sampled_from([*CARDS, "debit", "authentication", "refused", "stopped", *["good"] * 12]),
    carts=st.sampled_from([3, 1, 2, 5, 0, 3, 4]),
    plan=st.sampled_from(PLANS),
    retry_days=st.sampled_from(RETRY_DAYS),
    debt=st.sampled_from(["void", "collect"]),
    paid_through=st.sampled_from(
        [
            *(None, None, None, None, timedelta(days=20, hours=5), timedelta(days=20, hours=5)),
            *(timedelta(days=-40), timedelta(0), timedelta(seconds=1)),
        ]
    ),
    stopped_days=st.sampled_from([14, 1, 2]),
    on_dispute=st.sampled_from(["tell", "disable"]),
    email=st.sampled_from([*["owner@example.com"] * 5, "refused@example.com"]),
    elsewhere=st.sampled_from([*[None] * 5, "cancelled", "cancelled", "anchor", "another anchor", "opened later"]),
    key_is_wrong=st.sampled_from([*[False] * 9, True]),
    upcoming_days=st.sampled_from([None, None, 7, 1, 27]),
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
    st.builds(Deed, st.just("delete_customer"), st.sampled_from([None, "told"])),
    st.builds(
        Deed,
        st.just("refund"),
        st.sampled_from(
            [
                ("dispute of another account", "du_3", "needs_response"),
                ("refund", "re_1", "pending"),
                ("refund", "re_1", "succeeded"),
                ("refund", "re_2", "failed"),
                ("dispute", "du_1", "needs_response"),
                ("dispute", "du_1", "under_review"),
                ("dispute", "du_1", "lost"),
                ("dispute", "du_2", "needs_response"),
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
        "stories": stories.ordinary,
        "trouble": stories.troubled,
    }
    return st.sampled_from([kind for kind, times in often.items() for _ in range(times)]).flatmap(kinds.__getitem__)


def _alone(deed: Deed) -> tuple[Deed, ...]:
    return (deed,)


anything = _mixed(stories=6, trouble=6, users=4, pages=1, operators=2, time=2, stripe=1, back=3, faults=3)
"""What happens next: a deed, or a story of some."""

in_the_world = _mixed(stories=7, users=4, pages=1, operators=2, time=2, stripe=2, back=1)
"""The same without what only a script can do, which real servers take longer for."""
