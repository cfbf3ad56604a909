"""Finding a browser, or saying that there is none."""

import pytest

from tools.find_browser import COMMANDS, find_browser


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any browser."""
    monkeypatch.delenv("CHROME_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    return tmp_path


def program(path):
    """Write a program that does nothing."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_named_browser_comes_first(bare, monkeypatch):
    program(bare / "chromium")
    mine = program(bare / "mine")
    monkeypatch.setenv("CHROME_PATH", mine)
    assert find_browser() == mine


def test_a_name_that_leads_nowhere_is_an_error(bare, monkeypatch):
    monkeypatch.setenv("CHROME_PATH", str(bare / "gone"))
    with pytest.raises(FileNotFoundError, match=r"CHROME_PATH names .*gone, which is not a prog"):
        find_browser()


def test_an_installed_browser_is_found_or_there_is_none(bare):
    assert find_browser() is None
    path = program(bare / COMMANDS[-1])
    assert find_browser() == path
