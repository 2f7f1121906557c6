"""Files of accounts: CSV with the fields of an opening, or JSON Lines with those, or with whole records (R25)."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final


class Format(StrEnum):
    """What a file of accounts is written in."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Row:
    """One account as a file has it: the number of its line, from 1 on, and its fields."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class RefusedRow:
    """A row that is not taken: where it stands, which field is at fault, and why. `field` None: the row as a whole."""

    line: int
    account_id: str | None
    field: str | None
    reason: str


class NoRows(Exception):  # noqa: N818 - the name says what is wrong
    """A file that cannot be read as one of accounts at all; the message is a sentence for whoever gave it."""


def _integer(text: str) -> Any:
    """Return a whole number, or the text as it is: the field's own check says what is wrong with it."""
    try:
        return int(text)
    except ValueError:
        return text


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


def _words(text: str) -> Any:
    return text.split()


def _numbers(text: str) -> Any:
    return [_integer(each) for each in text.split()]


COLUMNS: Final[Mapping[str, Callable[[str], Any]]] = {
    "account_id": str,
    "email": str,
    "carts": _integer,
    "plan.currency": str,
    "plan.unit_amount": _integer,
    "timezone": str,
    "paid_through": str,
    "anchor": str,
    "customer_id": str,
    "payment_method": str,
    "opened_at": str,
    "cancelled": _boolean,
    "policy.retry_days": _numbers,
    "policy.stopped_days": _integer,
    "policy.payment_methods": _words,
    "policy.on_dispute": str,
    "policy.debt": str,
    "policy.renewal_upcoming_days": _integer,
}
"""The columns of CSV, each with how its text is read: the fields of `POST /v1/accounts`, nested ones with a dot."""


def format_of(path: Path) -> Format:
    """Return what a file is written in, by its name.

    Raises:
        NoRows: The name does not say.
    """
    try:
        return Format(path.suffix.lower().removeprefix("."))
    except ValueError as error:
        raise NoRows(f"{path} is neither .csv nor .jsonl: say which it is with --format.") from error


def read_rows(path: Path, form: Format | None = None) -> Iterator[Row | RefusedRow]:
    """Read a file row by row; what is no row is told as one that is refused. Empty lines are passed over.

    Raises:
        NoRows: The file cannot be read, is not UTF-8, or its first line names no columns.
    """
    read = {Format.CSV: _csv_rows, Format.JSONL: _json_rows}[form or format_of(path)]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from read(file)
    except OSError as error:
        raise NoRows(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise NoRows(f"{path} is not UTF-8 text.") from error


def _json_rows(file: IO[str]) -> Iterator[Row | RefusedRow]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield RefusedRow(number, None, None, f"is not JSON ({error})")
            continue
        if isinstance(values, dict):
            yield Row(number, values)
        else:
            yield RefusedRow(number, None, None, "is not a JSON object")


def _csv_rows(file: IO[str]) -> Iterator[Row | RefusedRow]:
    reader = csv.reader(file, strict=True)
    try:
        header = [each.strip() for each in next(reader, [])]
        _check_header(header)
        while True:
            began = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield _csv_row(began, header, cells)
    except csv.Error as error:  # from here on, nothing says where a row begins
        yield RefusedRow(reader.line_num, None, None, f"is not CSV ({error}): nothing behind it was read")


def _check_header(header: list[str]) -> None:
    unknown = [each for each in header if each not in COLUMNS]
    doubled = sorted({each for each in header if header.count(each) > 1})
    if not header or (not header[0] and len(header) == 1):
        raise NoRows(f"The first line must name the columns, such as {', '.join(list(COLUMNS)[:5])}.")
    if unknown:
        raise NoRows(f"There is no column {unknown[0]!r}. Columns are: {', '.join(COLUMNS)}.")
    if doubled:
        raise NoRows(f"The column {doubled[0]!r} is there twice.")


def _csv_row(line: int, header: list[str], cells: list[str]) -> Row | RefusedRow:
    if len(cells) != len(header):
        return RefusedRow(line, None, None, f"has {len(cells)} fields instead of {len(header)}")
    return Row(
        line, nested({name: COLUMNS[name](cell.strip()) for name, cell in zip(header, cells, strict=True) if cell})
    )


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields by dotted names as the nested ones of a body."""
    made: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        place = made
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return made


def csv_line(values: Mapping[str, Any]) -> list[str]:
    """Return the cells of a row, in the order of `COLUMNS`: what reading them gives again."""
    return [_cell(_at(values, name)) for name in COLUMNS]


def _at(values: Mapping[str, Any], name: str) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | int():
            return str(value)
        case Iterable():
            return " ".join(str(each) for each in value)
        case _:
            return str(value)
