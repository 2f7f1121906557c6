"""`reprise accounts import` as a program over HTTP: each account once, however often it is killed (R25)."""

import asyncio
import json
import signal
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reprise.client import AccountNotFound, AsyncClient
from tests.api_side import Api, Json, token
from tests.program import Program
from tests.stripe_side import StripeSide
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")

ROWS = 30


@pytest.fixture
def program(api_url: str, stripe_side: StripeSide) -> Program:
    return Program(api_url, stripe_side)


@asynccontextmanager
async def client(url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(url, token(scope="operator")) as made:
        yield made


def row(account_id: str, **changes: Any) -> Json:
    """An account that lived elsewhere: opened on a 31st, paid through the last of a February."""
    return {
        "account_id": account_id,
        "email": f"{account_id}@example.com",
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "paid_through": "2097-02-28T10:00:00Z",
        "anchor": "2097-01-31T10:00:00Z",
        "opened_at": "2019-01-31T10:00:00Z",
        **changes,
    }


def written(path: Path, rows: Iterable[Json]) -> str:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return str(path)


async def test_R25_an_import_that_is_killed_and_run_again_opens_each_account_once(
    program: Program, api_url: str, stripe_side: StripeSide, tmp_path: Path
) -> None:
    """SIGKILL halfway, then again: each account there once, with its anchor; the same file again: nothing new."""
    ids = [f"shop-{uuid.uuid4().hex[:12]}" for _ in range(ROWS)]
    file = written(tmp_path / "accounts.jsonl", [row(each) for each in ids])
    killed = await program.start("accounts", "import", file, "--concurrency", "2")
    async with client(api_url) as api, asyncio.timeout(60):
        await until(lambda: exists(api, ids[ROWS // 3]), seconds=60)
        killed.send_signal(signal.SIGKILL)
        await killed.communicate()
        there = sum([await exists(api, each) for each in ids])
        assert 0 < there < ROWS
        code, said = await program.run("accounts", "import", file)
        assert (code, said["opened"] + said["already_there"], said["conflict"], said["refused"]) == (0, ROWS, 0, 0)
        assert 0 < said["already_there"] <= there + 2
        code, again = await program.run("accounts", "import", file)
        assert (code, again["opened"], again["already_there"]) == (0, 0, ROWS)
        for each in ids:
            account = await api.get_account(each)
            assert account.anchor is not None
            assert (account.anchor.isoformat(), account.sequence) == ("2097-01-31T10:00:00+00:00", 1)
            assert len(stripe_side.customers(each)) == 1
            assert not stripe_side.invoices(each)


async def exists(api: AsyncClient, account_id: str) -> bool:
    try:
        await api.get_access(account_id)
    except AccountNotFound:
        return False
    return True


async def test_R25_what_is_refused_stops_the_import_unless_it_is_to_be_skipped(
    program: Program, api_url: str, operator: Api, tmp_path: Path
) -> None:
    """Everything wrong in one pass, and nothing opened; then the others; an account that exists is left alone."""
    good, bad, taken, unknown = (f"shop-{uuid.uuid4().hex[:12]}" for _ in range(4))
    assert (await operator.ask("POST", "/v1/accounts", row(taken, carts=9))).status_code == 201
    rows = [row(good), row(bad, carts=-1, email="nobody"), row(taken), row(unknown, customer_id="cus_ofnobody")]
    file = written(tmp_path / "accounts.jsonl", rows)
    code, said = await program.run("accounts", "import", file)
    assert (code, said["refused"]) == (2, 1)
    assert [(each["line"], each["field"]) for each in said["rows"]] == [(2, "email"), (2, "carts")]
    async with client(api_url) as api:
        assert not await exists(api, good)
        code, said = await program.run("accounts", "import", file, "--skip-refused")
        assert (code, said["opened"], said["conflict"], said["refused"]) == (4, 1, 1, 2)
        assert {(each["line"], each["result"], each["field"]) for each in said["rows"]} == {
            (2, "refused", "email"),
            (2, "refused", "carts"),
            (3, "conflict", "account_id"),
            (4, "refused", "customer_id"),
        }
        assert (await api.get_account(taken)).carts == 9
        assert await exists(api, good)


async def test_R25_a_dry_run_opens_nothing(program: Program, api_url: str, tmp_path: Path) -> None:
    """And says what would be opened."""
    account_id = f"shop-{uuid.uuid4().hex[:12]}"
    code, said = await program.run("accounts", "import", written(tmp_path / "a.jsonl", [row(account_id)]), "--dry-run")
    assert (code, said["would_open"], said["accounts"][0]["account_id"]) == (0, 1, account_id)
    async with client(api_url) as api:
        assert not await exists(api, account_id)
