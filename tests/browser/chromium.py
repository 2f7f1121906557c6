"""The browser: Debian's Chromium, found or installed, driven by Playwright."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

MISSING = "NO BROWSER: install chromium to run the tests of the pages; they are SKIPPED."

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

PATIENCE = 20_000
"""How long a page may take, in milliseconds: several browsers and whole systems share two processors."""

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """Return where the browser is; None when there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run the browser without a window."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=path(), args=list(FLAGS), chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield started
        finally:
            await started.close()


def install() -> int:
    """Install Debian's package where that is possible without asking anybody; say so where it is not."""
    if path():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's chromium for the tests of the pages ...", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *command], env=quiet, stdout=subprocess.DEVNULL, check=False)
    if not path():
        print(MISSING, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(install())
