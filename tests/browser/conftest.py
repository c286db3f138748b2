"""The browser of tests/up, on a desk of this folder's own."""

from tests.up.conftest import admin, browser, chromium, open_as, sessions, viewer

__all__ = ["admin", "browser", "chromium", "open_as", "sessions", "viewer"]
