"""What runs in the nursery: the patch, everything that the product imports, and the forks.

The patch comes first, as in the product: so nothing of the tests may be imported here.
"""

from gevent import monkey

monkey.patch_all()

import ctypes  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from pathlib import Path  # noqa: E402

import time_machine  # noqa: E402

import inbox.views  # noqa: E402, F401  it is imported late otherwise, and older children differ
from inbox.cli import main  # noqa: E402

PR_SET_PDEATHSIG = 1
FORK, WAITPID = (monkey.get_original("os", name) for name in ("fork", "waitpid"))


def nurse() -> None:
    """Start a child, or look whether one has ended, for each line of JSON."""
    for line in sys.stdin:
        asked = json.loads(line)
        told = start(**asked["start"]) if "start" in asked else look_at(asked["look_at"])
        print(json.dumps(told), flush=True)


def start(**given: object) -> int:
    pid: int = FORK()
    if pid == 0:
        live(**given)
    return pid


def look_at(pid: int) -> int | None:
    """Its exit code, once it has ended."""
    found, status = WAITPID(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def live(words: list[str], environment: dict[str, str], log: str, clock: str) -> None:
    """As `python -m inbox WORDS` does. Never returns."""
    code = 1
    try:
        follow_into_death()
        redirect(log)
        os.environ.clear()
        os.environ.update(environment)
        wind(Path(clock))
        main(args=words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def follow_into_death() -> None:
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for ours, theirs in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(ours, theirs)


def wind(clock: Path) -> None:
    """Our clock goes as far ahead of the real one as the file says, and is set when told."""
    traveller = time_machine.travel(time.time(), tick=True).start()

    def move(*_: object) -> None:
        traveller.move_to(time_machine.escape_hatch.time.time() + float(clock.read_text()))

    move()
    signal.signal(signal.SIGUSR1, move)


if __name__ == "__main__":
    nurse()
