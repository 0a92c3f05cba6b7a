// Requests to our own server: with the token, in bounded time, and never led to a sign-in page.
const PATIENCE = 20_000

export class SignedOut extends Error {
  constructor() {
    super("You were signed out.")
  }
}

export async function request(url, { method = "GET", form, signal } = {}) {
  const limit = AbortSignal.timeout(PATIENCE)
  const response = await fetch(url, {
    method,
    body: form && new URLSearchParams(form),
    headers: method === "GET" ? {} : { "X-CSRFToken": token() },
    redirect: "manual",
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  })
  if (response.type === "opaqueredirect" || response.status === 401) {
    dispatchEvent(new Event("signed-out"))
    throw new SignedOut()
  }
  return response
}

// What came back, or an error for anything but success.
export async function read(url, options) {
  const response = await request(url, options)
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  return response
}

export async function fragment(url, options) {
  return parse(await (await read(url, options)).text())
}

export function parse(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  return document.importNode(template.content, true)
}

// Why a request did not do what it should, in words.
export async function reason(response) {
  const said = parse(await response.text())
    .querySelector(".problem")
    ?.textContent.trim()
  return said || "Something went wrong on the server."
}

export function token() {
  return document.querySelector("meta[name=csrf-token]").content
}
