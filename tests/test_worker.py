"""The worker as a process: it waits for a Temporal that is starting as well, and says so."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from reprise.local.ports import Ports, settled
from reprise.local.processes import Child
from reprise.local.servers import temporal


async def test_a_worker_that_starts_before_temporal_waits_for_it(tmp_path: Path) -> None:
    """And ends by itself once its time is over, or where accounts could not live."""
    ports = await settled(Ports.any_free())
    impatient = await worker(ports.temporal, "0")
    assert b'"worker not started"' in (await impatient.communicate())[0]
    assert impatient.returncode == 1
    patient = await worker(ports.temporal, "60")
    try:
        async with asyncio.timeout(30):
            await says(patient, b"Temporal cannot be reached yet")
        server = temporal(tmp_path, ports)
        starting = await Child.start("Temporal", server.command, os.environ, tmp_path / "temporal.log", grace=0)
        try:
            async with asyncio.timeout(60):
                await says(patient, b"worker ready")
            patient.send_signal(signal.SIGTERM)
            assert await patient.wait() == 0
            elsewhere = await worker(ports.temporal, "0", TEMPORAL_NAMESPACE="temporal-system")
            complaint = (await elsewhere.communicate())[0]
            assert b"lacks the search attributes AccountState, " in complaint
            assert b"reprise setup-namespace --namespace temporal-system" in complaint
            assert elsewhere.returncode == 1
        finally:
            await starting.stop()
    finally:
        if patient.returncode is None:
            patient.kill()
            await patient.wait()


async def worker(port: int, seconds: str, **more: str) -> Process:
    """Start a worker for a Temporal server at a port, where there may be none yet."""
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": f"127.0.0.1:{port}",
        "STRIPE_API_KEY": "sk_test_reprise",
        "REPRISE_CONNECT_TIMEOUT": seconds,
        **more,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "reprise.worker", env=environment, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def says(process: Process, what: bytes) -> None:
    """Read a process's log until it says something."""
    assert process.stdout is not None
    while what not in (line := await process.stdout.readline()):
        assert line, f"it has ended without saying {what.decode()}"
