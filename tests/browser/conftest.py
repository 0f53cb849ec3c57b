"""Debian's Chromium against the live site; it notes every breach of the content policy and every script error."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.site.hosting.conftest import tiny  # noqa: F401

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FORM_CAME_BACK = "status of 400"
PATIENCE_MS = 60_000  # of a busy machine; nothing waits so long
expect.set_options(timeout=PATIENCE_MS)
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the thread that the tests' queries run in


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is missing: apt-get install chromium"
        if "browser" in os.environ.get("HOLDOUT_REQUIRE", ""):
            pytest.fail(f"HOLDOUT_REQUIRE asks for a browser: {missing}")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser had to say; empty at the end of every test."""
    said: list[str] = []
    yield said
    assert said == []


@pytest.fixture
def page(browser: Browser, live_server: object, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=str(live_server))
    yield watched(context, complaints)
    context.close()


@pytest.fixture
def plain_page(browser: Browser, live_server: object, complaints: list[str]) -> Iterator[Page]:
    """Without JavaScript."""
    context = browser.new_context(base_url=str(live_server), java_script_enabled=False)
    yield watched(context, complaints)
    context.close()


def watched(context: BrowserContext, complaints: list[str]) -> Page:
    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and FORM_CAME_BACK not in message.text:
            complaints.append(message.text)

    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page
