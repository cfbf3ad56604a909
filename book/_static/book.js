/* What CSS alone cannot do. No library, nothing is loaded. */

// A box that scrolls can be reached with the keyboard; one that does not is no stop on the way.
function markScrollable() {
  document.querySelectorAll(".math-scroll, span.math").forEach((box) => {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", "Formula, scrolls sideways");
    } else {
      ["tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
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

window.addEventListener("load", markScrollable);
window.addEventListener("resize", markScrollable);
