"""`reprise dev`: one command starts everything, Ctrl-C ends everything, and the accounts stay."""

import os
import signal
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from reprise.stripe_api.event_types import HEEDED
from tests.local.commands import Dev, children, lives, opening, run, until
from tests.local.conftest import Standing

Start = Callable[..., Dev]


def _open(where: Mapping[str, str], account_id: str) -> httpx.Response:
    return httpx.post(f"{where['api']}/v1/accounts", json=opening(account_id), headers=_bearer(where), trust_env=False)


def _account(where: Mapping[str, str], account_id: str, token: str | None = None) -> dict[str, Any]:
    headers = _bearer(where) if token is None else {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{where['api']}/v1/accounts/{account_id}", headers=headers, timeout=20, trust_env=False)
    account: dict[str, Any] = answer.raise_for_status().json()
    return account


def _bearer(where: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {where['operator_token']}"}


def test_everything_answers_and_the_accounts_outlive_ctrl_c_and_kill(dev: Start, tmp_path: Path) -> None:
    """One line of JSON; Ctrl-C in the terminal ends all with exit 0; the next start has the same accounts and keys."""
    first = dev()
    where = first.addresses()
    assert list(where) == ["api", "temporal", "temporal_ui", "stripe", "operator_token"]
    assert httpx.get(f"{where['api']}/readyz", trust_env=False).is_success
    assert httpx.get(where["temporal_ui"], trust_env=False).is_success
    assert httpx.get(f"{where['stripe']}/_sandbox/healthz", trust_env=False).is_success
    endpoints = f"{where['stripe']}/v1/webhook_endpoints"
    (heard,) = httpx.get(endpoints, headers={"Authorization": "Bearer sk_test_1"}, trust_env=False).json()["data"]
    assert set(heard["enabled_events"]) == HEEDED
    assert _open(where, "shop-1").status_code == 201
    made = _account(where, "shop-1")
    assert made["state"] == "active"
    link = run("portal-link", "shop-1", "--data", str(tmp_path / "data"))
    assert "In service" in httpx.get(link.stdout.strip(), follow_redirects=True, timeout=20, trust_env=False).text
    unknown = run("portal-link", "shop-2", "--data", str(tmp_path / "data"))
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert unknown.stderr.startswith("There is no such account")

    processes = children(first.pid)
    assert len(processes) == 4, processes
    first.signal(signal.SIGINT)
    code, printed, complained = first.ended()
    assert (code, printed) == (0, ""), complained
    assert not [pid for pid in processes if lives(pid)]

    second = dev()
    again = second.addresses()
    assert _account(again, "shop-1") == made
    assert _account(again, "shop-1", where["operator_token"]) == made, "the secret that tokens are signed with is kept"

    processes = children(second.pid)
    os.kill(second.pid, signal.SIGKILL)
    until(lambda: not [pid for pid in processes if lives(pid)], "the children end with a parent that was killed")

    third = dev()
    assert _account(third.addresses(), "shop-1") == made
    secrets = tmp_path / "data" / "secrets.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    third.signal(signal.SIGTERM)
    assert third.ended()[0] == 0


def test_everything_listens_on_this_machine_alone(standing: Standing) -> None:
    """No server of `reprise dev` can be reached from elsewhere."""
    listening = [address for pid in children(standing.dev.pid) for address in _listening(pid)]
    assert len(listening) >= 4
    assert set(listening) == {"127.0.0.1"}


def _listening(pid: int) -> list[str]:
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and fields[9] in inodes:
                packed = bytes.fromhex(fields[1].split(":")[0])
                words = [packed[at : at + 4][::-1] for at in range(0, len(packed), 4)]
                found.append(socket.inet_ntop(family, b"".join(words)))
    return found


def test_a_dead_child_ends_everything_with_a_sentence(dev: Start) -> None:
    """The sentence names the one that died and shows the end of its log; nothing else stays."""
    started = dev()
    started.addresses()
    processes = children(started.pid)
    worker = next(pid for pid, command in processes.items() if "reprise.worker" in command)
    os.kill(worker, signal.SIGKILL)
    code, printed, complained = started.ended()
    assert (code, printed) == (1, "")
    assert "The worker has died (killed by SIGKILL)." in complained
    assert "worker ready" in complained
    assert "Traceback" not in complained
    assert not [pid for pid in processes if lives(pid)]


def test_ctrl_c_while_starting_leaves_nothing(dev: Start) -> None:
    """Whatever has been started by then is ended; exit 0."""
    started = dev()
    until(lambda: bool(children(started.pid)), "the first child")
    processes = children(started.pid)
    started.signal(signal.SIGINT)
    code, printed, complained = started.ended()
    assert (code, printed) == (0, ""), complained
    assert not [pid for pid in processes if lives(pid)]


def test_with_a_key_of_ones_own_no_sandbox_starts(dev: Start) -> None:
    """STRIPE_API_KEY means Stripe itself."""
    started = dev(STRIPE_API_KEY="sk_test_1")
    assert started.addresses()["stripe"] == "https://api.stripe.com"
    assert not [command for command in children(started.pid).values() if "stripe_sandbox" in command]


def test_help_is_quick_and_names_the_commands() -> None:
    """The commands load what they need when they run."""
    printed = run("--help").stdout
    for command in ("dev", "demo", "fast-forward", "token", "api", "worker", "stripe-sandbox"):
        assert command in printed
