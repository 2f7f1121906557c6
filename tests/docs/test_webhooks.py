"""The announcements that people read about are those that are sent (R18)."""

import json
import re

import pytest

from reprise.api.announced import webhooks
from reprise.schemas.announcement_catalogue import CATALOGUE, example_of
from reprise.schemas.announcements import Announcement
from reprise.statemachine.timeline import EntryType
from tests.docs.webhooks import WEBHOOKS, with_announcements


def test_R18_the_page_is_written_from_the_types() -> None:
    """If this fails, a type of entry has changed: run `make diagram`."""
    text = WEBHOOKS.read_text()
    assert with_announcements(text) == text, "run `make diagram`"


def test_R18_every_type_of_entry_is_announced_with_an_example() -> None:
    """On the page, and in the OpenAPI document: the same ones, in the same order."""
    assert list(CATALOGUE) == list(EntryType)
    assert list(webhooks()) == [kind.value for kind in EntryType]
    shown = re.findall(r"### `(account\.\w+)`", WEBHOOKS.read_text())
    assert shown == [kind.value for kind in EntryType]


@pytest.mark.parametrize("kind", EntryType)
def test_R18_each_example_is_one(kind: EntryType) -> None:
    """It fits the schema, says how the account stands after it, and has instants in one form."""
    sent = example_of(kind).as_json()
    Announcement.model_validate(sent)
    assert sent == webhooks()[kind.value]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert (sent["type"], sent["data"]["state"]) == (kind.value, sent["data"]["to_state"])
    assert {"access", "access_until"} <= sent["data"].keys()
    assert sent["data"]["access"] is (sent["data"]["access_until"] is not None)
    instants = re.findall(r"\d{4}-\d\d-\d\dT[^\"]*", json.dumps(sent))
    assert instants
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each) for each in instants)
