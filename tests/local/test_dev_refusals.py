"""What `reprise dev` will not do, each said in one sentence, with nothing left running."""

import socket
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.local.commands import Dev, run
from tests.local.conftest import Standing

Start = Callable[..., Dev]


def test_a_taken_port_is_named_with_its_option(dev: Start) -> None:
    """One sentence, exit 1, and nothing was started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, printed, complained = dev("--ui-port", str(port)).ended()
    assert (code, printed) == (1, "")
    why = "cannot be used (address already in use)"
    assert complained == f"Port {port} {why}: choose another one with --ui-port, or 0 for any free one.\n"


def test_a_port_given_twice_is_refused(dev: Start) -> None:
    """Two servers cannot share one."""
    code, _, complained = dev("--api-port", "30999", "--stripe-port", "30999").ended()
    assert (code, complained) == (1, "Port 30999 was given twice: choose another one with --stripe-port.\n")


def test_a_directory_has_one_system(standing: Standing) -> None:
    """The second is told who has it; the first goes on."""
    first, data, where = standing
    code, _, complained = Dev(data).ended()
    assert code == 1
    assert f"is in use by process {first.pid}" in complained
    assert httpx.get(f"{where['api']}/readyz", trust_env=False).is_success
    token = run("token", "--operator", "--data", str(data)).stdout.strip()
    assert httpx.get(
        f"{where['api']}/v1/accounts", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ).is_success


def test_a_live_key_is_refused(dev: Start) -> None:
    """What runs here is no place for real money."""
    code, _, complained = dev(STRIPE_API_KEY="sk_live_1").ended()
    assert (code, complained.startswith("STRIPE_API_KEY is a live key.")) == (1, True)


def test_a_portal_link_wants_a_running_system(tmp_path: Path) -> None:
    """It says what to start, and prints no link."""
    asked = run("portal-link", "shop-1", "--data", str(tmp_path / "none"))
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith("No `reprise dev` runs on ")
