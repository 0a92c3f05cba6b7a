// <theme-switch> around a button: automatic, light, dark, and round again; kept in this browser.
const WORDS = { auto: "automatic", light: "light", dark: "dark" }
const NEXT = { auto: "light", light: "dark", dark: "auto" }
const root = document.documentElement

customElements.define(
  "theme-switch",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", () => choose(NEXT[chosen()]))
      name(this)
    }
  },
)

function chosen() {
  return root.dataset.theme ?? "auto"
}

function choose(theme) {
  if (theme === "auto") delete root.dataset.theme
  else root.dataset.theme = theme
  try {
    if (theme === "auto") localStorage.removeItem("theme")
    else localStorage.setItem("theme", theme)
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
  document.querySelectorAll("theme-switch").forEach(name)
}

function name(element) {
  const words = `Theme: ${WORDS[chosen()]}`
  const shown = element.querySelector("[data-theme-word]")
  const button = element.querySelector("button")
  if (shown) shown.textContent = words
  else button.setAttribute("aria-label", words)
  button.title = words
}
