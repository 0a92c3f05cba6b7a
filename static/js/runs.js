// How bubbles stand together: by author and time, with a line for each day. All in the local zone.
import { dayName, startOfDay } from "inbox/dates"

const LOUD = ".message__problem, .message__planned, .message__late, .message__outside"
const PAUSE = 10 * 60_000
const EMOJI =
  /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u

export function arrange(log) {
  const bubbles = [...log.querySelectorAll(".message")]
  separate(log, bubbles)
  const joined = bubbles.map((bubble, index) => joins(bubbles[index - 1], bubble))
  bubbles.forEach((bubble, index) => {
    const next = joined[index + 1] ? bubbles[index + 1] : undefined
    const run = joined[index] ? (next ? "middle" : "last") : next ? "first" : "only"
    set(bubble, "run", run)
    bubble.toggleAttribute("data-quiet", quiet(bubble, next))
    bubble.toggleAttribute("data-emoji", emojiOnly(bubble))
  })
}

// The small print stands once for a run, unless there is something to say about this bubble.
function quiet(bubble, next) {
  return next?.dataset.state === bubble.dataset.state && !bubble.querySelector(LOUD)
}

function joins(before, bubble) {
  if (!before || bubble.previousElementSibling !== before) return false
  const same = ["direction", "author"].every(key => before.dataset[key] === bubble.dataset[key])
  return same && bubble.dataset.direction !== "note" && time(bubble) - time(before) < PAUSE
}

function separate(log, bubbles) {
  const known = new Map(
    [...log.querySelectorAll("[data-day]")].map(line => [Number(line.dataset.day), line]),
  )
  let day
  for (const bubble of bubbles) {
    const here = startOfDay(new Date(time(bubble)))
    if (here === day) continue
    day = here
    const line = known.get(day) ?? dayLine(day)
    known.delete(day)
    line.textContent = dayName(new Date(day))
    const newLine = bubble.previousElementSibling?.matches(".thread__day--new")
    const before = newLine ? bubble.previousElementSibling : bubble
    if (before.previousElementSibling !== line) before.before(line)
  }
  for (const line of known.values()) line.remove()
}

function dayLine(day) {
  const line = document.createElement("p")
  line.className = "thread__day"
  line.dataset.day = day
  return line
}

function time(bubble) {
  return Number(bubble.dataset.sort || bubble.dataset.at)
}

function emojiOnly(bubble) {
  const text = bubble.querySelector(".message__text")?.textContent ?? ""
  return text.length < 40 && EMOJI.test(text) && !bubble.querySelector(".files")
}

function set(element, key, value) {
  if (element.dataset[key] !== value) element.dataset[key] = value
}
