"""The proof in the settings: it is asked for, and comes, without a reload."""

import re
import time

from playwright.sync_api import expect


def test_what_was_missing_is_fetched_while_one_looks_on(enter, provider, carol):
    adam = enter("adam", "/settings/lines")
    provider.weather("lost:1")
    provider.say(carol.address, "Nobody told you", at=int((time.time() - 120) * 1000))
    card = adam.page.locator("line-proof").filter(has_text="Blooio")

    card.get_by_role("button", name="Verify now").click()

    row = card.get_by_role("row", name=re.compile("Asked for.*1 message had not arrived"))
    expect(row.first).to_be_visible()
    expect(card.get_by_role("button", name="Verify now")).to_be_focused()
    expect(adam.page.get_by_role("status", name="News")).to_contain_text("had not arrived")
