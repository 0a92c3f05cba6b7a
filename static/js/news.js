// Tells a screen reader, once, what arrived in the open conversation.
const BURST = 800
let waiting = []
let timer

export function tell(bubbles) {
  const arrived = bubbles.filter(bubble => bubble.dataset.direction === "in")
  if (!arrived.length) return
  waiting.push(...arrived)
  clearTimeout(timer)
  timer = setTimeout(speak, BURST)
}

function speak() {
  const [first] = waiting
  const words = waiting.length > 1 ? `${waiting.length} new messages` : one(first)
  waiting = []
  document.querySelector("#spoken").textContent = words
}

function one(bubble) {
  const from = bubble.querySelector(".message__author")?.textContent.trim() ?? "the customer"
  const text = bubble.querySelector(".message__text")?.textContent ?? "a file"
  return `New message from ${from}: ${text}`
}

export function say(words) {
  document.querySelector("#spoken").textContent = words
}
