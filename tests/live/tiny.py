"""A tiny product process: the real server and live transport around an app that has no database.

Prints its port, then obeys small posts. Who listens is said by a cookie: `viewer=7/s1/red,blue`.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

import gevent  # noqa: E402
from flask import Flask, request  # noqa: E402

from inbox import live, server  # noqa: E402
from inbox.body import read_limited  # noqa: E402

gone: set[str] = set()
app = Flask("tiny")
live.init_app(app, redis_url=os.environ.get("TINY_REDIS"), origins=["https://desk.example.com"])


@live.who
def who() -> live.Viewer | None:
    user, _, rest = request.cookies.get("viewer", "").partition("/")
    session, _, rooms = rest.partition("/")
    ended = session in gone
    if session.startswith("slow"):  # the session ends while it is being let in
        gevent.sleep(0.3)
    if not user or ended:
        return None
    return live.Viewer(int(user), session, [room for room in rooms.split(",") if room])


@app.post("/emit/<room>")
def emit(room: str) -> str:
    text = "x" * request.args.get("size", 10, int)
    for number in range(request.args.get("n", 1, int)):
        live.emit(room, {"i": number, "text": text})
        if number % 50 == 49:
            gevent.sleep(0)
    return "ok"


@app.post("/cut/<room>")
def cut(room: str) -> str:
    live.cut(room)
    return "ok"


@app.post("/end/<session>")
def end(session: str) -> str:
    gone.add(session)
    live.cut(f"session-{session}")
    return "ok"


@app.get("/rooms/<room>")
def anyone(room: str) -> dict[str, object]:
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    manager = live.socketio.server.manager
    return {
        "anyone": live.anyone_in(room),
        "here": len(manager.rooms.get("/", {}).get(room, {})),
        "wires": len(manager.wires),
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
    }


@app.post("/upload")
def upload() -> tuple[str, int]:
    body = read_limited(request, 1024 * 1024)
    return ("too long", 413) if body is None else (str(len(body)), 200)


@app.post("/unread")
def unread() -> str:
    return "not even looked at"


@app.get("/slow")
def slow() -> str:
    gevent.sleep(0.6)
    return "done"


def main() -> None:
    server.IDLE, server.HEAD_TIME, server.BODY_TIME = 1.5, 1, 1
    server.BODY_RATE, server.LINGER = 1024 * 1024, 0.5
    running = server.serve(app, "127.0.0.1", 0)
    gevent.signal_handler(signal.SIGTERM, running.stop, 5)
    print(running.port, flush=True)
    running.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
