/* What CSS alone cannot do. No library, nothing is loaded. */

// A box that scrolls can be reached with the keyboard; one that does not is no stop on the way.
function markScrollable() {
  document.querySelectorAll(".math-scroll, span.math, main pre, .pst-scrollable-table-container").forEach((box) => {
    const scrolls = box.scrollWidth > box.clientWidth;
    const formula = box.matches(".math-scroll, span.math");
    if (scrolls) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
    if (scrolls && formula) {
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "Formula, scrolls sideways");
    } else if (formula) {
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  });
}

// On paper nothing can be unfolded: everything is open while the page is printed.
const folded = new Set();

window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details:not([open])").forEach((box) => {
    folded.add(box);
    box.open = true;
  });
});

window.addEventListener("afterprint", () => {
  folded.forEach((box) => {
    box.open = false;
  });
  folded.clear();
});

// From the disk a page may not read another one: the search shows titles, without excerpts.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

window.addEventListener("load", markScrollable);
window.addEventListener("resize", markScrollable);
document.addEventListener("toggle", markScrollable, true);
