// <message-composer>: a plain textarea. Enter sends with a keyboard, breaks the line on touch;
// an IME keeps its Enter. What was typed is kept until it is stored.
import { showTimes } from "inbox/dates"
import { fragment } from "inbox/request"
import { newId, send } from "inbox/unsent"

const touch = matchMedia("(pointer: coarse) and (hover: none)")

customElements.define(
  "message-composer",
  class extends HTMLElement {
    connectedCallback() {
      this.form = this.querySelector("form")
      this.text = this.querySelector("textarea")
      this.listeners = new AbortController()
      const { signal } = this.listeners
      addEventListener("unsent", event => this.refused(event.detail), { signal })
      addEventListener("header", event => this.check(event.detail), { signal })
      addEventListener("line-health", () => this.refresh(), { signal })
      addEventListener("edit-again", event => this.editAgain(event.detail), { signal })
      showTimes(this)
      if (!this.form) return
      this.text.value ||= kept("draft", this.conversation)
      this.grow()
      this.text.addEventListener("keydown", event => this.key(event))
      this.text.addEventListener("input", () => this.typed())
      this.form.addEventListener("submit", event => this.submit(event))
      this.guard.addEventListener("click", event => this.decide(event))
      if (touch.matches) this.querySelector(".composer__hint").hidden = true
    }

    disconnectedCallback() {
      this.listeners.abort()
    }

    get conversation() {
      return this.dataset.conversation
    }

    // The failed message whose words are in the box; their successor sets it aside.
    get replaces() {
      return kept("replaces", this.conversation)
    }

    set replaces(id) {
      keep("replaces", this.conversation, id)
    }

    // The last message that stood on the page when the words in the box were begun.
    get seen() {
      return kept("seen", this.conversation)
    }

    set seen(id) {
      keep("seen", this.conversation, id)
    }

    get guard() {
      return this.querySelector(".composer__guard")
    }

    key(event) {
      if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return
      const always = event.ctrlKey || event.metaKey
      if (!always && (event.shiftKey || event.altKey || touch.matches)) return
      event.preventDefault()
      if (!event.repeat) this.form.requestSubmit()
    }

    typed() {
      keep("draft", this.conversation, this.text.value)
      if (!this.text.value.trim()) this.begun("")
      else this.seen ||= newest()
      this.say("")
      this.grow()
    }

    begun(seen) {
      this.seen = seen
      if (!seen) this.replaces = ""
      this.guard.hidden = true
    }

    // Somebody wrote meanwhile: what is new has been seen now.
    decide(event) {
      const button = event.target.closest("button")
      if (!button) return
      this.begun(newest())
      this.text.focus()
      if (button.dataset.guard === "send") this.form.requestSubmit()
    }

    // Browsers that know field-sizing do this by themselves.
    grow() {
      if (CSS.supports("field-sizing", "content")) return
      this.text.rows = Math.min(10, this.text.value.split("\n").length)
    }

    submit(event) {
      event.preventDefault()
      const text = this.text.value
      this.text.focus()
      if (!text.trim()) return
      const { conversation, replaces, seen } = this
      const { protocol } = this.dataset
      this.text.value = ""
      this.typed()
      send({ client_id: newId(), conversation, text, protocol, replaces, seen, at: Date.now() })
    }

    // What failed comes back to be changed; what is already typed stays above it.
    editAgain({ id, text }) {
      if (!this.text) return
      this.text.value = [this.text.value, text].filter(Boolean).join("\n")
      this.replaces = id
      this.typed()
      this.text.focus()
    }

    // A rule said no: what was typed comes back into the box, with the reason beside it.
    refused({ conversation, client_id, text, replaces, seen, refused, overtaken, problem, state }) {
      if (conversation !== this.conversation || state !== "failed" || !refused) return
      if (!this.text || this.text.value) return
      document.querySelector("message-log")?.takeBack(client_id)
      this.text.value = text
      this.replaces = replaces
      this.seen = seen
      this.typed()
      if (overtaken) this.warn(problem, seen)
      else this.say(problem)
    }

    warn(words, seen) {
      this.guard.querySelector("b").textContent = words
      this.guard.hidden = false
      dispatchEvent(new CustomEvent("overtaken", { detail: seen }))
    }

    say(words) {
      const place = this.querySelector(".composer__problem")
      if (place.textContent === words) return
      const sentence = Object.assign(document.createElement("p"), {
        className: "problem",
        role: "alert",
        textContent: words,
      })
      place.replaceChildren(...(words ? [sentence] : []))
    }

    check(header) {
      if (header.dataset.channel !== this.dataset.channel) this.refresh()
    }

    // The road, the line or the person's consent changed.
    async refresh() {
      try {
        const page = await fragment(`/conversations/${this.conversation}/thread`)
        if (!this.isConnected) return
        this.become(page.querySelector("message-composer"))
        const pane = page.querySelector(".inbox__pane")
        document.querySelector(".inbox__pane")?.replaceWith(pane)
        showTimes(pane)
      } catch {
        // The next change asks again.
      }
    }

    // The box itself stays while there is one: somebody may be composing a word in it.
    become(fresh) {
      if (!this.form || !fresh.querySelector("form")) {
        this.replaceWith(fresh)
        return
      }
      Object.assign(this.dataset, fresh.dataset)
      this.querySelector(".composer__banner")?.remove()
      this.prepend(...fresh.querySelectorAll(".composer__banner"))
      const channel = fresh.querySelector(".composer__channel")
      this.querySelector(".composer__channel").replaceChildren(...channel.childNodes)
      showTimes(this)
    }
  },
)

function newest() {
  const ids = [...document.querySelectorAll("message-log .message[data-id]")]
  return String(Math.max(0, ...ids.map(bubble => Number(bubble.dataset.id))))
}

function kept(what, conversation) {
  try {
    return sessionStorage.getItem(`${what}-${conversation}`) ?? ""
  } catch {
    return ""
  }
}

function keep(what, conversation, text) {
  try {
    if (text) sessionStorage.setItem(`${what}-${conversation}`, text)
    else sessionStorage.removeItem(`${what}-${conversation}`)
  } catch {
    // Storage is full or switched off: the text is in the box.
  }
}
