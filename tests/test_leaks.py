"""The watch over all logs sees what leaks, and its own silence means something."""

import re
import subprocess
import sys

from inbox.config import ROOT
from tests import leaks
from tests.processes import wait_until


def test_a_test_that_leaks_fails_and_says_what():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests/leaking.py"]
    done = subprocess.run(
        [*command, "-k", "not postgresql"], cwd=ROOT, capture_output=True, text=True
    )

    assert "5 passed, 4 deselected, 4 errors" in done.stdout, done.stdout
    told = re.findall(r"(?m)^leaked: (.*)$", done.stdout)
    assert sorted(set(told)) == sorted(
        {
            "the log of this test holds a webhook's secret",
            "the log of this test holds a full number",
            "the log of this test holds what somebody wrote",
            next(one for one in told if ".log holds a full number" in one),
        }
    )


def test_the_logs_of_processes_are_not_empty(tapback):
    tapback.post_webhook({"event": "message.received", "text": "My dog is ill"})

    assert tapback.settings.get("LOG_LEVEL", "debug") == "debug"
    wait_until(lambda: "line.verified" in tapback.log.read_text(), "line in the log")
    assert leaks.among("My dog is ill again") == ["what somebody wrote"]
