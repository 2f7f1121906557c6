"""The example of a product's receiver, heard by real announcements: signed, repeated, late and forged."""

import base64
import dataclasses
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.names import Delivered, DeliverInput, EndpointTestInput, EndpointTests
from reprise.settings import AnnouncementEndpoint
from reprise.statemachine.timeline import TIMER, TimelineEntry
from tests.examples.running import running
from tests.plain_http import plain_client
from tests.product import announcing
from tests.workflows.world import utc

EXAMPLE = Path(__file__).parents[2] / "examples" / "receiver.py"
SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[str]:
    """The example, running; its address."""
    with running(EXAMPLE, "0", str(tmp_path / "shops.db"), ANNOUNCEMENTS_SECRET=SECRET) as address:
        yield address


def entry(sequence: int, state: str) -> TimelineEntry:
    return TimelineEntry.model_validate(
        {
            "sequence": sequence,
            "at": utc("2027-01-31T10:00"),
            "type": "account.renewed",
            "actor": TIMER,
            "from_state": "active",
            "to_state": state,
            "access_until": None if state == "disabled" else utc("2027-02-28T10:00"),
        }
    )


async def test_it_verifies_orders_and_de_duplicates(receiver: str, tmp_path: Path) -> None:
    """What comes twice or late changes nothing; what Reprise has not signed is refused; accounts are told apart."""
    async with plain_client(timeout=10) as client:

        def announcements(secret: str) -> ProductAnnouncements:
            given = {"name": "default", "url": receiver, "secret": secret}
            return announcing(client, AnnouncementEndpoint.model_validate(given))

        signed, forged = announcements(SECRET), announcements("whsec_" + base64.b64encode(b"0" * 24).decode())

        async def tell(by: ProductAnnouncements, account_id: str, *entries: TimelineEntry) -> int:
            asked = DeliverInput(account_id=account_id, endpoint="default", entries=entries)
            environment = ActivityEnvironment()
            environment.info = dataclasses.replace(environment.info, start_to_close_timeout=timedelta(seconds=60))
            delivered: Delivered = await environment.run(by.deliver, asked)
            return delivered.taken

        assert await tell(signed, "shop-1", entry(1, "active"), entry(2, "cancelled"), entry(3, "disabled")) == 3
        assert await tell(signed, "shop-1", entry(2, "cancelled"), entry(3, "disabled")) == 2
        assert await tell(signed, "shop-2", entry(1, "active")) == 1
        with pytest.raises(Exception, match="HTTP 401"):
            await tell(forged, "shop-1", entry(4, "active"))
        assert (await client.post(receiver, content=b"{}")).status_code == 401
        tests: EndpointTests = await ActivityEnvironment().run(signed.test, EndpointTestInput())
        assert [each.status for each in tests.endpoints] == [204]
    kept = sqlite3.connect(tmp_path / "shops.db").execute("SELECT * FROM shops ORDER BY account_id").fetchall()
    assert kept == [("shop-1", 3, "disabled", None), ("shop-2", 1, "active", "2027-02-28T10:00:00Z")]


def test_it_is_short_enough_to_be_read() -> None:
    """An engineer's first receiver: under 40 lines of code."""
    lines = [line for line in EXAMPLE.read_text().split('"""', 2)[2].splitlines() if line.strip()]
    assert len(lines) < 40
