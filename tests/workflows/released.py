"""The worker of a release, kept as an archive of its source: what it started, later versions go on with.

Only the worker's own modules are kept. It runs on the libraries of the day: what is tried is our code's change.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.product import Product

ARCHIVE = "worker.zip"


def keep_worker(folder: Path) -> None:
    """Write the source of every module that the worker of this version consists of; the same source, the same bytes."""
    import reprise.worker  # noqa: F401 - its import says which modules those are

    sources = {
        name: Path(module.__file__)
        for name, module in sys.modules.items()
        if name.partition(".")[0] == "reprise" and module.__file__
    }
    with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sorted(sources.items()):
            path = name.replace(".", "/") + ("/__init__.py" if source.name == "__init__.py" else ".py")
            archive.writestr(zipfile.ZipInfo(path), source.read_bytes(), zipfile.ZIP_DEFLATED)


def released_worker(
    release: Path, temporal: str, stripe: str, product: Product | None = None
) -> subprocess.Popen[bytes]:
    """Start the worker of a release as a process of its own.

    Args:
        release: The release's folder.
        temporal: Address of the Temporal server.
        stripe: URL of the Stripe sandbox.
        product: The product's endpoint, if changes are to be announced.
    """
    announcing = product and {
        "REPRISE_ANNOUNCEMENTS_URL": product.url,
        "REPRISE_ANNOUNCEMENTS_SECRET": product.secret,
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(release / ARCHIVE),
        "TEMPORAL_ADDRESS": temporal,
        "STRIPE_API_KEY": "sk_test_reprise",
        "REPRISE_STRIPE_URL": stripe,
        **(announcing or {}),
    }
    # -P: the archive's package, not the one in the current directory.
    command = [sys.executable, "-P", "-m", "reprise.worker"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
