"""What the product has heard of an account."""

from tests.product import Product
from tests.workflows.world import World


async def heard_all(world: World, product: Product, seconds: float = 30) -> None:
    """Wait until the product has heard of the account's last change."""
    await product.hears(world.account_id, (await world.see()).sequence, seconds)
