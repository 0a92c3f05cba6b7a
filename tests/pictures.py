"""The pictures in docs/screenshots: real pages of a real process, with data as ugly as it comes."""

import re
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from pydantic import SecretStr

from inbox import (
    contacts,
    conversations,
    create_app,
    deliveries,
    lines,
    messages,
    people,
    schema,
    users,
)
from inbox import phone as phones
from inbox.config import ROOT, Settings
from inbox.contacts import Address
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.messages import Message
from inbox.reactions import Reaction
from inbox.users import User
from tests.browser.conftest import QUIET
from tests.processes import PASSWORD, Tapback, pretending

PICTURES = ROOT / "docs" / "screenshots"
KEY = "only for pictures"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}

# (address, name, road, [(who, minutes into the afternoon, words, state)]): "in" wrote to us.
PEOPLE = [
    (
        "+14155550132",
        "Amara Okonkwo",
        "imessage",
        [
            ("in", 20, "Good morning! It came, but look at the base 😞", ""),
            ("in", 21, "The box was already dented when the courier put it down.", ""),
            ("jonas", 40, "I’m sorry, Amara, that’s a clean break and not your doing.", "read"),
            ("jonas", 41, "Would Thursday between 8 and 11 suit you?", "loved"),
            ("in", 160, "Oh that’s fast, thank you!", ""),
            ("in", 161, "Yes, Thursday morning works 🙏", ""),
            ("jonas", 166, "Lovely, Thursday 8–11 it is:\nhttps://example.com/20391", "delivered"),
        ],
    ),
    (
        "+12125550137",
        "Wojciech Brzęczyszczykiewicz-Kowalski von und zu Habsburg III.",
        "imessage",
        [("in", 153, "Is the extending table in stock in oak, or only the walnut one?", "")],
    ),
    (
        "+13135550126",
        "محمد العتيبي",
        "imessage",
        [("in", 136, "مرحبا، متى يصل الطلب رقم 20418؟", "")],
    ),
    ("+13125550187", None, "sms", [("in", 119, "hi is this the furniture place? my sofa", "")]),
    ("+16465550119", "🦄✨", "sms", [("in", 102, "👍👍👍", "")]),
    (
        "+442079460958",
        "Ελένη Παπαδοπούλου",
        "imessage",
        [("in", 85, "Ευχαριστώ για τα δείγματα!", "")],
    ),
    (
        "linh@example.com",
        "Linh Nguyễn Thị Phương",
        "imessage",
        [("in", 68, "All sorted, enjoy the chair!", "")],
    ),
    (
        "+16285550148",
        "Ruth Goldberg",
        "sms",
        [("ana", 60, "Thank you, we’ve added it to your order", "sent")],
    ),
    (
        "+16695550137",
        "Dmitri Volkov",
        "imessage",
        [
            ("in", 90, "When does the courier come?", ""),
            ("ana", 120, "Your courier is outside, but the bell does not work.", "failed"),
        ],
    ),
    (
        "+15105550171",
        "Three Hundred Bubbles",
        "imessage",
        [
            line
            for n in range(150)
            for line in (
                ("in", n, f"Question {n + 1}: {'and so on ' * (n % 12)}", ""),
                ("ana", n, f"Answer {n + 1}", "read"),
            )
        ],
    ),
]
GROUP = [
    ("+15105550102", "Siobhan Murphy", "Lift is booked 10–12, then it’s stairs only"),
    ("+15105550193", "Tāne Parata", "I can hold the door from ten"),
    ("+15105550102", "Siobhan Murphy", "Perfect"),
    ("+14155550171", "Marisol Quiñones Ibarra", "Where do we leave the packaging?"),
]


