// Sets switches when they are touched, asks every moment what they did, and lets somebody write.

const { path, header } = document.body.dataset
const rows = [...document.querySelectorAll(".switch")]
const find = id => document.getElementById(id)
const MOMENT = 1000
const SILENCE = "The sandbox does not answer. Is it still running?"
let known = { switches: [] }
let changes = 0
let silent = false
let shown = ""

async function ask(method, where, body) {
  const answer = await fetch(path + where, {
    method,
    headers: { "Content-Type": "application/json", [header]: path },
    body: body && JSON.stringify(body),
  })
  const found = await answer.json()
  if (!answer.ok) throw new Error(found.message)
  return found
}

function part(row, name) {
  return row.querySelector(`[data-part="${name}"]`)
}

function tell(problem) {
  const box = find("problem")
  box.hidden = !problem
  box.textContent = problem ?? ""
}

async function change(method, where, body) {
  changes += 1
  try {
    show(await ask(method, where, body))
    tell()
  } catch (error) {
    tell(error instanceof TypeError ? SILENCE : error.message)
  }
}

// An answer that was asked for before the last change would put the switch back for a moment.
async function look() {
  const before = changes
  try {
    const now = await ask("GET", "/now")
    if (before !== changes) return
    show(now.weather)
    showSent(now)
    if (silent) tell()
    silent = false
  } catch {
    silent = true
    tell(SILENCE)
  }
}

function set(row) {
  const often = part(row, "often").value
  const name = row.dataset.name
  if (!often) return change("DELETE", `/weather/${name}`)
  const amount = often.startsWith(":") ? { count: Number(often.slice(1)) } : { rate: Number(often) }
  return change("PUT", `/weather/${name}`, {
    ...amount,
    form: part(row, "form")?.value || null,
    everywhere: part(row, "everywhere")?.checked ?? false,
  })
}

function words(rate, count) {
  if (count !== null) return count === 1 ? "Next one" : `Next ${count}`
  return `${Number((rate * 100).toFixed(2))} %`
}

function showOften(row, one) {
  const box = part(row, "often")
  const value = !one ? "" : one.count !== null ? `:${one.count}` : String(one.rate)
  if (![...box.options].some(option => option.value === value))
    box.add(new Option(words(one.rate, one.count), value))
  if (box.value !== value) box.value = value
}

function show(weather) {
  known = weather
  // One that has struck as often as it should is off again.
  const on = new Map(weather.switches.filter(one => one.left !== 0).map(one => [one.name, one]))
  for (const row of rows) {
    const one = on.get(row.dataset.name)
    const struck = weather.struck[row.dataset.name] ?? 0
    row.classList.toggle("switch--on", Boolean(one))
    showOften(row, one)
    const form = part(row, "form")
    if (one?.form && form !== document.activeElement) form.value = one.form
    if (one && part(row, "everywhere")) part(row, "everywhere").checked = one.everywhere
    part(row, "left").textContent = one && one.left !== null ? `${one.left} left` : ""
    const output = row.querySelector("output")
    output.textContent = struck
    output.classList.toggle("some", struck > 0)
  }
  const seed = find("seed-number")
  if (seed !== document.activeElement) seed.value = weather.seed
  const total = Object.values(weather.struck).reduce((sum, one) => sum + one, 0)
  const state = on.size ? `${on.size} ${on.size === 1 ? "switch" : "switches"} on` : "Calm"
  const text = total ? `${state}, struck ${total} ${total === 1 ? "time" : "times"}` : state
  if (find("state").textContent !== text) find("state").textContent = text
  find("state").classList.toggle("badge--amber", on.size > 0)
}

function showSent({ sent, total }) {
  const now = JSON.stringify([sent, total])
  if (now === shown) return
  shown = now
  find("none").hidden = total > 0
  find("total").textContent = total
  find("sent").replaceChildren(...sent.map(sendItem))
}

function sendItem(one) {
  const item = find("send").content.firstElementChild.cloneNode(true)
  const put = (name, text) => {
    item.querySelector(name).textContent = text
  }
  put(".send__to", one.to)
  put("time", new Date(one.at).toLocaleTimeString())
  put(".send__status", one.status)
  put(".send__key", one.key ? `key …${one.key.slice(-6)}` : "no key")
  put(".send__repeats", one.repeats ? `asked again ${one.repeats}×` : "")
  item.querySelector(".send__status").dataset.status = one.status
  item.querySelector(".send__bubbles").append(
    ...one.bubbles.map(text => {
      const bubble = document.createElement("p")
      bubble.className = "bubble"
      bubble.dir = "auto"
      bubble.dataset.protocol = one.protocol
      bubble.append(document.createElement("span"))
      bubble.firstChild.textContent = text
      return bubble
    }),
  )
  return item
}

for (const row of rows)
  row.addEventListener("change", event => {
    if (event.target.dataset.part === "often" || part(row, "often").value) set(row)
  })

find("calm").addEventListener("click", () => change("DELETE", "/weather"))

find("seed").addEventListener("submit", event => {
  event.preventDefault()
  const fresh = known.switches.map(({ left, ...one }) => one)
  change("PUT", "/weather", { switches: fresh, seed: Number(find("seed-number").value) })
})

find("say").addEventListener("submit", async event => {
  event.preventDefault()
  const { sender, text } = event.target.elements
  const { group } = sender.selectedOptions[0].dataset
  try {
    await ask("POST", "/say", { from: sender.value, text: text.value, group: group || null })
    find("said").textContent = `Written at ${new Date().toLocaleTimeString()}.`
    text.select()
  } catch (error) {
    find("said").textContent = error.message
  }
})

setInterval(() => document.hidden || look(), MOMENT)
document.addEventListener("visibilitychange", () => document.hidden || look())
look()
