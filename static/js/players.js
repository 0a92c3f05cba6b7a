// What this browser cannot play says so, instead of standing there dark.
document.addEventListener(
  "error",
  ({ target }) => {
    const player = target.closest?.(".player")
    if (player) player.dataset.broken = ""
  },
  true,
)
