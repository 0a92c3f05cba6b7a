// Keeps an open page true: hears what changed, and asks whenever it might have missed something.
import { decide, stillGood } from "inbox/apply"
import { read, request, SignedOut } from "inbox/request"
import { io } from "socket.io-client"

const HIDDEN = 60_000
const POLL = 10_000
const LONGEST_WAIT = 30_000

// topic -> { cursor, apply(html), reset() }
const topics = new Map()
const socket = io({
  transports: ["websocket", "polling"],
  tryAllTransports: true,
  reconnectionDelay: 500,
  reconnectionDelayMax: 3000,
})

// Asks again and again until there was an answer; asked while asking, it asks once more.
class Asker {
  constructor(ask) {
    this.ask = ask
    this.running = false
    this.wake = () => {}
  }

  async now() {
    this.again = true
    this.wake()
    if (this.running) return
    this.running = true
    for (let failures = 0; this.again; ) failures = await this.once(failures)
    this.running = false
  }

  async once(failures) {
    this.again = false
    try {
      await this.ask()
      return 0
    } catch (problem) {
      if (problem instanceof SignedOut) return 0
      await this.rest(Math.min(LONGEST_WAIT, 500 * 2 ** failures) * (0.5 + Math.random() / 2))
      this.again = true
      return failures + 1
    }
  }

  rest(milliseconds) {
    return new Promise(resolve => {
      this.wake = resolve
      setTimeout(resolve, milliseconds)
    })
  }
}

const lines = new Asker(askLines)
const threads = new Asker(askThreads)

export function watch(topic, watcher) {
  topics.set(topic, watcher)
}

export function forget(topic, watcher) {
  if (topics.get(topic) === watcher) topics.delete(topic)
}

// Ask what happened since, for everything on the page.
export function catchUp() {
  lines.now()
  threads.now()
}

export function connected() {
  return socket.connected
}

async function askLines() {
  const cursors = [...topics].filter(([topic]) => topic.startsWith("line-"))
  if (!cursors.length) return
  const query = new URLSearchParams(cursors.map(([topic, { cursor }]) => [topic, cursor]))
  const { changes } = await (await read(`/conversations/changes?${query}`)).json()
  for (const change of changes) await answer(change)
}

async function askThreads() {
  for (const [topic, { cursor }] of topics) {
    if (!topic.startsWith("conversation-")) continue
    const id = topic.slice("conversation-".length)
    const response = await request(`/conversations/${id}/changes?after=${cursor}`)
    if (response.ok) await answer(await response.json())
    else if (response.status !== 404) throw new Error(`The server answered ${response.status}.`)
  }
}

async function answer(change) {
  const watcher = topics.get(change.topic)
  if (!watcher || !stillGood(watcher.cursor, change)) return
  if (change.reset) {
    await watcher.reset(change)
    return
  }
  const moved = change.after > watcher.cursor
  watcher.cursor = change.after
  watcher.apply(change.html)
  if (moved) dispatchEvent(new CustomEvent("changed", { detail: change }))
}

socket.on("changed", change => {
  const watcher = topics.get(change.topic)
  if (change.flood) threads.now() // no conversation was told by itself
  if (!watcher) return
  const verdict = decide(watcher.cursor, change)
  if (verdict === "ask") (change.topic.startsWith("line-") ? lines : threads).now()
  if (verdict !== "apply") return
  watcher.cursor = change.after
  watcher.apply(change.html)
  dispatchEvent(new CustomEvent("changed", { detail: change }))
})

socket.on("connect", () => {
  dispatchEvent(new Event("live-up"))
  catchUp()
})
socket.on("disconnect", down)
socket.on("connect_error", down)

// Cut off or not let in by the server: Socket.IO would not come back by itself, and whoever was
// signed out hears it from the answer.
function down() {
  dispatchEvent(new Event("live-down"))
  if (socket.active) return
  catchUp()
  setTimeout(() => socket.connected || socket.connect(), 3000)
}

setInterval(() => socket.connected || catchUp(), POLL)
addEventListener("online", () => {
  if (!socket.connected) socket.disconnect().connect()
  catchUp()
})
addEventListener("pageshow", event => event.persisted && catchUp())

let hiddenAt = 0
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = Date.now()
  else if (hiddenAt && Date.now() - hiddenAt > HIDDEN) catchUp()
})
