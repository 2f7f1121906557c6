"""R8: the keys of requests, and what an answer is worth that Stripe has only replayed."""

import hashlib
import re
from collections.abc import Awaitable, Callable

import pytest
import stripe

from reprise.stripe_api.idempotency import behind_replays, fresh, hashed_key, idempotency_key


def test_R8_a_key_can_be_read_as_long_as_stripe_takes_it() -> None:
    """One that is too long is a hash, always of the same length, and the same for the same parts."""
    assert idempotency_key("pay", "life", "shop:1", "2") == "pay:life:shop:1:2"
    longest = "a" * 196
    assert idempotency_key("pay", longest) == f"pay:{longest}"
    hashed = hashlib.sha256(f"{longest}a\x1f2".encode()).hexdigest()
    assert idempotency_key("pay", longest + "a", "2") == f"pay:{hashed}"
    assert idempotency_key("pay", longest + "a") == hashed_key("pay", longest + "a")
    assert hashed_key("attach", "a", "b") == "attach:" + hashlib.sha256(b"a\x1fb").hexdigest()


def test_R8_a_fresh_key_was_never_used() -> None:
    """It still says what it is for."""
    made = {fresh("pay:shop:1") for _ in range(3)}
    assert len(made) == 3
    assert all(re.fullmatch(r"pay:shop:1:[0-9a-f]{12}", each) for each in made)


REPLAYED = {"idempotent-replayed": "true"}


def customer(which: str, headers: dict[str, str]) -> stripe.Customer:
    made = stripe.Customer.construct_from({"id": which, "object": "customer"}, None)
    made._last_response = stripe.StripeResponse("{}", 200, headers)
    return made


def failing(headers: dict[str, str]) -> stripe.StripeError:
    return stripe.APIError("failing", http_status=500, headers=headers)


Sent = stripe.Customer | stripe.StripeError


def sending(*answers: Sent) -> tuple[list[str], Callable[[str], Awaitable[stripe.Customer]]]:
    """Return the keys that were sent so far, and what sends: one answer after another."""
    keys: list[str] = []

    async def send(key: str) -> stripe.Customer:
        answer = answers[len(keys)]
        keys.append(key)
        if isinstance(answer, stripe.StripeError):
            raise answer
        return answer

    return keys, send


@pytest.mark.parametrize(
    ("first", "stands", "expected", "keys"),
    [
        (customer("cus_new", {}), None, "cus_new", ["k"]),
        (customer("cus_old", REPLAYED), "cus_old", "cus_old", ["k"]),
        (customer("cus_old", REPLAYED), None, "cus_again", ["k", "k:"]),
        (failing(REPLAYED), "cus_found", "cus_found", ["k"]),
        (failing(REPLAYED), None, "cus_again", ["k", "k:"]),
    ],
)
async def test_R8_what_stands_at_stripe_counts_and_not_what_it_replays(
    first: Sent, stands: str | None, expected: str, keys: list[str]
) -> None:
    """Where nothing stands it is asked for again, by another key; a replayed answer is handed to who looks."""
    sent, send = sending(first, customer("cus_again", {}))
    looked: list[stripe.Customer | None] = []

    async def read(replayed: stripe.Customer | None) -> stripe.Customer | None:
        looked.append(replayed)
        return customer(stands, {}) if stands else None

    assert (await behind_replays(send, "k", read)).id == expected
    assert [each[:2] for each in sent] == keys
    assert len(set(sent)) == len(sent)
    replayed = first if isinstance(first, stripe.Customer) else None
    assert looked == ([] if expected == "cus_new" else [replayed])


async def test_R8_a_failure_that_is_none_of_before_is_one() -> None:
    """Nobody looks, nothing is sent again."""
    sent, send = sending(failing({}))

    async def read(_: stripe.Customer | None) -> stripe.Customer | None:
        raise AssertionError("nobody looks")

    with pytest.raises(stripe.APIError, match="failing"):
        await behind_replays(send, "k", read)
    assert sent == ["k"]
