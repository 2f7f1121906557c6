"""Ports: chosen, free or refused."""

import socket

import pytest

from reprise.local.errors import LocalError
from reprise.local.ports import ANY, Ports, settled


async def test_zero_becomes_a_free_port_of_its_own() -> None:
    """Four servers, four ports, each free."""
    chosen = await settled(Ports.any_free())
    ports = {chosen.api, chosen.temporal, chosen.ui, chosen.stripe}
    assert len(ports) == 4
    assert all(port in ANY for port in ports)


async def test_the_port_of_what_is_not_started_does_not_matter() -> None:
    """With real Stripe, the sandbox's port may be taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports(0, 0, 0, taken.getsockname()[1])
        assert (await settled(ports, unused=frozenset({"stripe"}))).stripe == ports.stripe
        with pytest.raises(LocalError, match="--stripe-port"):
            await settled(ports)
