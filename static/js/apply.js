// The rules by which an open page takes in what changed. Plain values in, plain values out.

// What to do with a change that leads from `before` to `after`, at `cursor`:
// "apply" it, "ignore" what is known, or "ask" for what lies between.
export function decide(cursor, { before, after, html, reset }) {
  if (cursor >= after) return "ignore"
  if (reset || html === null || html === undefined) return "ask"
  return cursor === before ? "apply" : "ask"
}

// Whether the answer to a question asked at an earlier cursor may still be used.
export function stillGood(cursor, { after }) {
  return after >= cursor
}

// A fragment says as of which activity it is true. One of the same age says nothing new,
// and of two equals the one on the page may be the fresher: it stays.
export function newer(rev, present) {
  return Number(rev) > Number(present)
}

// Whether a row is in this person's view of a queue, of one line or of all.
export function belongs(queues, { queue, line, me }) {
  const held = queues.split(" ")
  const key = queue === "mine" ? `user-${me}` : queue
  return held.includes(key) && (!line || held.includes(`line-${line}`))
}

// The place of a row: longest waiting first where people wait, latest first elsewhere.
export function rowKey({ id, sort, waiting }, queue) {
  return queue === "waiting" ? [Number(waiting), Number(id)] : [-Number(sort), -Number(id)]
}

// The place of a bubble: oldest first. One that the server does not know yet comes last.
export function messageKey({ id, sort }) {
  return sort ? [Number(sort), Number(id)] : [Number.POSITIVE_INFINITY, 0]
}

// Below zero when `a` comes before `b`.
export function compare(a, b) {
  return a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1
}

// Where `key` goes among rising `keys`: after its equals.
export function place(keys, key) {
  let index = keys.length
  while (index > 0 && compare(keys[index - 1], key) > 0) index -= 1
  return index
}

export function unread(inbound, seen) {
  return Math.max(0, Number(inbound) - (seen ?? 0))
}
