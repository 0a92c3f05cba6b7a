"""What came with messages: fetched, looked at and stored, away from everybody who waits."""

from inbox.media.fetching import ask_forgotten, fetch, tidy

__all__ = ["ask_forgotten", "fetch", "tidy"]
