// Turns the picture before this script into a player: `settings` says how the steps are tiled.
(() => {
  const settings = SETTINGS;
  const host = document.currentScript.parentElement;
  const strip = host.querySelector("img");
  if (!strip || host.shadowRoot) return;
  const { captions, columns, rows, width, height, seconds } = settings;
  const last = captions.length - 1;
  const root = host.attachShadow({ mode: "open" });
  root.innerHTML = `<style>
    :host { display: block; margin: 1rem 0; }
    .card { box-sizing: border-box; max-width: ${width + 26}px; margin: 0 auto; padding: 12px;
      border: 1px solid #c9ced6; border-radius: 10px; background: #fff; color: #1a1a1a;
      font: 16px/1.4 system-ui, sans-serif; text-align: start; }
    .view { overflow: hidden; aspect-ratio: ${width} / ${height}; }
    img { display: block; width: ${100 * columns}%; height: auto; max-width: none; margin: 0; }
    .bar { display: flex; align-items: center; gap: 6px; margin-top: 8px; }
    button { flex: none; width: 44px; height: 44px; padding: 10px; border: 1px solid #6b7280;
      border-radius: 8px; background: #fff; color: #1a1a1a; cursor: pointer; }
    button.play { background: #0072b2; border-color: #0072b2; color: #fff; }
    button[aria-disabled="true"] { opacity: 0.4; cursor: default; }
    button:focus-visible, input:focus-visible { outline: 3px solid #d55e00; outline-offset: 2px; }
    svg { display: block; width: 100%; height: 100%; fill: currentColor; }
    input { flex: 1; min-width: 60px; height: 44px; margin: 0 4px; accent-color: #0072b2; }
    p { min-height: 2.8em; margin: 4px 2px 0; }
    b { font-variant-numeric: tabular-nums; }
    @media print {
      .bar, p { display: none; }
      .card { max-width: none; border: 0; padding: 0; }
      .view { overflow: visible; aspect-ratio: auto; }
      img { width: 100%; transform: none !important; }
    }
  </style>
  <div class="card" role="group" aria-label="Animation in ${captions.length} steps">
    <div class="view"></div>
    <div class="bar">
      <button type="button" class="play"></button>
      <button type="button" class="back" aria-label="Previous step">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 5h3v14H6zM20 5v14L10 12z"/></svg>
      </button>
      <button type="button" class="next" aria-label="Next step">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5h3v14h-3zM4 5v14l10-7z"/></svg>
      </button>
      <input type="range" min="1" max="${captions.length}" value="1" aria-label="Step">
    </div>
    <p aria-live="polite"><b></b> <span></span></p>
  </div>`;
  const get = (selector) => root.querySelector(selector);
  const [play, back, next, slider] = [".play", ".back", ".next", "input"].map(get);
  const icons = {
    Play: "M7 4v16l13-8z",
    Pause: "M6 4h4v16H6zM14 4h4v16h-4z",
    Replay: "M12 5V1L7 6l5 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
  };
  get(".view").append(strip);
  for (const name of ["style", "width", "height"]) strip.removeAttribute(name);
  let step = 0;
  let timer = null;

  function show(wanted) {
    step = Math.max(0, Math.min(last, wanted));
    const column = step % columns;
    const row = Math.floor(step / columns);
    strip.style.transform = `translate(${(-100 * column) / columns}%, ${(-100 * row) / rows}%)`;
    slider.value = step + 1;
    slider.setAttribute("aria-valuetext", `step ${step + 1} of ${captions.length}`);
    get("b").textContent = `Step ${step + 1} of ${captions.length}.`;
    get("span").textContent = captions[step];
    back.setAttribute("aria-disabled", step === 0);
    next.setAttribute("aria-disabled", step === last);
    label();
  }
  function label() {
    const name = timer ? "Pause" : step === last ? "Replay" : "Play";
    play.setAttribute("aria-label", name);
    play.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icons[name]}"/></svg>`;
    // A screen reader hears each step that its reader asks for, not every step that passes.
    get("p").setAttribute("aria-live", timer ? "off" : "polite");
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    label();
  }
  function start() {
    if (step === last) show(0);
    clearInterval(timer);
    timer = setInterval(() => {
      show(step + 1);
      if (step === last) pause();
    }, 1000 * seconds);
    label();
  }
  function go(wanted) {
    pause();
    show(wanted);
  }
  play.addEventListener("click", () => (timer ? pause() : start()));
  back.addEventListener("click", () => go(step - 1));
  next.addEventListener("click", () => go(step + 1));
  slider.addEventListener("input", () => go(slider.value - 1));
  // Notebooks have shortcuts of their own on the same keys.
  root.addEventListener("keydown", (event) => event.stopPropagation());
  show(0);

  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    if (step === 0 && !timer) start();
  }, { threshold: 0.5 });
  seen.observe(get(".view"));
  for (const control of [play, back, next, slider]) {
    control.addEventListener("pointerdown", () => seen.disconnect(), { once: true });
    control.addEventListener("keydown", () => seen.disconnect(), { once: true });
  }
})();
