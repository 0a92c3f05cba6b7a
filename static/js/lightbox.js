// The pictures of a thread, large, one after the other. Without it each is a link to itself.
// Pages without threads have none.
const box = document.querySelector("#lightbox")
const shown = box?.querySelector("img")
const [name, count] = box?.querySelectorAll("#lightbox-caption > *") ?? []
let current

document.addEventListener("click", event => {
  const link = event.target.closest("[data-picture]")
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  show(link)
  box.showModal()
})

box?.addEventListener("click", event => {
  const button = event.target.closest("[data-step]")
  if (button) step(Number(button.dataset.step))
})

box?.addEventListener("keydown", event => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  if (!by) return
  event.preventDefault()
  step(by)
})

box?.addEventListener("close", () => {
  shown.removeAttribute("src")
  const link = document.getElementById(current)
  const seen = link?.hidden ? link.parentElement.querySelector(".picture:nth-child(4)") : link
  seen?.focus()
})

// A bubble may have been put anew since, so the picture is known by its id.
function pictures() {
  return [...document.querySelectorAll("#thread [data-picture]")]
}

function step(by) {
  const all = pictures()
  const next = all[all.findIndex(link => link.id === current) + by]
  if (next) show(next)
}

function show(link) {
  const all = pictures()
  const index = all.indexOf(link)
  const thumbnail = link.querySelector("img")
  current = link.id
  for (const side of ["width", "height"]) shown.setAttribute(side, thumbnail.getAttribute(side))
  shown.src = link.href
  shown.alt = thumbnail.alt
  name.textContent = link.dataset.picture
  count.textContent = all.length > 1 ? `${index + 1} of ${all.length}` : ""
  const save = box.querySelector("a[download]")
  save.href = link.dataset.save
  save.download = link.dataset.picture
  for (const button of box.querySelectorAll("[data-step]"))
    button.disabled = !all[index + Number(button.dataset.step)]
}
