// <line-proof>: how complete a line is, asked for now and then, and often while it is being verified.
import { showTimes } from "inbox/dates"
import { say } from "inbox/news"
import { parse, read, reason, request, SignedOut } from "inbox/request"

const OFTEN = 1000
const SELDOM = 30_000

customElements.define(
  "line-proof",
  class extends HTMLElement {
    connectedCallback() {
      showTimes(this)
      this.addEventListener("click", event => {
        const button = event.target.closest("[data-verify]")
        if (button && button.ariaDisabled !== "true") this.verify(button.dataset.verify)
      })
      this.plan()
    }

    disconnectedCallback() {
      clearTimeout(this.timer)
    }

    get busy() {
      return Boolean(this.querySelector("[data-busy]"))
    }

    plan() {
      clearTimeout(this.timer)
      if (this.isConnected)
        this.timer = setTimeout(() => this.refresh(), this.busy ? OFTEN : SELDOM)
    }

    async verify(url) {
      try {
        const response = await request(url, { method: "POST" })
        if (!response.ok) return this.complain(await reason(response))
      } catch (problem) {
        return this.complain(problem instanceof SignedOut ? problem.message : unreachable())
      }
      await this.refresh()
    }

    async refresh() {
      const wasBusy = this.busy
      try {
        this.show(await (await read(this.dataset.src)).text())
      } catch {
        // The next time asks again.
      }
      const proof = this.querySelector("[data-proof]")
      if (wasBusy && !this.busy && proof) say(proof.dataset.proof)
      this.plan()
    }

    show(html) {
      const fresh = parse(html).querySelector("line-proof")
      const had = this.contains(document.activeElement)
      this.replaceChildren(...fresh.childNodes)
      showTimes(this)
      if (had) this.querySelector("[data-verify]").focus()
    }

    complain(words) {
      this.querySelector("[role=alert]").textContent = words
    }
  },
)

function unreachable() {
  return "The server could not be reached. Nothing was asked for."
}
