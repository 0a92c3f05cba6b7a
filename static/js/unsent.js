// What was written but is not yet known to be stored: kept until it is, posted one after another.
import { catchUp } from "inbox/live"
import { reason, request, SignedOut } from "inbox/request"

const KEPT = "unsent"
const posting = new Set()
let turn = Promise.resolve()
let waiting = 0
let broken = false

export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")
}

export function unsentIn(conversation) {
  const here = Object.values(kept()).filter(entry => entry.conversation === conversation)
  return here.map(entry => (posting.has(entry.client_id) ? entry : given(entry)))
}

// A page that was left while posting cannot know how it ended. Trying again is safe.
function given(entry) {
  const problem = entry.problem || "The page was left before this was sent."
  return { ...entry, state: "failed", problem }
}

export function drop(clientId) {
  const entries = kept()
  delete entries[clientId]
  keep(entries)
}

// Post it after those before it. Announces "unsent" with the entry whenever its state changes.
export function send(entry) {
  if (!waiting) broken = false
  waiting += 1
  posting.add(entry.client_id)
  change(entry, { state: "queued", problem: "" })
  turn = turn
    .then(() => post(entry))
    .finally(() => {
      waiting -= 1
      posting.delete(entry.client_id)
    })
}

async function post(entry) {
  if (broken) {
    change(entry, { state: "failed", problem: "The one before it could not be sent." })
    return
  }
  try {
    const response = await request(`/conversations/${entry.conversation}/messages`, {
      method: "POST",
      form: form(entry),
    })
    if (response.ok) stored(entry)
    else refuse(entry, [409, 422].includes(response.status), await reason(response), response)
  } catch (problem) {
    refuse(entry, false, problem instanceof SignedOut ? problem.message : unreachable())
  }
}

function form({ text, client_id, replaces = "", seen = "" }) {
  return { text, client_id, replaces, seen }
}

function stored(entry) {
  drop(entry.client_id)
  tell({ ...entry, state: "stored" })
  catchUp()
}

function refuse(entry, refused, problem, response) {
  const overtaken = response?.status === 409
  broken = !refused || overtaken
  // Which finds out whether we are still signed in, and what is new.
  if (broken) catchUp()
  change(entry, { state: "failed", problem, refused, overtaken })
}

function unreachable() {
  return "The server could not be reached."
}

function change(entry, values) {
  const changed = { ...entry, ...values }
  keep({ ...kept(), [entry.client_id]: changed })
  tell(changed)
}

function tell(entry) {
  dispatchEvent(new CustomEvent("unsent", { detail: entry }))
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {}
  } catch {
    return {}
  }
}

function keep(entries) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(entries))
  } catch {
    // Storage is full or switched off: the bubble on the page is what there is.
  }
}
