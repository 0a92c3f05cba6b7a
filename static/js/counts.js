// <queue-counts>: how many each queue and line holds, and how the lines are, kept up to date.
import { showTimes } from "inbox/dates"
import { fragment } from "inbox/request"

const PAUSE = 1000
// What is red in the rail when there is any.
const TROUBLE = ["attention", "dead"]

customElements.define(
  "queue-counts",
  class extends HTMLElement {
    connectedCallback() {
      this.showPlace()
      addEventListener("changed", event => this.changed(event.detail))
      addEventListener("live-up", () => this.refresh())
      this.waitForLines()
    }

    waitForLines() {
      clearTimeout(this.waiting)
      const place = document.querySelector("#line-notices")
      if (place) showTimes(place)
      this.waiting = waitForLines(() => this.refresh())
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
      this.waitForLines()
    }

    copyHealth(page) {
      let changed = notices(page, "#line-notices")
      notices(page, "#webhook-notice")
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

// What somebody has to know. Whether anything is different from what was shown.
function notices(page, place) {
  const fresh = page.querySelector(place)
  const present = document.querySelector(place)
  if (!fresh || !present) return false
  showTimes(fresh)
  if (fresh.textContent === present.textContent) return false
  present.replaceWith(fresh)
  return true
}

// A pause ends by itself: nobody announces it.
function waitForLines(refresh) {
  const ends = [...document.querySelectorAll("#line-notices [data-until]")]
  const rest = Math.min(...ends.map(time => new Date(time.dateTime) - Date.now()))
  if (ends.length) return setTimeout(refresh, Math.max(2000, rest + 500))
}

function copy(count) {
  const { count: name } = count.dataset
  for (const present of document.querySelectorAll(`[data-count="${name}"]`)) {
    present.textContent = count.textContent
    const item = present.closest(".rail__item")
    if (TROUBLE.includes(name))
      item?.classList.toggle("rail__item--trouble", Boolean(count.textContent))
  }
}
