// A [data-copy] button copies the text of its bubble.
import { say } from "inbox/news"

document.addEventListener("click", async event => {
  const button = event.target.closest("[data-copy]")
  if (!button) return
  const text = button.closest(".message").querySelector(".message__text")
  await copy(text)
  button.textContent = "Copied"
  say("Copied")
})

// The clipboard is closed to pages on plain HTTP: there the text is selected and copied the old way.
async function copy(element) {
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent)
  getSelection().selectAllChildren(element)
  document.execCommand("copy")
}
