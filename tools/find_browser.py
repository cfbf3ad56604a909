"""Find a Chromium for the tests of the built site; print its path, or fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """
    Find a browser that Playwright can drive.

    The first of: the program that ``CHROME_PATH`` names, an installed Chromium or Chrome, the
    Chromium that ``playwright install chromium`` has fetched.

    Returns
    -------
    str or None
        Path of the program; None where there is no browser.

    Raises
    ------
    FileNotFoundError
        When ``CHROME_PATH`` names something that does not exist.
    """
    named = os.environ.get("CHROME_PATH")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"CHROME_PATH names {named}, which is not a program")
        return found
    for command in COMMANDS:
        found = shutil.which(command)
        if found:
            return found
    return _playwright_browser()


def _playwright_browser() -> str | None:
    """Return the Chromium of Playwright when it has been fetched."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    # In a process of its own: Playwright does not start inside a running event loop.
    code = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
    )
    del sync_playwright
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    path = result.stdout.strip()
    return path if result.returncode == 0 and Path(path).is_file() else None


def get_browser() -> str | None:
    """
    Find a browser, or try to have Playwright fetch one.

    Returns
    -------
    str or None
        Path of the program; None where there is no browser and none could be fetched.
    """
    found = find_browser()
    if found:
        return found
    print("No Chromium found: asking Playwright for one", flush=True)
    result = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True, text=True
    )
    return find_browser() if result.returncode == 0 else None


if __name__ == "__main__":
    print(find_browser() or sys.exit("error: no Chromium found: install one, or set CHROME_PATH"))
