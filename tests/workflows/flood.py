"""Floods: many signals at once to one account. From a process of its own, so that the worker keeps its time.

`python -m tests.workflows.flood <temporal address> <account id> <signal> <how many>`
"""

import asyncio
import os
import sys
from collections.abc import Callable

from pydantic import BaseModel
from temporalio.client import Client

from reprise.statemachine.commands import SetCarts, SetPaymentMethod
from reprise.temporal.converter import data_converter
from reprise.workflows.messages import PaymentHint, workflow_id

AT_ONCE = 50

MESSAGES: dict[str, Callable[[int], BaseModel]] = {
    "payment_hint": lambda n: PaymentHint(event_id=f"evt_{n}", event_type="invoice.paid"),
    "set_carts": lambda n: SetCarts(carts=n, command_id=f"carts-{n}"),
    "set_payment_method": lambda n: SetPaymentMethod(payment_method="pm_card_visa", command_id=f"method-{n}"),
}


async def flood(client: Client, account_id: str, signal: str, many: int) -> None:
    """Send `many` signals, 1 to `many`, each with content of its own."""
    handle = client.get_workflow_handle(workflow_id(account_id))
    numbers = iter(range(1, many + 1))

    async def send() -> None:
        for number in numbers:
            await handle.signal(signal, MESSAGES[signal](number))

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))


async def flood_from_outside(client: Client, account_id: str, signal: str, many: int) -> None:
    """The same from another process."""
    target = client.service_client.config.target_host
    command = [sys.executable, "-m", __name__, target, account_id, signal, str(many)]
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0


async def main(target: str, account_id: str, signal: str, many: str) -> None:
    """Flood an account."""
    client = await Client.connect(target, data_converter=data_converter)
    await flood(client, account_id, signal, int(many))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    os._exit(0)  # Temporal's client now and then aborts the interpreter's own shutdown (1.35)
