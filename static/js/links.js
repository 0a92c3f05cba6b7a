// Addresses in a bubble become links. The text stays what was written.
const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]}]/g

export function linkAddresses(bubble) {
  const text = bubble.querySelector(".message__text")
  if (!text?.textContent.includes("://") || text.querySelector("a")) return
  const parts = []
  let done = 0
  for (const { 0: address, index } of text.textContent.matchAll(ADDRESS)) {
    parts.push(text.textContent.slice(done, index), link(address))
    done = index + address.length
  }
  text.replaceChildren(...parts, text.textContent.slice(done))
}

function link(address) {
  return Object.assign(document.createElement("a"), {
    href: address,
    textContent: address,
    target: "_blank",
    rel: "noopener noreferrer",
  })
}
