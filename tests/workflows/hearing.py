"""What the product has heard of an account."""

import asyncio

from tests.product import Product
from tests.workflows.world import World


async def heard_all(world: World, product: Product, seconds: float = 30) -> None:
    """Wait until the product has heard of the account's last change."""
    last = (await world.see()).sequence
    async with asyncio.timeout(seconds):
        while product.sequences(world.account_id)[-1:] != [last]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
