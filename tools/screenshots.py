"""Photograph pages of a built site, wide and narrow, light and dark."""

import argparse
import sys
from pathlib import Path

from find_browser import find_browser
from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTHS = (1280, 375)
THEMES = ("light", "dark")


def take_screenshots(site, out, pages=(), *, widths=WIDTHS, themes=THEMES, full_page=True):
    """
    Save one PNG for each page, width and theme.

    Parameters
    ----------
    site : pathlib.Path
        Folder of the built HTML pages.
    out : pathlib.Path
        Folder for the pictures; made when it is missing.
    pages : sequence of str
        Page names such as ``"index"`` or ``"index.html"``; every page when empty.
    widths, themes : sequences
        Window widths in CSS pixels, and ``"light"`` or ``"dark"``.
    full_page : bool
        Whether to take the whole page, or only what the window shows.

    Returns
    -------
    list of pathlib.Path
        The pictures.

    Raises
    ------
    FileNotFoundError
        When there is no browser, or a page does not exist.
    """
    browser_path = find_browser()
    if browser_path is None:
        raise FileNotFoundError("no Chromium found: install one, or set CHROME_PATH")
    site, out = Path(site).resolve(), Path(out)
    files = [site / f"{page.removesuffix('.html')}.html" for page in pages] or sorted(
        site.glob("*.html")
    )
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"{file} does not exist")
    out.mkdir(parents=True, exist_ok=True)
    pictures = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        for theme in themes:
            for width in widths:
                context = browser.new_context(
                    color_scheme=theme, viewport={"width": width, "height": 900}
                )
                page = context.new_page()
                for file in files:
                    page.goto(file.as_uri(), wait_until="load")
                    page.wait_for_timeout(300)
                    picture = out / f"{file.stem}-{width}-{theme}.png"
                    page.screenshot(path=picture, full_page=full_page)
                    pictures.append(picture)
                context.close()
        browser.close()
    return pictures


def main():
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="folder of the built HTML pages")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("pages", nargs="*", help="pages (default: all)")
    parser.add_argument("--window", action="store_true", help="only what one window shows")
    options = parser.parse_args()
    try:
        for picture in take_screenshots(
            options.site, options.out, options.pages, full_page=not options.window
        ):
            print(picture)
    except FileNotFoundError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
