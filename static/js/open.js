// Opens a conversation in place, with an address of its own; Back goes back.
import { showDetails } from "inbox/details"
import { catchUp } from "inbox/live"
import { fragment } from "inbox/request"

const PLACE = /^\/conversations\/(\d+)$/
let asked

export async function open(id, { push = true } = {}) {
  if (!thread()) {
    location.assign(`/conversations/${id}`)
    return
  }
  asked?.abort()
  asked = new AbortController()
  const { signal } = asked
  thread().setAttribute("aria-busy", "true")
  try {
    const page = await fragment(`/conversations/${id}/thread${location.search}`, { signal })
    if (signal.aborted) return
    if (push) history.pushState({ inbox: true }, "", `/conversations/${id}${location.search}`)
    show(page.querySelector("#thread"))
  } catch (problem) {
    if (signal.aborted) return
    thread().removeAttribute("aria-busy")
    dispatchEvent(new CustomEvent("trouble", { detail: `Could not open it. ${problem.message}` }))
  }
}

export function close({ push = true } = {}) {
  asked?.abort()
  const was = thread().dataset.conversation
  if (push) history.pushState({ inbox: true }, "", `/conversations${location.search}`)
  show(document.querySelector("#nothing-chosen").content.firstElementChild.cloneNode(true))
  document.querySelector(`#conversation-${was} a`)?.focus()
}

function show(fresh) {
  const id = fresh.dataset.conversation ?? ""
  document.querySelector(".inbox").dataset.view = id ? "thread" : "list"
  thread().replaceWith(fresh)
  htmx.process(fresh)
  document.body.dataset.title = `${fresh.dataset.title ?? document.querySelector(".queue").ariaLabel} · Tapback`
  dispatchEvent(new CustomEvent("opened", { detail: id }))
  fresh.querySelector("h1")?.focus({ preventScroll: true })
}

function thread() {
  return document.querySelector("#thread")
}

document.addEventListener("click", event => {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = event.target.closest(".conversation a")
  const back = event.target.closest("[data-back]")
  if (!link && !back) return
  event.preventDefault()
  if (link) open(link.closest(".conversation").dataset.id)
  else if (history.state?.inbox) history.back()
  else close()
})

addEventListener("popstate", () => {
  if (!thread()) return
  const id = PLACE.exec(location.pathname)?.[1]
  if (id && id === thread().dataset.conversation) showDetails()
  else if (id) open(id, { push: false })
  else close({ push: false })
})

document.addEventListener("htmx:configRequest", event => {
  event.detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content
})

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr.status === 401 || detail.xhr.responseURL.includes("/login"))
    dispatchEvent(new Event("signed-out"))
  else if (!detail.successful)
    dispatchEvent(new CustomEvent("trouble", { detail: "That did not work. Try again." }))
  catchUp()
})
