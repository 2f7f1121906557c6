"""Files of accounts: what is read of them, and what is said of a line that is none (R20, R25)."""

import json
from pathlib import Path
from typing import Any

import pytest

from reprise.schemas.api import OpenAccountBody
from reprise.transfer.rows import COLUMNS, Format, NoRows, RefusedRow, Row, csv_line, format_of, read_rows

HEADER = "account_id,email,carts,plan.currency,plan.unit_amount,paid_through,cancelled,policy.retry_days"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def leaves(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, field in schema["properties"].items():
        below = definitions.get(str(field.get("$ref", "")).removeprefix("#/$defs/"))
        found |= leaves(below, definitions, f"{prefix}{name}.") if below else {f"{prefix}{name}"}
    return found


def test_R25_every_field_of_an_opening_has_its_column() -> None:
    """A field that a release adds to `POST /v1/accounts` is missing here until it has a column."""
    schema = OpenAccountBody.model_json_schema()
    assert leaves(schema, schema["$defs"]) == COLUMNS.keys()


def test_R25_csv_is_read_with_types_and_line_numbers(tmp_path: Path) -> None:
    """Numbers, truth and lists are themselves, empty cells nothing; a row may go over several lines."""
    file = written(
        tmp_path / "accounts.csv",
        f"\ufeff{HEADER}\nshop-1,a@example.com,3,usd,2500,2027-01-31T10:00:00Z,true,1 3\n\n"
        '"shop\n2",b@example.com,,usd,many,,no,\n',
    )
    first, second = read_rows(file)
    assert first == Row(
        2,
        {
            "account_id": "shop-1",
            "email": "a@example.com",
            "carts": 3,
            "plan": {"currency": "usd", "unit_amount": 2500},
            "paid_through": "2027-01-31T10:00:00Z",
            "cancelled": True,
            "policy": {"retry_days": [1, 3]},
        },
    )
    assert isinstance(second, Row)
    assert (second.line, second.values["plan"]["unit_amount"], second.values["cancelled"]) == (4, "many", "no")
    assert "carts" not in second.values


def test_R25_what_is_written_as_csv_is_read_again(tmp_path: Path) -> None:
    """Every column, there and back."""
    row = {
        "account_id": "shop-1",
        "carts": 0,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "cancelled": False,
        "policy": {"retry_days": [1, 7], "payment_methods": ["card", "sepa_debit"], "debt": "collect"},
    }
    lines = [",".join(COLUMNS), ",".join(csv_line(row))]
    assert [
        each.values for each in read_rows(written(tmp_path / "a.csv", "\n".join(lines))) if isinstance(each, Row)
    ] == [row]


@pytest.mark.parametrize(
    ("header", "named"),
    [("account_id,colour", "colour"), ("account_id,account_id", "twice"), ("", "first line")],
)
def test_R20_a_header_that_is_none_is_told(tmp_path: Path, header: str, named: str) -> None:
    """A column that there is not, one that is there twice, and none at all."""
    with pytest.raises(NoRows, match=named):
        list(read_rows(written(tmp_path / "accounts.csv", f"{header}\nshop-1\n")))


def test_R20_lines_that_are_no_rows_are_refused_and_others_read(tmp_path: Path) -> None:
    """JSON that is none, JSON that is no object; a row of CSV with too many cells."""
    lines = ["{", "[1]", json.dumps({"account_id": "shop-1"}), ""]
    first, second, third = read_rows(written(tmp_path / "accounts.jsonl", "\n".join(lines)))
    assert isinstance(first, RefusedRow)
    assert isinstance(second, RefusedRow)
    assert (first.line, second.line, third) == (1, 2, Row(3, {"account_id": "shop-1"}))
    wide, whole = read_rows(written(tmp_path / "accounts.csv", "account_id,email\na,b,c\nd,e\n"))
    assert isinstance(wide, RefusedRow)
    assert wide.reason == "has 3 fields instead of 2"
    assert whole == Row(3, {"account_id": "d", "email": "e"})


def test_R20_files_that_are_none(tmp_path: Path) -> None:
    """Not there, not text, and a name that does not say what it is."""
    with pytest.raises(NoRows, match="cannot be read"):
        list(read_rows(tmp_path / "missing.csv"))
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(NoRows, match="UTF-8"):
        list(read_rows(tmp_path / "binary.jsonl"))
    with pytest.raises(NoRows, match="--format"):
        format_of(tmp_path / "accounts.txt")
    assert format_of(tmp_path / "accounts.CSV") is Format.CSV
