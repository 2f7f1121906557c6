"""R18: announcements are verified by their signature, with either of two secrets while they are exchanged."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from reprise.client import Announcement, InvalidAnnouncement, verified

SECRET = "whsec_" + base64.b64encode(b"one secret of an endpoint's.....").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret of an endpoint's.").decode()

BODY = json.dumps(
    {
        "type": "account.renewed",
        "timestamp": "2027-02-28T10:00:00+00:00",
        "data": {
            "account_id": "shop-42",
            "sequence": 3,
            "at": "2027-02-28T10:00:00Z",
            "type": "account.renewed",
            "actor": {"kind": "timer"},
            "from_state": "active",
            "to_state": "active",
            "amount": 7500,
            "currency": "usd",
        },
    }
)


def signed(body: str, *secrets: str, at: datetime | None = None) -> dict[str, str]:
    """Return the headers with which an announcement comes."""
    now = at or datetime.now(UTC)
    return {
        "Webhook-Id": "shop-42:3",
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": " ".join(Webhook(each).sign("shop-42:3", now, body) for each in secrets),
    }


@pytest.mark.parametrize(
    ("by", "believed"), [((SECRET,), (SECRET,)), ((OTHER,), (SECRET, OTHER)), ((SECRET, OTHER), (OTHER,))]
)
@pytest.mark.parametrize("as_it_comes", [str, str.encode])
def test_R18_what_is_signed_is_read(by: tuple[str, ...], believed: tuple[str, ...], as_it_comes: Any) -> None:
    """By one secret, or by either while they are exchanged, on both sides."""
    announcement = verified(as_it_comes(BODY), signed(BODY, *by), *believed)
    assert isinstance(announcement, Announcement)
    assert announcement.type == "account.renewed"
    assert (announcement.data.account_id, announcement.data.sequence, announcement.data.amount) == ("shop-42", 3, 7500)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY.replace("7500", "1"), signed(BODY, SECRET)),
        (BODY, signed(BODY, OTHER)),
        (BODY, signed(BODY, SECRET, at=datetime.now(UTC) - timedelta(minutes=6))),
        (BODY, {}),
        (BODY, {**signed(BODY, SECRET), "Webhook-Signature": "nonsense"}),
        (BODY, {**signed(BODY, SECRET), "Webhook-Signature": "v1,%%%"}),
        ("[]", signed("[]", SECRET)),
        ("not JSON", signed("not JSON", SECRET)),
        ("{}", signed("{}", SECRET)),
    ],
)
def test_R18_what_is_not_is_refused(body: str, headers: dict[str, str]) -> None:
    """Changed, signed by somebody else, old, unsigned, or no announcement."""
    with pytest.raises(InvalidAnnouncement):
        verified(body, headers, SECRET)


def test_without_a_secret_nothing_is_verified() -> None:
    """A setting that is missing must not let everybody in."""
    with pytest.raises(ValueError, match="endpoint's"):
        verified(BODY, signed(BODY, SECRET))
