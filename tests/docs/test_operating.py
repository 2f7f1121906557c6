"""docs/operating.md holds: links are those of `reprise dev`, filters find running accounts, inputs are taken."""

import re
from typing import get_args
from urllib.parse import parse_qs, urlsplit

from reprise.local.temporal_ui import LISTS, links
from reprise.statemachine.commands import AnyCommand
from reprise.workflows.messages import OVER_HTTP
from tests.docs.rules import ROOT

TEXT = (ROOT / "docs" / "operating.md").read_text()
UI = "http://127.0.0.1:8233"
"""Where `reprise dev` has it."""

ONCE = re.compile(r"ExecutionStatus (?:= 'Running'|IN \()")


def between(name: str) -> str:
    return TEXT.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]


def test_the_lists_are_those_that_are_printed() -> None:
    """Link by link, each of its filter; the README's is one of them."""
    rows = re.findall(r"^\| ([^|]+) \| \[open\]\(([^)]+)\) \| `([^`]+)` \|$", between("lists"), re.MULTILINE)
    assert {what: link for what, link, _ in rows} == links(UI)
    for what, link, shown in rows:
        assert parse_qs(urlsplit(link).query) == {"query": [LISTS[what]]}
        assert shown == LISTS[what]
    assert f"]({links(UI)['past due']})" in (ROOT / "README.md").read_text()


def test_every_list_filter_finds_an_account_once() -> None:
    """In the operators' documents, each names the executions that it is about: old runs are none of them."""
    written = re.findall(r"^(?:AccountState|NextAction|PaymentStatus|WorkflowType)\b.*$", TEXT, re.MULTILINE)
    assert len(written) >= 4
    for query in (*written, *LISTS.values()):
        assert ONCE.search(query), query


def test_every_update_has_an_example_that_is_taken() -> None:
    """By its name over HTTP, with input that the command reads; "nothing" only where nothing is needed."""
    kinds = {kind.model_fields["name"].default: kind for kind in get_args(AnyCommand)}
    rows = re.findall(r"^\| `([a-z-]+)` \| (nothing, or )?`(\{.+\})` \|$", between("updates"), re.MULTILINE)
    assert {name for name, _, _ in rows} == {OVER_HTTP.get(name, name) for name in kinds}
    for kind in kinds.values():
        name = OVER_HTTP.get(kind.model_fields["name"].default, kind.model_fields["name"].default)
        _, nothing, example = next(row for row in rows if row[0] == name)
        assert kind.model_validate_json(example).actor.id == "grace@example.com"
        assert bool(nothing) == (
            not any(field.is_required() for field in kind.model_fields.values()) and name != "extend"
        )


def test_every_picture_is_there() -> None:
    """And small: together less than half a megabyte."""
    pictures = [ROOT / "docs" / path for path in re.findall(r"!\[[^\]]+\]\((screenshots/[^)]+)\)", TEXT)]
    assert len(pictures) == 4
    assert sum(each.stat().st_size for each in pictures) < 500_000
