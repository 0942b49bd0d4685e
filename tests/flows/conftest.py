"""What every flow test needs."""

import pytest

from tests.flows import client


@pytest.fixture(autouse=True)
async def closing():
    """Close the connections of a test's clients."""
    yield
    while client.OPEN:
        await client.OPEN.pop().aclose()
