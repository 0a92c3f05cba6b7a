// <line-news> around a page without a list: it hears that something happened on the lines.
import { showTimes } from "inbox/dates"
import { watch } from "inbox/live"

customElements.define(
  "line-news",
  class extends HTMLElement {
    connectedCallback() {
      showTimes(this)
      this.addEventListener("htmx:afterSettle", ({ target }) => showTimes(target))
      const cursors = JSON.parse(this.dataset.cursors)
      for (const [topic, cursor] of Object.entries(cursors)) watch(topic, watcher(cursor))
    }
  },
)

function watcher(cursor) {
  return {
    cursor,
    apply() {},
    reset(change) {
      this.cursor = change.after
      dispatchEvent(new CustomEvent("changed", { detail: change }))
    },
  }
}
