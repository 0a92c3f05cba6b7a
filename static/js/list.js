// <conversation-list>: the rows of a queue. Contents change in place at once; rows come, go and move
// only while no pointer is at work over them.
import { belongs, compare, newer, rowKey, unread } from "inbox/apply"
import { showTimes, showWaiting } from "inbox/dates"
import { catchUp, watch } from "inbox/live"
import { fragment, parse } from "inbox/request"
import { onScreen } from "inbox/seen"

const STILL = 3000
const me = document.body.dataset.me

customElements.define(
  "conversation-list",
  class extends HTMLElement {
    connectedCallback() {
      this.list = this.querySelector("ul")
      this.seen = {}
      this.pending = new Map()
      this.late = []
      this.view = { queue: this.dataset.queue, line: this.dataset.line, me }
      this.listen()
      this.learn(this.more)
      for (const row of this.rows) this.dress(row)
      this.showTitle()
      this.list.querySelector("[aria-current]")?.closest("li").scrollIntoView({ block: "nearest" })
      const cursors = JSON.parse(this.dataset.cursors)
      for (const [topic, cursor] of Object.entries(cursors)) watch(topic, this.watcher(cursor))
    }

    get rows() {
      return [...this.list.querySelectorAll(".conversation")]
    }

    get more() {
      return this.list.querySelector(".queue__more")
    }

    watcher(cursor) {
      return { cursor, apply: html => this.apply(html), reset: () => this.reset() }
    }

    listen() {
      this.list.addEventListener("pointermove", event => this.hold(event), { passive: true })
      this.list.addEventListener("pointerleave", () => this.release())
      this.list.addEventListener("click", () => this.release())
      this.list.addEventListener("pointerdown", () => {
        this.pressed = true
      })
      for (const end of ["pointerup", "pointercancel"])
        addEventListener(end, () => setTimeout(() => this.lift()))
      addEventListener("seen", ({ detail }) => this.markSeen(detail))
      addEventListener("opened", ({ detail }) => this.markOpen(detail))
      this.pages = new IntersectionObserver(([entry]) => entry.isIntersecting && this.loadMore(), {
        root: this.list,
        rootMargin: "400px",
      })
      this.pages.observe(this.more)
    }

    hold(event) {
      if (event.pointerType === "touch") return
      this.held = true
      clearTimeout(this.holding)
      this.holding = setTimeout(() => this.release(), STILL)
    }

    release() {
      clearTimeout(this.holding)
      this.held = false
      this.settle()
    }

    // A row that is replaced between press and release would lose the click.
    lift() {
      if (!this.pressed) return
      this.pressed = false
      for (const html of this.late.splice(0)) this.apply(html)
    }

    apply(html) {
      if (this.pressed) {
        this.late.push(html)
        return
      }
      for (const row of parse(html).querySelectorAll(".conversation")) this.take(row)
      if (!this.held) this.settle()
      this.showTitle()
    }

    // The newest of a row, in its present place; where it belongs is settled later.
    take(row) {
      const { id } = row.dataset
      const present = document.getElementById(row.id)
      const known = this.pending.get(id) ?? present
      if (known && !newer(row.dataset.rev, known.dataset.rev)) return
      this.dress(row)
      if (present) this.replace(present, row)
      this.pending.set(id, row)
      if (!(id in this.seen)) this.askSeen()
    }

    replace(present, row) {
      const focused = present.contains(document.activeElement)
      present.replaceWith(row)
      if (focused) row.querySelector("a").focus({ preventScroll: true })
    }

    settle() {
      const rows = [...this.pending.values()]
      this.pending.clear()
      for (const row of rows) {
        if (this.shows(row)) this.move(row)
        else this.drop(row)
      }
    }

    // Whether the row stands in this queue and in the part of it that is loaded.
    shows(row) {
      if (!belongs(row.dataset.queues, this.view)) return false
      if (!this.more.dataset.more) return true
      const last = this.rows.findLast(one => one !== row)
      return !last || compare(this.key(row), this.key(last)) < 0
    }

    move(row) {
      const others = this.rows.filter(one => one !== row)
      const next = others.find(one => compare(this.key(one), this.key(row)) > 0) ?? this.more
      if (row.nextElementSibling === next) return
      const focused = row.contains(document.activeElement)
      next.before(row)
      if (focused) row.querySelector("a").focus({ preventScroll: true })
    }

    drop(row) {
      const next = row.nextElementSibling ?? row.previousElementSibling
      const focused = row.contains(document.activeElement)
      row.remove()
      if (focused) next?.querySelector("a")?.focus()
    }

    key(row) {
      return rowKey(row.dataset, this.view.queue)
    }

    // What differs from person to person: "You", what is unread, what is open.
    dress(row) {
      const { id, author } = row.dataset
      const link = row.querySelector("a")
      const by = row.querySelector(".conversation__author")
      if (by && author === me) by.textContent = "You:"
      link.search = location.search
      link.toggleAttribute("aria-current", id === this.dataset.open)
      if (id === this.dataset.open) link.setAttribute("aria-current", "true")
      this.showUnread(row)
      showTimes(row)
      showWaiting(row)
    }

    showUnread(row) {
      const { id, inbound } = row.dataset
      const known = id in this.seen || this.settled
      const count = onScreen(id) ? 0 : unread(inbound, this.seen[id])
      const mark = row.querySelector(".conversation__unread")
      row.classList.toggle("conversation--unread", count > 0)
      mark.hidden = !count
      mark.textContent = known ? Math.min(count, 99) : ""
      row.querySelector("[data-unread-words]").textContent = count
        ? known
          ? `, ${count} unread`
          : ", unread"
        : ""
    }

    showTitle() {
      const count = this.list.querySelectorAll(".conversation--unread").length
      document.body.dataset.title ??= document.title
      const { title } = document.body.dataset
      document.title = count ? `(${count}) ${title}` : title
    }

    markSeen(id) {
      const row = document.getElementById(`conversation-${id}`)
      if (!row) return
      this.seen[id] = Number(row.dataset.inbound)
      this.showUnread(row)
      this.showTitle()
    }

    markOpen(id) {
      this.dataset.open = id
      for (const row of this.rows) this.dress(row)
      this.showTitle()
    }

    // How much of each row this person has read; a row of the page that is not told is unread.
    learn(more) {
      Object.assign(this.seen, JSON.parse(more.dataset.seen))
      for (const { dataset } of this.rows) this.seen[dataset.id] ??= 0
    }

    // A row came that the page knows nothing of: ask how much of it has been read.
    askSeen() {
      clearTimeout(this.asking)
      this.asking = setTimeout(async () => {
        const page = await this.page().catch(() => undefined)
        if (!page) return
        Object.assign(this.seen, JSON.parse(page.querySelector(".queue__more").dataset.seen))
        for (const { dataset } of page.querySelectorAll(".conversation"))
          this.seen[dataset.id] ??= 0
        for (const row of this.rows) this.showUnread(row)
        this.showTitle()
      }, 500)
    }

    page(before = "") {
      const { queue, line } = this.view
      return fragment(`/conversations/rows?${new URLSearchParams({ queue, line, before })}`)
    }

    async loadMore() {
      const { more } = this.more.dataset
      if (!more || this.loading) return
      this.loading = true
      try {
        const page = await this.page(more)
        if (this.more.dataset.more === more) this.append(page)
      } catch {
        setTimeout(() => this.again(), 3000)
      } finally {
        this.loading = false
      }
    }

    append(page) {
      const more = page.querySelector(".queue__more")
      const fresh = [...page.querySelectorAll(".conversation")]
      this.more.replaceWith(more)
      for (const row of fresh) {
        const present = document.getElementById(row.id)
        if (present && !newer(row.dataset.rev, present.dataset.rev)) continue
        present?.remove()
        more.before(row)
      }
      this.learn(more)
      for (const row of fresh) this.dress(row)
      this.again()
    }

    again() {
      this.pages.disconnect()
      this.pages.observe(this.more)
    }

    // Too much happened to tell row by row: the first page anew.
    async reset() {
      const query = new URLSearchParams({ queue: this.view.queue, line: this.view.line })
      const page = await fragment(`/conversations?${query}`)
      const fresh = page.querySelector("conversation-list")
      const cursors = JSON.parse(fresh.dataset.cursors)
      for (const [topic, cursor] of Object.entries(cursors)) watch(topic, this.watcher(cursor))
      this.pending.clear()
      this.list.replaceChildren(...fresh.querySelector("ul").children)
      this.learn(this.more)
      for (const row of this.rows) this.dress(row)
      this.again()
      this.showTitle()
      // What came while that page was under way is asked for: it may be older than what it replaced.
      catchUp()
    }
  },
)
