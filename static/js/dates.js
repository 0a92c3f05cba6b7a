// Times in the reader's own zone and words, kept true while the page is open.
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const LONG = 15 * MINUTE
const LATE = HOUR
const locale = navigator.languages.find(one => one.startsWith("en")) ?? "en-GB"

const format = options => new Intl.DateTimeFormat(locale, options)
const clock = format({ hour: "numeric", minute: "2-digit" })
const weekday = format({ weekday: "short" })
const dayMonth = format({ day: "numeric", month: "short" })
const dayMonthYear = format({ day: "numeric", month: "short", year: "numeric" })
const longDay = format({ weekday: "long", day: "numeric", month: "long" })
const longDayYear = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" })
const second = format({ hour: "numeric", minute: "2-digit", second: "2-digit" })
const exact = format({ dateStyle: "full", timeStyle: "short" })

export function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime)
    time.textContent = SHOWN[time.dataset.format](at)
    time.title ||= exact.format(at)
  }
}

// How long somebody has waited for an answer, and whether that is too long.
export function showWaiting(row) {
  const waits = row.querySelector(".conversation__wait")
  const since = Number(row.dataset.waiting)
  if (!since || !waits) return
  const waited = Date.now() - since
  waits.dataset.wait = waited >= LATE ? "late" : waited >= LONG ? "long" : ""
  waits.querySelector("[data-wait-words]").textContent = lasting(waited)
}

export function dayName(at) {
  const days = Math.round((startOfDay(new Date()) - startOfDay(at)) / DAY)
  if (days === 0) return "Today"
  if (days === 1) return "Yesterday"
  return (sameYear(at) ? longDay : longDayYear).format(at)
}

export function startOfDay(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()
}

const SHOWN = {
  ago,
  past,
  clock: clock.format,
  day: dayMonthYear.format,
  moment: at => withDay(at, clock),
  second: at => withDay(at, second),
}

// The time of day, and the day when it is not today.
function withDay(at, time) {
  const today = startOfDay(at) === startOfDay(new Date())
  return today ? time.format(at) : `${dayMonth.format(at)}, ${time.format(at)}`
}

function past(at) {
  const passed = Date.now() - at
  return passed < MINUTE ? "just now" : passed < DAY ? `${lasting(passed)} ago` : ago(at)
}

function ago(at) {
  const passed = Date.now() - at
  if (passed < DAY && startOfDay(at) === startOfDay(new Date())) return lasting(passed)
  if (passed < HOUR) return lasting(passed)
  if (passed < 6 * DAY) return weekday.format(at)
  return (sameYear(at) ? dayMonth : dayMonthYear).format(at)
}

function lasting(passed) {
  if (passed < MINUTE) return "now"
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`
  return `${Math.floor(passed / DAY)} d`
}

function sameYear(at) {
  return at.getFullYear() === new Date().getFullYear()
}

setInterval(() => {
  const list = document.querySelector("conversation-list")
  if (!list) return
  showTimes(list)
  list.querySelectorAll(".conversation").forEach(showWaiting)
}, 20_000)
