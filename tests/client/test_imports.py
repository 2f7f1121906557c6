"""The client is light: it brings neither Temporal nor Stripe nor a web framework into other people's programs."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from tests.local.commands import REPRISE, environment

HEAVY: Final = ("temporalio", "stripe", "fastapi", "starlette", "uvicorn", "statemachine", "structlog", "cryptography")

MEASURE: Final = """
import json, sys, time
began = time.process_time()
import httpx, pydantic
needed = time.process_time()
import reprise.client
print(json.dumps({"needed": needed - began, "own": time.process_time() - needed, "modules": list(sys.modules)}))
"""


def test_importing_the_client_imports_nothing_of_the_server(record_property: Callable[[str, object], None]) -> None:
    """And takes little beside what httpx and pydantic take: its models."""
    ran = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    measured = json.loads(ran.stdout)
    brought = {each.partition(".")[0] for each in measured["modules"]}
    assert not brought.intersection(HEAVY)
    ours = {each for each in measured["modules"] if each.startswith("reprise.")}
    assert all(each.startswith(("reprise.client", "reprise.schemas", "reprise.statemachine")) for each in ours)
    assert measured["own"] < 1.0
    record_property(
        "figure",
        f"importing reprise.client: {measured['own']:.2f} s of CPU, after {measured['needed']:.2f} s for httpx",
    )


def test_the_command_line_loads_the_client_for_commands_alone() -> None:
    """`--version` and completion are asked for by scripts and shells."""
    script = "import sys; import reprise.cli.main; print(' '.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"httpx", "pydantic", *HEAVY}.intersection(ran.stdout.split())
    ran = subprocess.run([REPRISE, "--version"], env=environment(), capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("reprise ")
