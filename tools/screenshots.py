"""Photograph pages of a built site, wide and narrow, light and dark."""

import argparse
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

from tools.find_browser import FLAGS, find_browser

Theme = Literal["light", "dark"]
WIDTHS = (1280, 375)
THEMES: tuple[Theme, Theme] = ("light", "dark")


def take_screenshots(files: list[Path], out: Path, *, full_page: bool = True) -> None:
    """
    Save one PNG for each page, width and theme.

    Parameters
    ----------
    files : list of pathlib.Path
        Built HTML pages.
    out : pathlib.Path
        Folder for the pictures; made when it is missing.
    full_page : bool
        Whether to take the whole page, or only what the window shows.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        for theme in THEMES:
            for width in WIDTHS:
                context = browser.new_context(
                    color_scheme=theme, viewport={"width": width, "height": 900}
                )
                page = context.new_page()
                for file in files:
                    page.goto(file.resolve().as_uri(), wait_until="load")
                    page.wait_for_timeout(300)
                    picture = out / f"{file.stem}-{width}-{theme}.png"
                    page.screenshot(path=picture, full_page=full_page)
                    print(picture)
                context.close()
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
