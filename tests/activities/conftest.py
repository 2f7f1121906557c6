"""What tests of the activities share: payers, one registered with a good card."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.activities.payer import Payer
from tests.stripe_side import StripeSide


@pytest.fixture(scope="package")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSide]:
    """A sandbox that nobody else speaks to: some faults count requests."""
    with closing(StripeSide(tmp_path_factory.mktemp("stripe") / "stripe.db")) as side:
        yield side


@pytest.fixture
async def payer(stripe_side: StripeSide) -> Payer:
    here = Payer(stripe_side)
    await here.register()
    return here
