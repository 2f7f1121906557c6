"""What tests of the activities share: payers, one registered with a good card."""

import pytest

from tests.activities.payer import Payer
from tests.stripe_side import StripeSide, a_sandbox

stripe_process = pytest.fixture(scope="package")(a_sandbox)  # nobody else speaks to it: some faults count requests


@pytest.fixture
async def payer(stripe_side: StripeSide) -> Payer:
    here = Payer(stripe_side)
    await here.register()
    return here
