// <connection-bar>: says when the page is cut off, after five seconds, and when nobody is signed in.
const PATIENCE = 5000

customElements.define(
  "connection-bar",
  class extends HTMLElement {
    connectedCallback() {
      addEventListener("live-down", () => this.wait())
      addEventListener("live-up", () => this.restore())
      addEventListener("signed-out", () => this.signedOut())
      addEventListener("trouble", event => this.warn(event.detail))
    }

    wait() {
      this.timer ??= setTimeout(() => this.say("Not connected. Trying again…"), PATIENCE)
    }

    restore() {
      clearTimeout(this.timer)
      this.timer = undefined
      if (!this.out) this.hidden = true
    }

    signedOut() {
      this.out = true
      const link = Object.assign(document.createElement("a"), {
        href: `/login?next=${encodeURIComponent(location.pathname + location.search)}`,
        textContent: "Sign in again",
        className: "link",
      })
      this.say("You were signed out. ", link)
    }

    warn(words) {
      if (this.out || !this.hidden) return
      this.say(words)
      setTimeout(() => this.timer || this.restore(), 6000)
    }

    say(...words) {
      this.hidden = false
      this.replaceChildren(...words)
    }
  },
)
