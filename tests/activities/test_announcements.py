"""R18: the product is told of each change, signed, in order, again until it has heard."""

import asyncio
import dataclasses
import re
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from reprise.activities import announcements as announcements_module
from reprise.activities import endpoints
from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.names import AnnounceInput, Delivered, DeliverInput, Endpoints, EndpointTestInput, EndpointTests
from reprise.schemas.announcements import Announcement
from reprise.statemachine.timeline import TIMER, TimelineEntry
from tests.plain_http import plain_client
from tests.product import Product, announcing
from tests.waiting import until
from tests.workflows.world import utc


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(timeout=10) as here:
        yield here


def made(*sequences: int, **changes: Any) -> tuple[TimelineEntry, ...]:
    facts = {
        "at": utc("2027-01-31T10:00"), "type": "account.renewed", "actor": TIMER, "from_state": "active",
        "to_state": "active", "amount": 7500, "access_until": utc("2027-03-07T10:00"), **changes,
    }  # fmt: skip
    return tuple(TimelineEntry(sequence=n, **facts) for n in sequences)


def environment(seconds: float | None = 60, attempt: int = 1) -> ActivityEnvironment:
    here = ActivityEnvironment()
    lasts = None if seconds is None else timedelta(seconds=seconds)
    here.info = dataclasses.replace(here.info, start_to_close_timeout=lasts, attempt=attempt)
    return here


async def tell(
    told_by: ProductAnnouncements,
    *sequences: int,
    seconds: float | None = 60,
    endpoint: str = "default",
    patient: bool = False,
    attempt: int = 1,
) -> int:
    """Run one try of the activity, as long as the workflow lets one last."""
    asked = DeliverInput(account_id="a1", endpoint=endpoint, entries=made(*sequences), patient=patient)
    delivered: Delivered = await environment(seconds, attempt).run(told_by.deliver, asked)
    return delivered.taken


@pytest.fixture
def announcements(product: Product, client: httpx.AsyncClient) -> ProductAnnouncements:
    return announcing(client, product.endpoint())


