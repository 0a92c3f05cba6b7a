// <message-log>: the bubbles of one conversation. New ones appear once, in their place, and what
// the reader looks at stays where it is.
import { rove, tellAgain } from "inbox/acts"
import { compare, newer } from "inbox/apply"
import { dress, insert, keepMedia, keepPlace, key, showUnsent, unsentBubble } from "inbox/bubbles"
import { showTimes } from "inbox/dates"
import { catchUp, forget, watch } from "inbox/live"
import { tell } from "inbox/news"
import { fragment, parse } from "inbox/request"
import { arrange } from "inbox/runs"
import { look } from "inbox/seen"
import { drop, send, unsentIn } from "inbox/unsent"

const NEAR = 100
const MOST = 300

customElements.define(
  "message-log",
  class extends HTMLElement {
    connectedCallback() {
      this.log = this.querySelector("[role=log]")
      this.jump = this.querySelector(".thread__jump")
      this.following = true
      this.missed = 0
      this.listeners = new AbortController()
      this.listen(this.listeners.signal)
      this.begin()
      watch(this.topic, this)
      catchUp()
      look(this.dataset.conversation)
    }

    disconnectedCallback() {
      this.listeners.abort()
      this.sizes.disconnect()
      forget(this.topic, this)
    }

    get topic() {
      return `conversation-${this.dataset.conversation}`
    }

    get cursor() {
      return Number(this.dataset.cursor)
    }

    set cursor(cursor) {
      this.dataset.cursor = cursor
    }

    get bubbles() {
      return [...this.log.querySelectorAll(".message")]
    }

    get stored() {
      return [...this.log.querySelectorAll(".message[data-id]")]
    }

    listen(signal) {
      this.log.addEventListener("scroll", () => this.scrolled(), { passive: true, signal })
      this.jump.addEventListener("click", () => this.toLatest(), { signal })
      this.log.addEventListener("click", event => this.retry(event), { signal })
      addEventListener("unsent", event => this.showUnsent(event.detail), { signal })
      addEventListener("overtaken", event => this.markSince(Number(event.detail)), { signal })
      this.sizes = new ResizeObserver(() => this.following && this.toEnd())
      this.sizes.observe(this.log)
    }

    begin() {
      showTimes(document.querySelector(".inbox__pane"))
      for (const entry of unsentIn(this.dataset.conversation)) this.showUnsent(entry)
      this.markNew()
      this.bubbles.forEach(dress)
      this.arrange()
      this.toEnd()
    }

    arrange() {
      arrange(this.log)
      rove(this.log)
    }

    markNew() {
      const unread = Number(this.dataset.unread)
      const inbound = this.stored.filter(bubble => bubble.dataset.direction === "in")
      const first = inbound.at(-unread) ?? (this.dataset.older ? undefined : inbound[0])
      if (!unread || !first) return
      const line = document.createElement("p")
      line.className = "thread__day thread__day--new"
      line.textContent = "New"
      first.before(line)
    }

    // What came while a reply was being written.
    markSince(seen) {
      this.since = seen
      this.showSince()
    }

    showSince() {
      if (this.since === undefined) return
      const { me } = document.body.dataset
      const first = this.stored.find(
        ({ dataset }) =>
          Number(dataset.id) > this.since &&
          !(dataset.direction === "out" && dataset.author === me),
      )
      if (!first) return
      this.since = undefined
      this.log.querySelector(".thread__day--since")?.remove()
      const line = document.createElement("p")
      line.className = "thread__day thread__day--new thread__day--since"
      line.textContent = "New since you started writing"
      first.before(line)
      this.arrange()
      this.toEnd()
    }

    apply(html) {
      const fresh = parse(html)
      const arrived = []
      this.keeping(() => {
        for (const bubble of fresh.querySelectorAll(".message"))
          if (this.put(bubble)) arrived.push(bubble)
        this.arrange()
      })
      for (const header of fresh.querySelectorAll(".thread__head")) this.putHeader(header)
      this.showSince()
      this.count(arrived)
      tell(arrived)
      if (arrived.length) look(this.dataset.conversation)
    }

    // Whether the bubble is new to the page.
    put(bubble) {
      dress(bubble)
      const present = document.getElementById(bubble.id)
      if (present) {
        if (newer(bubble.dataset.rev, present.dataset.rev)) this.replace(present, bubble)
        return false
      }
      this.settle(bubble.dataset.clientId)
      const { stored } = this
      const older = this.dataset.older && stored[0] && compare(key(bubble), key(stored[0])) < 0
      if (older) return false
      const beyond = this.detached && compare(key(bubble), key(stored.at(-1))) > 0
      if (!beyond) insert(this.log, this.bubbles, bubble)
      return true
    }

    // What had the focus may be gone, as a Retry that was pressed: its mark is there.
    replace(present, bubble) {
      const focused = present.contains(document.activeElement) ? document.activeElement : undefined
      keepMedia(present, bubble)
      present.replaceWith(bubble)
      if (focused) this.refocus(bubble, focused)
      tellAgain(bubble)
    }

    refocus(bubble, { id }) {
      const place = document.getElementById(id) ?? bubble.querySelector("[data-history]")
      place?.focus({ preventScroll: true })
    }

    // The server has it: the browser's own bubble goes.
    settle(clientId) {
      if (!clientId) return
      document.getElementById(`unsent-${clientId}`)?.remove()
      drop(clientId)
    }

    putHeader(header) {
      const present = document.getElementById(header.id)
      if (!present || !newer(header.dataset.rev, present.dataset.rev)) return
      present.dataset.rev = header.dataset.rev
      if (present.isEqualNode(header)) return
      const focused = present.contains(document.activeElement)
      present.replaceWith(header)
      htmx.process(header)
      if (focused) header.querySelector("[data-closure]")?.focus()
      dispatchEvent(new CustomEvent("header", { detail: header }))
    }

    showUnsent(entry) {
      if (entry.conversation !== this.dataset.conversation) return
      if (this.log.querySelector(`.message[data-id][data-client-id="${entry.client_id}"]`)) {
        this.settle(entry.client_id)
        return
      }
      let bubble = document.getElementById(`unsent-${entry.client_id}`)
      if (entry.state === "stored") return
      if (!bubble) {
        bubble = unsentBubble(entry)
        dress(bubble)
        this.log.append(bubble)
        if (entry.state === "queued") this.toLatest()
      }
      showUnsent(bubble, entry)
      this.arrange()
      if (this.following) this.toEnd()
    }

    retry(event) {
      if (!event.target.closest("[data-retry]")) return
      const { clientId } = event.target.closest(".message").dataset
      const entry = unsentIn(this.dataset.conversation).find(one => one.client_id === clientId)
      if (entry) send({ ...entry, seen: entry.overtaken ? "" : entry.seen })
    }

    takeBack(clientId) {
      this.settle(clientId)
      this.arrange()
    }

    keeping(change) {
      if (this.following && !this.detached) {
        change()
        while (this.stored.length > MOST) this.trimTop()
        this.toEnd()
      } else keepPlace(this.log, change)
    }

    trimTop() {
      this.stored[0].remove()
      this.dataset.older = this.stored[0].dataset.mark
      this.arrange()
    }

    count(arrived) {
      if (!this.following || this.detached)
        this.missed += arrived.filter(bubble => bubble.dataset.direction === "in").length
      this.showJump()
    }

    showJump() {
      this.jump.hidden = !this.detached && (this.following || !this.missed)
      this.jump.lastElementChild.textContent = this.missed ? `${this.missed} new` : "Jump to latest"
    }

    scrolled() {
      const { scrollTop, scrollHeight, clientHeight } = this.log
      const near = scrollHeight - scrollTop - clientHeight < NEAR
      // A thread that grows is not being scrolled: only the way up ends the following.
      this.following = near || (this.following && scrollTop >= this.top)
      this.top = scrollTop
      if (this.following && !this.detached) this.missed = 0
      this.showJump()
      if (scrollTop < 200) this.loadOlder()
    }

    toEnd() {
      this.log.scrollTop = this.log.scrollHeight
      this.top = this.log.scrollTop
      this.following = true
    }

    async toLatest() {
      try {
        if (this.detached) await this.reset()
      } catch {
        // The bar says that we are cut off; the button stays and can be pressed again.
        return
      }
      this.missed = 0
      this.toEnd()
      this.showJump()
    }

    async loadOlder() {
      const { older, conversation } = this.dataset
      if (!older || this.loading) return
      this.loading = true
      try {
        const page = await fragment(
          `/conversations/${conversation}/messages?before=${encodeURIComponent(older)}`,
        )
        if (this.dataset.older === older) keepPlace(this.log, () => this.prepend(page))
      } catch {
        // The next scroll tries again.
      } finally {
        this.loading = false
      }
    }

    prepend(page) {
      this.dataset.older = page.querySelector(".messages").dataset.older
      for (const bubble of page.querySelectorAll(".message")) {
        if (document.getElementById(bubble.id)) continue
        dress(bubble)
        insert(this.log, this.bubbles, bubble)
      }
      while (this.stored.length > MOST) {
        this.stored.at(-1).remove()
        this.detached = true
      }
      this.arrange()
      this.showJump()
    }

    // Too much happened, or the latest were let go: the newest page anew. What is being written stays.
    async reset() {
      const page = await fragment(`/conversations/${this.dataset.conversation}/thread`)
      const fresh = page.querySelector("message-log")
      const cursor = Number(fresh.dataset.cursor)
      if (cursor < this.cursor) return
      this.cursor = cursor
      this.dataset.older = fresh.dataset.older
      this.detached = false
      this.log.replaceChildren(...fresh.querySelectorAll(".message"))
      this.putHeader(page.querySelector(".thread__head"))
      for (const entry of unsentIn(this.dataset.conversation)) this.showUnsent(entry)
      this.bubbles.forEach(dress)
      this.arrange()
      this.toEnd()
      look(this.dataset.conversation)
    }
  },
)
