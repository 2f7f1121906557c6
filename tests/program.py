"""The command line as a program, in a process of its own, against an API of the tests."""

import asyncio
import json
import os
import sys

from tests.api_side import Json, token
from tests.stripe_side import StripeSide


class Program:
    """The command line in a process of its own, against the tests' API."""

    def __init__(self, url: str, stripe: StripeSide) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REPRISE", "STRIPE"))}
        self.env = {
            **inherited,
            "REPRISE_URL": url,
            "REPRISE_TOKEN": token(scope="operator"),
            "STRIPE_API_KEY": "sk_test_reprise",
            "REPRISE_STRIPE_URL": stripe.url,
        }

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reprise", *arguments, "--json",
            env=self.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def run(self, *arguments: str) -> tuple[int, Json]:
        """Run a command; return its exit code and the document that it has printed."""
        process = await self.start(*arguments)
        said, complained = await process.communicate()
        assert process.returncode is not None
        assert said, complained.decode()
        return process.returncode, json.loads(said)