async def test_R18_each_change_is_told_signed_and_in_order(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """Type, account and amounts, verified by the Standard Webhooks library itself."""
    assert await tell(announcements, 1, 2, 3) == 3
    assert product.sequences("a1") == [1, 2, 3]
    assert product.heard[0]["id"] == "a1:1"
    assert product.heard[0]["type"] == "account.renewed"
    assert product.heard[0]["data"]["amount"] == 7500


@pytest.mark.parametrize("status", [500, 404, 410, 302, 300])
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


async def test_R18_any_status_of_success_takes_it(product: Product, announcements: ProductAnnouncements) -> None:
    """Whatever the product says by it."""
    product.answers = [200, 202, 299]
    assert await tell(announcements, 1, 2, 3) == 3
    assert product.asked == 3


async def test_R18_what_was_taken_before_a_failure_is_not_told_again(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """The try says how far it came; what follows goes on from there. The log has why."""
    product.answers = [204, 204, 500]
    with capture_logs() as logged:
        assert await tell(announcements, 1, 2, 3, 4) == 2
    (line,) = [each for each in logged if each["log_level"] == "warning"]
    assert {name: line[name] for name in ("endpoint", "taken", "of", "why")} == {
        "endpoint": "default", "taken": 2, "of": 4, "why": "HTTP 500"
    }  # fmt: skip
    assert await tell(announcements, 3, 4) == 2
    assert product.sequences("a1") == [1, 2, 3, 4]


async def test_R18_a_try_ends_before_its_time_out_with_what_it_has_told(
    product: Product, announcements: ProductAnnouncements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product that takes its time for each entry: no entry is begun that the try could not see through."""
    monkeypatch.setattr(announcements_module, "MARGIN", 0.2)
    product.seconds = 0.4
    told = await tell(announcements, *range(1, 21), seconds=11)  # 0.8 for all but the last
    assert 1 <= told <= 3  # on a busy machine an entry takes longer than the product alone
    assert product.sequences("a1") == list(range(1, told + 1))


@pytest.mark.parametrize(("seconds", "told"), [(1, 1), (12, 1), (12.99, 2), (None, 2)])
async def test_R18_a_try_begins_what_ten_seconds_and_a_margin_of_two_leave_time_for(
    announcements: ProductAnnouncements, seconds: float | None, told: int
) -> None:
    """The first entry always; each other one while there is time for it."""
    assert await tell(announcements, 1, 2, seconds=seconds) == told


async def test_R18_an_answer_may_take_ten_seconds_and_its_rest_one(
    announcements: ProductAnnouncements, time_outs: list[float | None]
) -> None:
    """As operators are told."""
    assert await tell(announcements, 1) == 1
    assert time_outs == [10, 1]


@pytest.mark.parametrize("how", ["hangs", "head"])
async def test_R18_a_product_that_does_not_come_to_an_end_is_given_up(
    product: Product, announcements: ProductAnnouncements, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Bounded as a whole: also an answer that comes byte by byte."""
    monkeypatch.setattr(endpoints, "PATIENCE", 0.5)
    product.hangs, product.trickles = how == "hangs", "" if how == "hangs" else how
    with pytest.raises(ApplicationError, match="no answer within") as failed:
        await tell(announcements, 1)
    assert failed.value.type == "product_unavailable"
    assert failed.value.__cause__ is None  # its tracebacks would take the place of the reason


async def test_R18_an_answer_counts_once_its_status_is_there(
    product: Product, announcements: ProductAnnouncements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the product goes on talking beside it."""
    monkeypatch.setattr(endpoints, "COURTESY", 0.1)
    product.trickles = "body"
    assert await tell(announcements, 1, 2) == 2
    assert product.sequences("a1") == [1, 2]


async def test_R18_an_endpoint_that_a_worker_does_not_have_is_unknown_to_it(client: httpx.AsyncClient) -> None:
    """That is no failure, and nothing is taken; which endpoints there are is said with every delivery."""
    others = announcing(client, Product.nowhere("crm"), Product.nowhere("mail"))
    asked = DeliverInput(account_id="a1", endpoint="default", entries=made(1))
    delivered: Delivered = await environment().run(others.deliver, asked)
    assert delivered == Delivered(endpoints=("crm", "mail"), taken=0, known=False)
    assert await environment().run(others.list_endpoints) == Endpoints(endpoints=("crm", "mail"))


async def test_R18_a_run_of_the_first_edition_tells_the_first_endpoint(
    product: Product, client: httpx.AsyncClient
) -> None:
    """Its outbox knows of one; without any, nobody is told, and nothing waits to be."""
    asked = AnnounceInput(account_id="a1", entries=made(1, 2))
    assert await environment().run(announcing(client, product.endpoint()).announce, asked) == 2
    assert product.sequences("a1") == [1, 2]
    assert await environment().run(announcing(client).announce, asked) == 2
    with pytest.raises(ApplicationError) as failed:
        await environment().run(announcing(client, Product.nowhere()).announce, asked)
    assert failed.value.next_retry_delay is None


async def test_R18_a_product_that_cannot_be_reached_is_told_later(client: httpx.AsyncClient) -> None:
    """Nobody listens there: a retryable error."""
    nobody = Product()
    nobody.close()
    with pytest.raises(ApplicationError, match="ConnectError") as failed:
        await tell(announcing(client, nobody.endpoint()), 1)
    assert failed.value.type == "product_unavailable"
    assert failed.value.__cause__ is None  # its tracebacks would take the place of the reason


async def test_R18_while_secrets_are_exchanged_the_product_may_check_with_either(
    product: Product, client: httpx.AsyncClient
) -> None:
    """Announcements carry a signature by each; by neither, they are not taken."""
    old, new = product.secret, "whsec_bmV3IHNlY3JldCBvZiB0aGUgcHJvZHVjdA=="
    during = announcing(client, product.endpoint(secret=new, secret_previous=old))
    assert await tell(during, 1) == 1
    product.secret = new
    assert await tell(during, 2) == 1
    assert await tell(announcing(client, product.endpoint(secret=new)), 3) == 1
    with pytest.raises(ApplicationError):
        await tell(announcing(client, product.endpoint(secret=old)), 4)
    assert product.sequences("a1") == [1, 2, 3]


async def test_R18_an_announcement_says_how_the_account_stands_after_it(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """State and access, so that a receiver need not know the chart; instants in one form; who sends it."""
    entries = made(1) + made(2, type="account.disabled", to_state="disabled", access_until=None, term=None)
    entries += made(3, access_until=None)  # of 0.1.0, which did not say until when
    await environment().run(announcements.deliver, DeliverInput(account_id="a1", endpoint="default", entries=entries))
    stands = [{name: each["data"][name] for name in ("state", "access", "access_until")} for each in product.heard]
    assert stands == [
        {"state": "active", "access": True, "access_until": "2027-03-07T10:00:00Z"},
        {"state": "disabled", "access": False, "access_until": None},
        {"state": "active", "access": True, "access_until": None},
    ]
    assert product.heard[0]["timestamp"] == product.heard[0]["data"]["at"] == "2027-01-31T10:00:00Z"
    assert re.fullmatch(r"Reprise/\d+\.\d+\.\d+\S*", product.heard[0]["agent"])
    assert product.heard[0]["content"] == "application/json"
    for each in product.heard:
        Announcement.model_validate({name: each[name] for name in ("type", "timestamp", "data")})


async def test_R18_an_endpoint_hears_what_it_wants(product: Product, client: httpx.AsyncClient) -> None:
    """By type, with `*` for any letters; the rest counts as told."""
    entries = made(1, type="account.opened") + made(2, type="account.payment_declined") + made(3)
    told_by = announcing(client, product.endpoint(events=("account.payment_*", "account.opened")))
    asked = DeliverInput(account_id="a1", endpoint="default", entries=entries)
    delivered: Delivered = await environment().run(told_by.deliver, asked)
    assert (delivered.taken, product.sequences("a1")) == (3, [1, 2])


@pytest.mark.parametrize(("drawn", "part"), [(min, 0.9), (max, 1.1)])
async def test_R18_tries_at_an_endpoint_that_is_down_grow_apart_for_days(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, drawn: Callable[..., float], part: float
) -> None:
    """From a minute to an hour, hourly for a day, then six-hourly, each a little otherwise; the first ones quick."""
    monkeypatch.setattr(announcements_module._JITTER, "uniform", drawn)
    told_by = announcing(client, Product.nowhere())
    delays = []
    for attempt in (*range(1, 8), 30, 31, 1000):
        with pytest.raises(ApplicationError) as failed:
            await tell(told_by, 1, patient=True, attempt=attempt)
        delays.append(failed.value.next_retry_delay)
    assert delays == [timedelta(minutes=each) * part for each in (1, 2, 5, 10, 20, 30, 60, 60, 360, 360)]
    with pytest.raises(ApplicationError) as quick:
        await tell(told_by, 1)
    assert quick.value.next_retry_delay is None


async def test_R18_an_endpoint_that_hangs_fills_no_worker(
    product: Product, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it has not answered, only a few ask it at the same time; it is asked as before once it answers."""
    told_by = announcing(client, product.endpoint())
    assert await asyncio.gather(*(tell(told_by, 1) for _ in range(10))) == [1] * 10
    monkeypatch.setattr(endpoints, "PATIENCE", 0.3)
    product.hangs = True
    with pytest.raises(ApplicationError, match="no answer"):
        await tell(told_by, 1)
    monkeypatch.setattr(endpoints, "PATIENCE", 10)
    await until(lambda: product.asked == 11)
    tries = [asyncio.create_task(tell(told_by, 1)) for _ in range(50)]
    await until(lambda: sum(each.done() for each in tries) == 46)
    await until(lambda: product.asked == 11 + 4)
    waiting = [each for each in tries if not each.done()]
    assert all("does not answer others" in str(each.exception()) for each in tries if each.done())
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)
    product.hangs = False
    assert await tell(told_by, 1) == 1
    assert await asyncio.gather(*(tell(told_by, 1) for _ in range(10))) == [1] * 10


async def test_R18_an_endpoint_at_which_nobody_listens_is_asked_by_a_few(client: httpx.AsyncClient) -> None:
    """As one that hangs: a connection that is refused is no answer either."""
    told_by = announcing(client, Product.nowhere())
    assert len(await asyncio.gather(*(tell(told_by, 1) for _ in range(10)), return_exceptions=True)) == 10
    failed = await asyncio.gather(*(tell(told_by, 1) for _ in range(10)), return_exceptions=True)
    assert ["ConnectError" in str(each) for each in failed] == [True] * 4 + [False] * 6


async def test_R18_a_test_says_what_each_endpoint_answers(
    product: Product, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also to one that wants to hear of nothing else; the message is no account's."""
    nowhere = Product.nowhere("crm")
    told_by = announcing(client, product.endpoint(events=("account.closed",)), nowhere)
    tests: EndpointTests = await environment().run(told_by.test, EndpointTestInput())
    well, dead = tests.endpoints
    assert (well.endpoint, well.delivered, well.status, well.error) == ("default", True, 204, None)
    assert (dead.endpoint, dead.delivered, dead.status, dead.error) == ("crm", False, None, "ConnectError")
    assert (product.heard[0]["type"], product.heard[0]["data"]) == ("announcements.test", {"endpoint": "default"})
    assert (well.url, dead.url) == (product.url, str(nowhere.url))
    kind, _, message = product.heard[0]["id"].partition(":")
    assert (kind, str(uuid.UUID(message))) == ("test", message)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", product.heard[0]["timestamp"])
    assert datetime.now(UTC) - datetime.fromisoformat(product.heard[0]["timestamp"]) < timedelta(minutes=1)
    product.answers = [503]
    monkeypatch.setattr(announcements_module, "time", SimpleNamespace(monotonic=iter((100.0, 102.0)).__next__))
    tests = await environment().run(told_by.test, EndpointTestInput(endpoint="default"))
    (refused,) = tests.endpoints
    assert (refused.endpoint, refused.delivered, refused.status) == ("default", False, 503)
    assert (refused.error, refused.milliseconds) == ("HTTP 503", 2000)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"secret": "whsec_not base64!"}, "secret"),
        ({"secret": "whsec_é"}, "secret"),
        ({"secret": ""}, "secret"),
        ({"events": ("account.nothing",)}, "no type"),
    ],
)
async def test_R20_endpoints_that_cannot_be_used_are_refused(
    client: httpx.AsyncClient, product: Product, changes: dict[str, Any], why: str
) -> None:
    """When the worker starts, naming the endpoint."""
    with pytest.raises(ValueError, match=why) as refused:
        announcing(client, product.endpoint("crm", **changes))
    assert "crm" in str(refused.value)
    assert "base64!" not in str(refused.value)
