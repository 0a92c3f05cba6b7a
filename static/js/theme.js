// Before the first paint: the theme this person chose. Nothing kept means the system's.
;(() => {
  try {
    const theme = localStorage.getItem("theme")
    if (theme) document.documentElement.dataset.theme = theme
  } catch {
    // Storage is switched off: the system's theme it is.
  }
})()
