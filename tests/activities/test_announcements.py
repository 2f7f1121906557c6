"""R18: the product is told of each change, signed, in order, again until it has heard."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from reprise.activities import announcements as announcing
from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.names import AnnounceInput
from reprise.statemachine.timeline import TIMER, TimelineEntry
from tests.product import Product
from tests.workflows.world import utc


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as here:
        yield here


async def tell(told_by: ProductAnnouncements, *sequences: int, seconds: float = 60) -> int:
    """Run one try of the activity, as long as the workflow lets one last."""
    made = [
        TimelineEntry(
            sequence=n,
            at=utc("2027-01-31T10:00"),
            type="account.renewed",
            actor=TIMER,
            from_state="active",
            to_state="active",
            amount=7500,
        )
        for n in sequences
    ]
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, start_to_close_timeout=timedelta(seconds=seconds))
    told: int = await environment.run(told_by.announce, AnnounceInput(account_id="a1", entries=tuple(made)))
    return told


@pytest.fixture
def announcements(product: Product, client: httpx.AsyncClient) -> ProductAnnouncements:
    return ProductAnnouncements(client, product.url, product.secret)


async def test_R18_each_change_is_told_signed_and_in_order(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """Type, account and amounts, verified by the Standard Webhooks library itself."""
    assert await tell(announcements, 1, 2, 3) == 3
    assert product.sequences("a1") == [1, 2, 3]
    assert product.heard[0]["id"] == "a1:1"
    assert product.heard[0]["type"] == "account.renewed"
    assert product.heard[0]["data"]["amount"] == 7500


@pytest.mark.parametrize("status", [500, 404, 410, 302])
async def test_R18_what_is_not_taken_is_told_again(
    product: Product, announcements: ProductAnnouncements, status: int
) -> None:
    """A retryable error; the repeat carries the same id."""
    product.answers = [status]
    with pytest.raises(ApplicationError, match=str(status)) as failed:
        await tell(announcements, 1, 2)
    assert (failed.value.type, failed.value.non_retryable) == ("product_unavailable", False)
    assert await tell(announcements, 1, 2) == 2
    assert [each["id"] for each in product.heard] == ["a1:1", "a1:2"]


async def test_R18_what_was_taken_before_a_failure_is_not_told_again(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """The try says how far it came; what follows goes on from there."""
    product.answers = [204, 204, 500]
    assert await tell(announcements, 1, 2, 3, 4) == 2
    assert await tell(announcements, 3, 4) == 2
    assert product.sequences("a1") == [1, 2, 3, 4]


async def test_R18_a_try_ends_before_its_time_out_with_what_it_has_told(
    product: Product, announcements: ProductAnnouncements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product that takes its time for each entry: no entry is begun that the try could not see through."""
    monkeypatch.setattr(announcing, "PATIENCE", 0.6)
    monkeypatch.setattr(announcing, "MARGIN", 0.2)
    product.seconds = 0.4
    told = await tell(announcements, *range(1, 21), seconds=2)
    assert 1 <= told <= 3  # on a busy machine an entry takes longer than the product alone
    assert product.sequences("a1") == list(range(1, told + 1))


@pytest.mark.parametrize("how", ["hangs", "head"])
async def test_R18_a_product_that_does_not_come_to_an_end_is_given_up(
    product: Product, announcements: ProductAnnouncements, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Bounded as a whole: also an answer that comes byte by byte."""
    monkeypatch.setattr(announcing, "PATIENCE", 0.5)
    product.hangs, product.trickles = how == "hangs", "" if how == "hangs" else how
    with pytest.raises(ApplicationError, match="no answer within") as failed:
        await tell(announcements, 1)
    assert failed.value.type == "product_unavailable"
    assert failed.value.__cause__ is None  # its tracebacks would take the place of the reason


async def test_R18_an_answer_counts_once_its_status_is_there(
    product: Product, announcements: ProductAnnouncements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the product goes on talking beside it."""
    monkeypatch.setattr(announcing, "COURTESY", 0.1)
    product.trickles = "body"
    assert await tell(announcements, 1, 2) == 2
    assert product.sequences("a1") == [1, 2]


async def test_R18_without_an_endpoint_nobody_is_told(client: httpx.AsyncClient) -> None:
    """Not configured is no failure: nothing waits to be told."""
    assert await tell(ProductAnnouncements(client, None, None), 1, 2) == 2


async def test_R18_a_product_that_cannot_be_reached_is_told_later(product: Product, client: httpx.AsyncClient) -> None:
    """Nobody listens there: a retryable error."""
    nobody = Product()
    nobody.close()
    with pytest.raises(ApplicationError, match="ConnectError") as failed:
        await tell(ProductAnnouncements(client, nobody.url, product.secret), 1)
    assert failed.value.type == "product_unavailable"
    assert failed.value.__cause__ is None  # its tracebacks would take the place of the reason


async def test_R18_while_secrets_are_exchanged_the_product_may_check_with_either(
    product: Product, client: httpx.AsyncClient
) -> None:
    """Announcements carry a signature by each; by neither, they are not taken."""
    old, new = product.secret, "whsec_bmV3IHNlY3JldCBvZiB0aGUgcHJvZHVjdA=="
    during = ProductAnnouncements(client, product.url, new, old)
    assert await tell(during, 1) == 1
    product.secret = new
    assert await tell(during, 2) == 1
    assert await tell(ProductAnnouncements(client, product.url, new), 3) == 1
    with pytest.raises(ApplicationError):
        await tell(ProductAnnouncements(client, product.url, old), 4)
    assert product.sequences("a1") == [1, 2, 3]
