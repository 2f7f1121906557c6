"""R18: the product is told of each change, signed, in order, again until it has heard."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.names import AnnounceInput
from reprise.statemachine.timeline import TIMER, TimelineEntry
from tests.activities.payer import START
from tests.product import Product


@pytest.fixture
def product() -> Iterator[Product]:
    here = Product()
    yield here
    here.close()


@pytest.fixture
async def announcements(product: Product) -> AsyncIterator[ProductAnnouncements]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield ProductAnnouncements(client, product.url, product.secret)


def entries(*sequences: int) -> AnnounceInput:
    made = [
        TimelineEntry(
            sequence=n,
            at=START,
            type="account.renewed",
            actor=TIMER,
            from_state="active",
            to_state="active",
            amount=7500,
        )
        for n in sequences
    ]
    return AnnounceInput(account_id="a1", entries=tuple(made))


async def test_R18_each_change_is_told_signed_and_in_order(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """Type, account and amounts, verified by the Standard Webhooks library itself."""
    assert await ActivityEnvironment().run(announcements.announce, entries(1, 2, 3)) == 3
    assert [each["data"]["sequence"] for each in product.heard] == [1, 2, 3]
    assert product.heard[0]["id"] == "a1:1"
    assert product.heard[0]["type"] == "account.renewed"
    assert product.heard[0]["data"]["amount"] == 7500


@pytest.mark.parametrize("status", [500, 404, 410, 302])
async def test_R18_what_is_not_taken_is_told_again(
    product: Product, announcements: ProductAnnouncements, status: int
) -> None:
    """A retryable error; the repeat carries the same ids."""
    product.answers = [204, status]
    with pytest.raises(ApplicationError, match=str(status)) as failed:
        await ActivityEnvironment().run(announcements.announce, entries(1, 2))
    assert not failed.value.non_retryable
    await ActivityEnvironment().run(announcements.announce, entries(1, 2))
    assert [each["id"] for each in product.heard] == ["a1:1", "a1:1", "a1:2"]


async def test_R18_without_an_endpoint_nobody_is_told() -> None:
    """Not configured is no failure."""
    async with httpx.AsyncClient() as client:
        assert await ActivityEnvironment().run(ProductAnnouncements(client, None, None).announce, entries(1)) == 0
