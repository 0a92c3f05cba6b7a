// Tells the server that what is open and visible has been read.
import { request } from "inbox/request"

const PAUSE = 400
let timer

export function look(conversation) {
  clearTimeout(timer)
  timer = setTimeout(() => tell(conversation), PAUSE)
}

// Whether this person sees the conversation right now.
export function onScreen(conversation) {
  const shown = document.querySelector("#thread")?.dataset.conversation === String(conversation)
  const page = document.visibilityState === "visible"
  return shown && page && document.querySelector("#thread").checkVisibility()
}

async function tell(conversation) {
  if (!onScreen(conversation)) return
  try {
    const response = await request(`/conversations/${conversation}/seen`, { method: "PUT" })
    if (response.ok) dispatchEvent(new CustomEvent("seen", { detail: String(conversation) }))
  } catch {
    // Told again with the next bubble, or when the page is looked at again.
  }
}

document.addEventListener("visibilitychange", () => {
  const open = document.querySelector("#thread")?.dataset.conversation
  if (open && !document.hidden) look(open)
})
