// The pane about the person: beside the thread, over it, or on a phone in its place.
const KEPT = "details"
const PHONE = matchMedia("(width < 45rem)")
const BESIDE = matchMedia("(width >= 80rem)")
const inbox = () => document.querySelector(".inbox")

export function showDetails() {
  const { hash } = location
  if (PHONE.matches && document.querySelector("#thread").dataset.conversation)
    inbox().dataset.view = hash === "#details" ? "details" : "thread"
  const open = PHONE.matches ? hash === "#details" : inbox().dataset.pane === "open"
  const button = document.querySelector(".thread__head [data-details]")
  button?.setAttribute("aria-expanded", open)
}

function toggle() {
  if (PHONE.matches) {
    if (location.hash !== "#details") history.pushState({ inbox: true }, "", "#details")
    else if (history.state?.inbox) history.back()
    else history.replaceState(null, "", location.pathname + location.search)
  } else {
    const pane = inbox().dataset.pane === "open" ? "closed" : "open"
    inbox().dataset.pane = pane
    if (BESIDE.matches) keep(pane)
  }
  showDetails()
}

function kept() {
  try {
    return localStorage.getItem(KEPT) ?? "open"
  } catch {
    return "open"
  }
}

function keep(pane) {
  try {
    localStorage.setItem(KEPT, pane)
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
}

document.addEventListener("click", event => {
  if (event.target.closest("[data-details]")) toggle()
})
addEventListener("opened", showDetails)
addEventListener("header", showDetails)
BESIDE.addEventListener("change", fit)

function fit() {
  if (!inbox()) return
  inbox().dataset.pane = BESIDE.matches ? kept() : "closed"
  showDetails()
}
fit()
