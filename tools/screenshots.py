"""Photograph pages of a built site, wide and narrow, light and dark."""

import argparse
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

from tools.find_browser import FLAGS, find_browser

Theme = Literal["light", "dark"]
WIDTHS = (1280, 375)
THEMES: tuple[Theme, Theme] = ("light", "dark")


def take_screenshots(files: list[Path], out: Path, *, full_page: bool = True) -> None:
    """Save one PNG of each built page, in each width and theme."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        for theme, width in product(THEMES, WIDTHS):
            page = browser.new_page(color_scheme=theme, viewport={"width": width, "height": 900})
            for file in files:
                page.goto(file.resolve().as_uri(), wait_until="load")
                page.wait_for_timeout(300)
                picture = out / f"{file.stem}-{width}-{theme}.png"
                page.screenshot(path=picture, full_page=full_page)
                print(picture)
            page.close()
        browser.close()


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("pages", nargs="+", type=Path, help="files, as _build/html/index.html")
    parser.add_argument("--window", action="store_true", help="only what one window shows")
    options = parser.parse_args()
    take_screenshots(options.pages, options.out, full_page=not options.window)


if __name__ == "__main__":
    main()
