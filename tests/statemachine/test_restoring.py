"""R27: what the core makes of a record that an account is restored from, and which records it takes for none."""

import pytest

from reprise.statemachine import editions, machine
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.effects import Announce, Collect
from reprise.statemachine.payments import OwedVoid
from reprise.statemachine.record_checks import faults_of
from reprise.statemachine.timeline import UNKNOWN_ENTRIES, Actor, ActorKind, EntryType
from tests.statemachine.book import Book, utc
from tests.workflows import records

ADA = Actor(kind=ActorKind.OPERATOR, id="ada")
NOW = utc("2027-05-01T10:00")

OPEN = [standing for standing in records.STANDINGS if standing is not records.closed]


@pytest.mark.parametrize("standing", OPEN)
def test_R27_restoring_changes_nothing_but_is_told(standing: object) -> None:
    """One entry, by whom and from what; the state, the payment and all counters stay."""
    account: Account = standing()  # type: ignore[operator] # one of the records' functions
    restored, effects = machine.restore(account, ADA, "from somewhere", NOW, undone=(), older=False)
    *_, told = effects
    assert isinstance(told, Announce)
    assert (told.entry.type, told.entry.actor, told.entry.reason) == (EntryType.RESTORED, ADA, "from somewhere")
    assert told.entry.from_state == told.entry.to_state == account.state
    assert (restored.sequence, restored.timeline[-1]) == (account.sequence + 1, told.entry)
    same = {"sequence": account.sequence, "timeline": account.timeline}
    assert restored.model_copy(update=same) == account


def test_R8_R27_a_payment_under_way_is_collected_once() -> None:
    """By its key and attempt, if the record does not say so itself; another account's is waiting for nobody."""
    account = records.collecting()
    assert account.payment is not None
    collect = Collect(payment=account.payment)
    for undone, again in (((), (collect,)), ((collect,), ())):
        _, effects = machine.restore(account, ADA, "how", NOW, undone=undone, older=False)
        assert effects[:-1] == again
    _, effects = machine.restore(records.requires_action(), ADA, "how", NOW, undone=(), older=False)
    assert len(effects) == 1


def test_R18_R27_an_older_record_gives_no_number_twice() -> None:
    """The product may have been told of entries that the record lacks, and would take another for one of them."""
    account = records.active()
    restored, _ = machine.restore(account, ADA, "how", NOW, undone=(), older=True)
    assert restored.sequence == account.sequence + UNKNOWN_ENTRIES + 1 == account.sequence + 10_001
    assert list(faults_of(restored)) == []


@pytest.mark.parametrize("standing", records.STANDINGS)
def test_R27_every_record_of_an_account_is_one(standing: object) -> None:
    """Of either edition, and taken from the first into the newest."""
    account: Account = standing()  # type: ignore[operator] # one of the records' functions
    first = account.model_copy(update={"edition": editions.FIRST})
    for each in (account, first, first.by_newest_edition()):
        assert list(faults_of(each)) == []


def test_R25_R27_an_account_that_has_not_paid_yet_is_one() -> None:
    assert list(faults_of(Book.open(paid_through=utc("2027-02-28T10:00")).account)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": AccountState.NEW}, "state"),
        ({"edition": 0}, "edition"),
        ({"edition": editions.NEWEST + 1}, "edition"),
        ({"customer_id": "cus_x/../y"}, "customer_id"),
        ({"term": None}, "term"),
        ({"anchor": None}, "anchor"),
        ({"state": AccountState.CANCELLED}, "cancelled_from"),
        ({"state": AccountState.PAST_DUE, "payment": None}, "payment"),
        ({"payment_count": 1}, "payment.key"),
        ({"paid_keys": ("a1:0",)}, "paid_keys"),
        ({"paid_keys": ("a2:1",)}, "paid_keys"),
        (
            {"voids_owed": (OwedVoid(payment_key="a1:9", invoice_id=None, since=NOW, next_attempt_at=NOW),)},
            "voids_owed",
        ),
        ({"state": AccountState.PAST_DUE, "payment": records.disabled_first_payment_failed().payment}, "payment"),
        ({"sequence": 99}, "timeline"),
    ],
)
def test_R27_a_record_that_no_account_can_have_is_found_out(changes: dict[str, object], field: str) -> None:
    """Each fault by itself, and by its field."""
    account = records.active().model_copy(update=changes)
    assert next(faults_of(account)).field == field


def test_R27_a_timeline_out_of_order_is_found_out() -> None:
    """Entries come one after another, the last one last."""
    account = records.active()
    first, second, *later = account.timeline
    for timeline in ((second, first, *later), account.timeline[::-1], (first, first), account.timeline[:-1]):
        spoilt = account.model_copy(update={"timeline": timeline})
        assert [fault.field for fault in faults_of(spoilt)] == ["timeline"]