class Afternoon:
    """What was said in three hours, written by the product's own verbs."""

    def __init__(self) -> None:
        self.begin = now() - timedelta(hours=3)
        self.line = lines.put(
            "blooio",
            name="Support",
            base_url="http://127.0.0.1:9",
            api_key="x",
            webhook_secrets=["x"],
            number="+14155550100",
            bare_signatures=False,
        )
        self.us = {
            "jonas": self.colleague("Jonas Lindqvist", "admin"),
            "ana": self.colleague("Ana Oliveira", "agent"),
        }
        self.made: dict[str, int] = {}

    def colleague(self, name: str, role: str) -> User:
        email = f"{name.split()[0].lower()}@example.com"
        return users.add(email, name=name, role=role, password=people.hash_password(PASSWORD))

    def at(self, minutes: int) -> datetime:
        return self.begin + timedelta(minutes=minutes)

    def tell(self) -> None:
        for address, name, road, said in PEOPLE:
            person = contacts.with_address(phones.from_provider(address), name=name)
            person.imessage, person.checked_at = road == "imessage", now()
            one = conversations.with_person(self.line, person)
            one.protocol = road
            for who, minutes, words, state in said:
                if who == "in":
                    self.hear(one, person, minutes, words)
                else:
                    self.answer(one, self.us[who], minutes, words, state)
            self.made[name or address] = one.id
        self.gather()

    def gather(self) -> None:
        group = conversations.with_group(self.line, "grp_loft4b", name="Loft 4B move-in")
        group.protocol = "imessage"
        for minutes, (address, name, words) in enumerate(GROUP):
            sender = contacts.with_address(phones.from_provider(address), name=name)
            conversations.join(group, sender)
            self.hear(group, sender, 130 + minutes, words)
        self.made["group"] = group.id

    def hear(self, one: Conversation, sender: Address, minutes: int, words: str) -> None:
        messages.receive(
            one,
            words,
            sender=sender,
            provider_id=None,
            protocol=one.protocol,
            at=self.at(minutes),
            attachments=[],
        )

    def answer(self, one: Conversation, author: User, minutes: int, words: str, state: str) -> None:
        message = messages.compose(one, author, words)
        message.at = message.created_at = one.last_at = self.at(minutes)
        if state == "failed":
            deliveries.fail(message, "This number is not in service.", code="not_in_service")
            return
        deliveries.advance(message, "read" if state == "loved" else state, protocol=one.protocol)
        if state == "loved":
            self.love(message)

    def love(self, message: Message) -> None:
        sender = message.conversation.chat_key
        message.reactions.append(Reaction(sender=sender, reaction="love", at=now()))


def fill(folder: Path) -> dict[str, int]:
    """The ids of the conversations by name."""
    app = create_app(Settings(_env_file=None, data_dir=folder, secret_key=SecretStr(KEY)))
    with app.app_context():
        schema.upgrade()
        afternoon = Afternoon()
        afternoon.tell()
        seen = db.session.get_one(Conversation, afternoon.made["Amara Okonkwo"])
        conversations.mark_seen(seen, by=afternoon.us["jonas"])
        db.session.commit()
        db.engine.dispose()
        return afternoon.made


def take(page: Page, url: str, made: dict[str, int], suffix: str) -> None:
    def shot(name: str, path: str) -> None:
        page.goto(url + path)
        page.wait_for_timeout(700)
        page.screenshot(path=PICTURES / f"{name}-{suffix}.png")

    shot("list", "/conversations")
    for name, who in (
        ("inbox", "Amara Okonkwo"),
        ("group", "group"),
        ("long", "Three Hundred Bubbles"),
        ("failed", "Dmitri Volkov"),
        ("long-name", PEOPLE[1][1]),
    ):
        shot(name, f"/conversations/{made[str(who)]}")
    shot("empty", "/conversations?queue=closed")
    page.get_by_role("button", name="New message").first.click()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / f"new-message-{suffix}.png")


def sign_in(page: Page, url: str, suffix: str) -> None:
    page.goto(f"{url}/login")
    page.screenshot(path=PICTURES / f"sign-in-{suffix}.png")
    page.get_by_role("textbox", name="Email").fill("jonas@example.com")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/conversations"))


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, pretending() as provider:
        folder = Path(name)
        made = fill(folder / "data")
        tapback = Tapback(folder, provider=provider, SECRET_KEY=KEY).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=list(QUIET)
            )
            for theme in ("light", "dark"):
                for kind, (width, height) in SIZES.items():
                    size = {"width": width, "height": height}
                    page = browser.new_page(viewport=size, color_scheme=theme)
                    sign_in(page, tapback.url, f"{theme}-{kind}")
                    take(page, tapback.url, made, f"{theme}-{kind}")
                    page.close()
            browser.close()
        tapback.kill()


if __name__ == "__main__":
    main()
