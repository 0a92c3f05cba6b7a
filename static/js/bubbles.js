// Bubbles as elements: the browser's own, and the place of each in the log.
import { compare, messageKey } from "inbox/apply"
import { showTimes } from "inbox/dates"
import { linkAddresses } from "inbox/links"

export function unsentBubble({ client_id, text, at, protocol }) {
  const bubble = document.querySelector("#unsent-message").content.firstElementChild.cloneNode(true)
  bubble.id = `unsent-${client_id}`
  Object.assign(bubble.dataset, { clientId: client_id, at, protocol: protocol ?? "" })
  bubble.querySelector(".message__text").textContent = text
  bubble.querySelector("time").dateTime = new Date(at).toISOString()
  return bubble
}

export function showUnsent(bubble, { state, problem }) {
  bubble.dataset.state = state === "failed" ? "failed" : "queued"
  bubble.querySelector(".message__problem").textContent = problem ?? ""
}

export function dress(bubble) {
  showTimes(bubble)
  linkAddresses(bubble)
}

// What is loaded stays loaded, and what plays goes on: the old elements move into the new bubble.
export function keepMedia(present, fresh) {
  const address = element => element.getAttribute("src")
  const old = [...present.querySelectorAll(".files :is(img, audio, video)")]
  for (const element of fresh.querySelectorAll(".files :is(img, audio, video)")) {
    const same = old.find(one => one.isEqualNode(element) && address(one) === address(element))
    if (same) element.replaceWith(same)
  }
}

export function key(bubble) {
  return messageKey(bubble.dataset)
}

// Put `bubble` where it belongs among `bubbles`, which stand in order.
export function insert(log, bubbles, bubble) {
  const next = bubbles.findLast(one => compare(key(one), key(bubble)) <= 0)
  if (next) next.after(bubble)
  else if (bubbles[0]) bubbles[0].before(bubble)
  else log.append(bubble)
}

// Change the log and leave what the reader looks at where it is.
export function keepPlace(log, change) {
  const top = log.getBoundingClientRect().top
  const seen = [...log.querySelectorAll(".message")].find(
    bubble => bubble.getBoundingClientRect().bottom > top,
  )
  const before = seen?.getBoundingClientRect().top
  change()
  const now = seen && document.getElementById(seen.id)
  if (now) log.scrollTop += now.getBoundingClientRect().top - before
}
