// <queue-counts>: how many each queue and line holds, and how the lines are, kept up to date.
import { fragment } from "inbox/request"

const PAUSE = 1000

customElements.define(
  "queue-counts",
  class extends HTMLElement {
    connectedCallback() {
      this.showPlace()
      addEventListener("changed", event => this.changed(event.detail))
      addEventListener("live-up", () => this.refresh())
    }

    showPlace() {
      const { queue, line } = this.dataset
      const here = line ? `[data-line="${line}"]` : `[data-queue="${queue}"]`
      this.querySelector(`.rail__item${here}`)?.setAttribute("aria-current", "page")
      const chip = document.querySelector(".queue__chip[aria-current]")
      chip?.scrollIntoView({ inline: "center", block: "nearest" })
    }

    // At once when it was quiet, else once a second: a flood must not put it off for ever.
    changed({ topic }) {
      if (!topic.startsWith("line-") || this.timer) return
      this.timer = setTimeout(() => {
        this.timer = undefined
        this.refresh()
      }, PAUSE)
    }

    async refresh() {
      try {
        const page = await fragment("/queues")
        for (const count of page.querySelectorAll("[data-count]")) copy(count)
        this.copyHealth(page)
      } catch {
        // The next change asks again.
      }
    }

    copyHealth(page) {
      let changed = false
      for (const fresh of page.querySelectorAll("[data-health-of]")) {
        const present = this.querySelector(`[data-health-of="${fresh.dataset.healthOf}"]`)
        if (!present || present.dataset.health === fresh.dataset.health) continue
        present.closest("a").replaceChildren(...fresh.closest("a").childNodes)
        changed = true
      }
      if (changed) dispatchEvent(new Event("line-health"))
    }
  },
)

function copy(count) {
  const { count: name } = count.dataset
  for (const present of document.querySelectorAll(`[data-count="${name}"]`))
    present.textContent = count.textContent
  const item = document.querySelector(`.rail__item[data-queue="${name}"]`)
  if (name === "attention")
    item?.classList.toggle("rail__item--trouble", Boolean(count.textContent))
}
