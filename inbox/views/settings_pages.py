"""The pages of the settings, and who may see each of them."""

from dataclasses import dataclass

from inbox.users import User


@dataclass(frozen=True)
class SettingsPage:
    """`endpoint` is its view; the navigation shows them in this order."""

    endpoint: str
    name: str
    roles: tuple[str, ...]


PAGES = (
    SettingsPage("verifications.index", "Lines", ("manager", "admin")),
    SettingsPage("webhook_events.index", "Webhooks", ("admin",)),
)


def pages_for(user: User) -> list[SettingsPage]:
    return [page for page in PAGES if user.role in page.roles]
