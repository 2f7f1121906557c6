"""Rows are checked whole, by the body's model and by the core, before anything is opened (R20, R25)."""

from datetime import UTC, datetime
from typing import Any

from reprise.statemachine import machine
from reprise.statemachine.commands import OpenAccount
from reprise.transfer.checking import Checked, Opening, Restoring, check_rows
from reprise.transfer.rows import RefusedRow, Row

NOW = datetime(2027, 2, 10, 12, tzinfo=UTC)


def row(line: int = 2, **changes: Any) -> Row:
    values = {
        "account_id": f"shop-{line}",
        "email": "owner@example.com",
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "paid_through": "2027-02-28T10:00:00Z",
        "anchor": "2027-01-31T10:00:00Z",
        **changes,
    }
    return Row(line, {name: value for name, value in values.items() if value is not None})


def check(*rows: Row | RefusedRow) -> Checked:
    return check_rows(rows, NOW)


def only(checked: Checked) -> Opening:
    assert not checked.refused
    (found,) = checked.taken
    assert isinstance(found, Opening)
    return found


def test_R25_a_row_is_an_opening() -> None:
    """With its own anchor: 31 January, paid through the last of February."""
    found = only(check(row()))
    assert (found.line, found.account_id, found.body.anchor) == (2, "shop-2", datetime(2027, 1, 31, 10, tzinfo=UTC))


def test_R20_every_field_at_fault_is_told_in_one_pass() -> None:
    """Line, account, field and reason of each; the rows between them are taken."""
    checked = check(
        row(2, email="nobody", carts=-1),
        row(3),
        row(4, plan={"currency": "usd", "unit_amount": 30}, carts=1),
        row(5, anchor="2027-01-15T10:00:00Z"),
        RefusedRow(6, None, None, "is not JSON"),
        row(7, colour="red", paid_through=None, anchor=None),
    )
    assert [each.line for each in checked.taken] == [3]
    assert [(each.line, each.account_id, each.field) for each in checked.refused] == [
        (2, "shop-2", "email"),
        (2, "shop-2", "carts"),
        (4, "shop-4", "plan.unit_amount"),
        (5, "shop-5", "anchor"),
        (6, None, None),
        (7, "shop-7", "paid_through"),
        (7, "shop-7", "colour"),
    ]
    assert all(each.reason for each in checked.refused)
    assert checked.refused_rows == 5


def test_R25_importing_charges_nothing() -> None:
    """A row that does not say until when it is paid would be collected at once: it is refused."""
    (refused,) = check(row(paid_through=None, anchor=None)).refused
    assert refused.field == "paid_through"


def test_R25_an_account_stands_in_a_file_once() -> None:
    """The second is refused, and says where the first is."""
    checked = check(row(2), row(3, account_id="shop-2"))
    assert [each.line for each in checked.taken] == [2]
    assert [(each.line, each.field) for each in checked.refused] == [(3, "account_id")]
    assert "line 2" in checked.refused[0].reason


def test_R14_the_key_is_the_rows_own() -> None:
    """The same row has the same key wherever it stands and however it is written; any other content another."""
    key = only(check(row(2, account_id="a"))).key
    assert only(check(row(9, account_id="a"))).key == key
    assert only(check(row(2, account_id="a", timezone="UTC", paid_through="2027-02-28T11:00:00+01:00"))).key == key
    others: list[dict[str, Any]] = [
        {"carts": 4},
        {"cancelled": True},
        {"email": "x@example.com"},
        {"customer_id": "cus_1"},
    ]
    assert len({key, *(only(check(row(2, account_id="a", **each))).key for each in others)}) == 5


def test_R27_a_whole_record_is_restored() -> None:
    """As `accounts export` writes it; fields beside it say nothing that it does not say, and are refused."""
    account, _ = machine.open_account(OpenAccount(**dict(only(check(row(1))).body)), NOW)
    record = {"version": 1, "run": {"account": account.model_dump(mode="json")}}
    (found,) = check(Row(1, {"account_id": "shop-1", "record": record})).taken
    assert isinstance(found, Restoring)
    assert (found.account_id, found.record) == ("shop-1", record)
    spoilt = {"run": {"account": {**record["run"]["account"], "carts": -1}}}  # type: ignore[index]
    for fields, at_fault in (
        ({"account_id": "shop-1", "record": record, "carts": 3}, "carts"),
        ({"account_id": "shop-2", "record": record}, "account_id"),
        ({"account_id": "shop-1", "record": {"version": 1}}, "record.run.account"),
        ({"account_id": "shop-1", "record": spoilt}, "record.run.account.carts"),
        ({"record": "all"}, "record"),
    ):
        assert [each.field for each in check(Row(1, fields)).refused] == [at_fault]
