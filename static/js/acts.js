// What can be done with a bubble of ours: try it again, set it aside, edit it, see what happened.
import { showTimes } from "inbox/dates"
import { catchUp } from "inbox/live"
import { say } from "inbox/news"
import { fragment, reason, request, SignedOut } from "inbox/request"

document.addEventListener("click", event => {
  const button = event.target.closest("[data-post], [data-edit], [data-history]") ?? quiet(event)
  if (!button) return
  const { post, edit } = button.dataset
  if (post) act(button, post)
  else if (edit) editText(button, edit)
  else show(button)
})

// Inside a run the small print stands once: there the bubble itself tells what happened to it.
function quiet({ target }) {
  const bubble = target.closest(".message--out[data-quiet] .message__bubble")
  if (!bubble || target.closest("a, button, audio, video") || !getSelection().isCollapsed) return
  return bubble.parentElement.querySelector("[data-history]")
}

async function act(button, url) {
  if (button.disabled) return
  button.disabled = true
  try {
    const response = await request(url, { method: "POST" })
    if (!response.ok) complain(button, await reason(response))
  } catch (problem) {
    complain(button, problem instanceof SignedOut ? problem.message : unreachable())
  }
  button.disabled = false
  catchUp()
}

function unreachable() {
  return "The server could not be reached. Nothing was changed."
}

function complain(button, words) {
  const meta = button.closest(".message__meta, .banner, .file")
  let place = meta.querySelector("[role=alert]")
  if (!place) {
    place = Object.assign(document.createElement("span"), { className: "problem", role: "alert" })
    meta.append(place)
  }
  place.textContent = words
}

function editText(button, id) {
  const text = button.closest(".message").querySelector(".message__text")?.textContent ?? ""
  dispatchEvent(new CustomEvent("edit-again", { detail: { id, text } }))
}

// Only the newest of the marks is a tab stop; the arrows lead to the others.
export function rove(log) {
  const marks = log.querySelectorAll("[data-history]")
  const present = log.querySelector("[data-history][tabindex='0']")
  if (present === marks[marks.length - 1]) return
  present?.setAttribute("tabindex", "-1")
  marks[marks.length - 1]?.setAttribute("tabindex", "0")
}

document.addEventListener("keydown", event => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (!step || !event.target.matches?.("[data-history]")) return
  const marks = [...event.target.closest("[role=log]").querySelectorAll("[data-history]")]
  const next = marks[marks.indexOf(event.target) + step]
  if (!next) return
  event.preventDefault()
  next.focus()
})

// Something happened to a bubble: its history tells that too, while it is open.
export async function tellAgain(bubble) {
  const place = document.querySelector(`#history:popover-open:has(#history-${bubble.dataset.id})`)
  if (place) await fill(place, bubble.querySelector("[data-history]").dataset.history)
}

async function fill(place, url) {
  try {
    place.replaceChildren(await fragment(url))
  } catch (problem) {
    say(problem instanceof SignedOut ? problem.message : "The server could not be reached.")
    return false
  }
  showTimes(place)
  return true
}

async function show(button) {
  const place = document.querySelector("#history")
  if (!(await fill(place, button.dataset.history))) return
  place.showPopover()
  const shown = button.closest(".message[data-quiet]")?.querySelector(".message__bubble") ?? button
  put(place, shown.getBoundingClientRect())
}

// Above the mark, or below where there is no room; never beyond the window.
function put(place, mark) {
  const { width, height } = place.getBoundingClientRect()
  const above = mark.top - height - 6
  const top = above > 8 ? above : Math.min(mark.bottom + 6, innerHeight - height - 8)
  const left = Math.min(Math.max(8, mark.right - width), innerWidth - width - 8)
  place.style.translate = `${left}px ${Math.max(8, top)}px`
}
