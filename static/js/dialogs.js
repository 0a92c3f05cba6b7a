// The dialogs: a new message, and the sheet of keys. What was typed stays until it was sent.
import { catchUp } from "inbox/live"
import { open } from "inbox/open"
import { reason, request } from "inbox/request"
import { newId } from "inbox/unsent"

const dialog = () => document.querySelector("#new-dialog")
let clientId

document.addEventListener("click", event => {
  if (event.target.closest("[data-new-message]")) write()
  if (event.target.closest("[data-keys]")) document.querySelector("#keys-dialog").showModal()
  if (event.target.closest("[data-close]") || event.target.matches("dialog"))
    event.target.closest("dialog").close()
})

async function write() {
  if (!dialog().querySelector("form")) {
    const address = `/conversations/new${location.search}`
    await htmx.ajax("GET", address, { target: "#new-dialog", swap: "innerHTML" })
    dialog().querySelector("form")?.addEventListener("submit", submit)
  }
  if (!dialog().querySelector("form")) return
  dialog().showModal()
  dialog().querySelector("[name=to]")?.focus()
}

async function submit(event) {
  event.preventDefault()
  const form = event.target
  const button = form.querySelector("[type=submit]")
  if (button.disabled) return
  button.disabled = true
  say(form, "")
  clientId ??= newId()
  try {
    await post(form)
  } catch (problem) {
    say(form, `Not sent. ${problem.message} What you typed is still here.`)
  } finally {
    button.disabled = false
  }
}

async function post(form) {
  const values = { ...Object.fromEntries(new FormData(form)), client_id: clientId }
  values.text = form.elements.text.value
  const response = await request(form.action, { method: "POST", form: values })
  if (!response.ok) {
    say(form, await reason(response))
    form.elements.to.focus()
    return
  }
  const { location: address } = await response.json()
  clientId = undefined
  dialog().close()
  dialog().replaceChildren()
  catchUp()
  await open(address.split("/").at(-1))
}

function say(form, words) {
  const sentence = Object.assign(document.createElement("p"), {
    className: "problem",
    role: "alert",
    textContent: words,
  })
  form.querySelector(".dialog__problem").replaceChildren(...(words ? [sentence] : []))
}
