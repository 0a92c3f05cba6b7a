// Single keys while nothing is being typed. They can be switched off in the sheet of keys.
import { close, open } from "inbox/open"

const SWITCH = "single-keys"
const FIELDS = "input, textarea, select, [contenteditable], dialog[open] *"

const ACTIONS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => openFocused(),
  r: () => document.querySelector("message-composer textarea")?.focus(),
  e: () => document.querySelector("[data-closure]")?.click(),
  "?": () => document.querySelector("#keys-dialog").showModal(),
}

document.addEventListener("keydown", event => {
  if (event.key === "Escape") backOut(event)
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !allowed()) return
  if (event.target.matches(FIELDS) || document.querySelector("dialog[open]")) return
  const act = ACTIONS[event.key]
  if (!act) return
  event.preventDefault()
  act()
})

function step(by) {
  const links = [...document.querySelectorAll(".conversation a")]
  const row = document.activeElement.closest(".conversation")
  const from = row?.querySelector("a") ?? document.querySelector(".conversation [aria-current]")
  const index = from ? links.indexOf(from) + by : 0
  const link = links[Math.max(0, Math.min(links.length - 1, index))]
  link?.focus()
}

function openFocused() {
  const row = document.activeElement.closest(".conversation")
  if (row) open(row.dataset.id)
}

// Out of the field first, then out of the conversation.
function backOut(event) {
  if (event.defaultPrevented || event.isComposing) return
  if (document.querySelector("dialog[open], :popover-open")) return
  const menu = document.querySelector("details[open]")
  const drawer = document.querySelector(".person__close")
  if (menu) menu.open = false
  else if (drawer?.checkVisibility()) drawer.click()
  else if (event.target.matches(FIELDS)) document.querySelector("#thread h1")?.focus()
  else if (document.querySelector("#thread")?.dataset.conversation) close()
}

function allowed() {
  try {
    return localStorage.getItem(SWITCH) !== "off"
  } catch {
    return true
  }
}

const box = document.querySelector("#single-keys")
box.checked = allowed()
box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"))
