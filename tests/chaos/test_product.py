"""The product's endpoint is as bad as it is told to be, and writes down what it heard all the same."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook

from tests.chaos.product import TAKES, Manner, Product, product
from tests.plain_http import plain_client


async def tell(endpoint: Product, sequence: int, secret: str | None = None) -> int | None:
    """Tell an entry of account c1; return the status of the answer, None if there is none that is HTTP."""
    now, number = datetime.now(UTC), f"c1:{sequence}"
    entry = {"account_id": "c1", "sequence": sequence, "type": "account.opened", "at": "2027-01-31T10:00:00Z"}
    body = json.dumps({"type": entry["type"], "timestamp": entry["at"], "data": entry})
    headers = {
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret or endpoint.secret).sign(number, now, body),
    }
    async with plain_client() as client:
        try:
            return (await client.post(endpoint.url, content=body, headers=headers)).status_code
        except httpx.TransportError:
            return None


STATUS = {
    Manner.HONEST: 200,
    Manner.SLOW: 200,
    Manner.TAKES_AND_FAILS: 500,
    Manner.REFUSES: 503,
    Manner.REDIRECTS: 307,
    Manner.GARBAGE: None,
    Manner.DROPS: None,
}


@pytest.mark.parametrize("manner", STATUS)
async def test_R18_what_was_not_answered_with_200_was_not_taken(manner: Manner) -> None:
    """It was heard, though."""
    async with product(1) as endpoint:
        endpoint.behave({manner: 1.0}, seconds=0.05)
        assert await tell(endpoint, 1) == STATUS[manner]
        assert [each.sequence for each in endpoint.heard["c1"]] == [1]
        assert endpoint.lacks("c1", 2) == ([2] if manner in TAKES else [1, 2])


async def test_what_is_signed_wrongly_is_noted() -> None:
    """And what was taken before it came."""
    async with product(1) as endpoint:
        await tell(endpoint, 1)
        await tell(endpoint, 2, secret="whsec_" + "A" * 32)
    assert [(each.signed, each.known) for each in endpoint.heard["c1"]] == [
        (True, frozenset()),
        (False, frozenset({1})),
    ]


async def test_a_dead_endpoint_comes_back_where_it_was() -> None:
    """On the same port."""
    async with product(1) as endpoint:
        endpoint.die()
        assert await tell(endpoint, 1) is None
        endpoint.live()
        assert await tell(endpoint, 1) == 200
