"""Find a Chromium for the tests of the built site; print its path, or fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# In a process of its own: Playwright does not start inside a running event loop.
ASK_PLAYWRIGHT = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def find_browser() -> str | None:
    """
    Return the path of a browser that Playwright can drive, or None.

    The first of: the program that ``CHROME_PATH`` names, an installed Chromium or Chrome, the
    Chromium that ``playwright install chromium`` has fetched. Raises FileNotFoundError when
    ``CHROME_PATH`` names something that is not a program.
    """
    named = os.environ.get("CHROME_PATH")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"CHROME_PATH names {named}, which is not a program")
        return found
    installed = filter(None, map(shutil.which, COMMANDS))
    return next(installed, None) or _fetched_browser()


def _fetched_browser() -> str | None:
    """Return the Chromium of Playwright when it has been fetched."""
    result = subprocess.run([sys.executable, "-c", ASK_PLAYWRIGHT], capture_output=True, text=True)
    path = result.stdout.strip()
    return path if result.returncode == 0 and Path(path).is_file() else None


if __name__ == "__main__":
    print(find_browser() or sys.exit("no Chromium found: install one, or set CHROME_PATH"))
