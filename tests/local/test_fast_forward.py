"""`reprise fast-forward`: one account's clock, from deadline to deadline, on a running `reprise dev`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.commands import opening, run
from tests.local.conftest import Standing


@pytest.fixture
def data(standing: Standing) -> Path:
    return standing.data


@pytest.fixture
def where(standing: Standing) -> Mapping[str, str]:
    return standing.where


@pytest.fixture
def api(where: Mapping[str, str]) -> Iterator[httpx.Client]:
    bearer = {"Authorization": f"Bearer {where['operator_token']}"}
    with httpx.Client(base_url=where["api"], headers=bearer, timeout=20, trust_env=False) as client:
        yield client


def _open(api: httpx.Client, account_id: str) -> dict[str, Any]:
    account: dict[str, Any] = api.post("/v1/accounts", json=opening(account_id)).raise_for_status().json()
    return account


def _do(api: httpx.Client, account_id: str, command: str) -> None:
    """Send a command, again with the same key while the engine is out of reach, as the API asks its callers to."""
    headers = {"Idempotency-Key": f"{account_id}-{command}"}
    for _ in range(5):
        answer = api.post(f"/v1/accounts/{account_id}/{command}", headers=headers)
        if answer.status_code != 503:
            break
    answer.raise_for_status()


def _see(api: httpx.Client, account_id: str, path: str = "") -> dict[str, Any]:
    seen: dict[str, Any] = api.get(f"/v1/accounts/{account_id}{path}").raise_for_status().json()
    return seen


def test_R3_R5_R16_a_cancelled_account_is_disabled_at_its_terms_end(api: httpx.Client, data: Path) -> None:
    """The clock goes exactly there, the command says what happened, and the access is gone. No other end is ahead."""
    account = _open(api, "cancelled-shop")
    _do(api, "cancelled-shop", "cancel")
    moved = run("fast-forward", "cancelled-shop", "--to", "term-end", "--data", str(data))
    assert moved.returncode == 0, moved.stderr
    end = datetime.fromisoformat(account["term"]["end"]).strftime("%Y-%m-%d %H:%M:%SZ")
    lines = moved.stdout.splitlines()
    assert "cancelled, has access" in lines[0]
    assert lines[1:] == [f"{end}    account.disabled cancelled → disabled", f"{end}  disabled (cancelled), no access"]
    assert _see(api, "cancelled-shop")["state"] == "disabled"
    assert _see(api, "cancelled-shop", "/access")["access"] is False
    again = run("fast-forward", "cancelled-shop", "--data", str(data))
    assert again.returncode == 1
    assert "say an instant instead of term-end" in again.stderr


def test_R2_R5_no_renewal_is_skipped_on_a_long_way(api: httpx.Client, data: Path, where: Mapping[str, str]) -> None:
    """Thirteen months are thirteen renewals, each in its own run, dated on Stripe's side as they fell due."""
    account = _open(api, "faithful-shop")
    start = datetime.fromisoformat(account["term"]["start"])
    target = start + timedelta(days=400)
    moved = run("fast-forward", "faithful-shop", "--to", target.isoformat(), "--data", str(data))
    assert moved.returncode == 0, moved.stderr
    dump = httpx.get(f"{where['stripe']}/_sandbox/dump", trust_env=False).json()
    mine = [each for each in dump["invoices"] if each["metadata"].get("account_id") == "faithful-shop"]
    assert [each["status"] for each in mine] == ["paid"] * 14
    assert sorted(each["metadata"]["payment_key"] for each in mine) == sorted(
        f"faithful-shop:{n}" for n in range(1, 15)
    )
    for invoice in mine[1:]:
        due = invoice["lines"]["data"][0]["period"]["start"]
        assert 0 <= invoice["created"] - due < 60
    term = _see(api, "faithful-shop")["term"]
    assert datetime.fromisoformat(term["start"]) <= target < datetime.fromisoformat(term["end"])


def test_one_accounts_clock_is_no_others(api: httpx.Client, data: Path) -> None:
    """Everybody else stays in the present."""
    _open(api, "still-shop")
    _open(api, "moving-shop")
    assert run("fast-forward", "moving-shop", "--data", str(data)).returncode == 0
    term = _see(api, "still-shop")["term"]
    assert datetime.fromisoformat(term["start"]) <= datetime.now(UTC) < datetime.fromisoformat(term["end"])


def test_what_cannot_be_is_refused_with_a_sentence(api: httpx.Client, data: Path) -> None:
    """And nothing has moved."""
    _open(api, "refused-shop")
    before = _see(api, "refused-shop")
    for to, code, sentence in (
        ("2020-01-01T00:00Z", 1, "a clock cannot be moved back"),
        ("2126-01-01T00:00Z", 1, "is more than ten years ahead"),
        ("2027-01-01T00:00", 2, "does not say its time zone"),
        ("next week", 2, "is neither term-end nor an instant"),
    ):
        refused = run("fast-forward", "refused-shop", "--to", to, "--data", str(data), COLUMNS="200")
        assert refused.returncode == code
        assert sentence in refused.stderr
        assert "Traceback" not in refused.stderr
    assert _see(api, "refused-shop") == before


def test_a_closed_account_and_an_unknown_one_have_no_clock(api: httpx.Client, data: Path) -> None:
    """Each is told apart."""
    _open(api, "closed-shop")
    _do(api, "closed-shop", "close")
    closed = run("fast-forward", "closed-shop", "--data", str(data))
    assert (closed.returncode, closed.stderr) == (
        1,
        "Account closed-shop is closed: nothing happens to it any more.\n",
    )
    unknown = run("fast-forward", "unknown-shop", "--data", str(data))
    assert (unknown.returncode, unknown.stderr) == (
        1,
        "There is no account unknown-shop on this Temporal server.\n",
    )


def test_without_a_running_system_it_says_what_to_do(tmp_path: Path) -> None:
    """Neither a data directory nor an address."""
    alone = run("fast-forward", "any-shop", "--data", str(tmp_path))
    assert alone.returncode == 1
    assert "No `reprise dev` runs on" in alone.stderr
