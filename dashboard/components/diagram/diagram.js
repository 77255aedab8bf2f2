// A figure whose blocks can be chosen: by a click, or with Tab and Enter. The chosen block's id goes to Python.
// The payload is described in dashboard/widgets/architecture/figure.py.

const views = new WeakMap(); // what a component remembers while Python sends it new data
const RING = 3; // distance of the ring from its block, in the figure's unit
const PANEL = ".st-key-architecture_panel";
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = createView(parentElement)));
  view.send = (block) => setTriggerValue("block", block);
  view.receive(data);
}

function createView(parent) {
  const root = parent.querySelector(".diagram");
  const figure = parent.querySelector(".figure");
  const blocks = () => [...figure.querySelectorAll(".block[tabindex]")];
  const view = { receive };
  let drawn, waiting;

  /** Ask the browser for the focus again after the figure was drawn anew. */
  function draw(svg) {
    const focused = figure.querySelector(".block:focus")?.dataset.block;
    figure.innerHTML = svg; // made by the server, where every word of it is escaped
    const [image] = figure.children;
    image.removeAttribute("width");
    image.removeAttribute("height");
    image.setAttribute("role", "group"); // its blocks are buttons, so it is no single image
    for (const block of figure.querySelectorAll(".block:not(.join, .note)")) {
      block.setAttribute("tabindex", "0");
      block.setAttribute("role", "button");
      block.setAttribute("aria-label", block.dataset.label);
      block.append(ring(block));
      block.onclick = () => choose(block);
      block.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose(block);
      };
    }
    if (focused) blocks().find((block) => block.dataset.block === focused)?.focus({ preventScroll: true });
  }

  function ring(block) {
    const { x, y, width, height } = block.firstElementChild.getBBox();
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const place = { x: x - RING, y: y - RING, width: width + 2 * RING, height: height + 2 * RING, rx: 6, class: "ring" };
    for (const [name, value] of Object.entries(place)) rect.setAttribute(name, value);
    return rect;
  }

  function choose(block) {
    const id = block.getAttribute("aria-pressed") === "true" ? "" : block.dataset.block;
    mark((waiting = id));
    view.send(id);
    if (id) bringPanelIntoView();
  }

  /** What is known about the block stands below the figure: show it, once it is there, if it is out of sight. */
  function bringPanelIntoView(tries = 40) {
    const panel = document.querySelector(PANEL);
    if (!panel) return tries && setTimeout(() => bringPanelIntoView(tries - 1), 100);
    if (panel.getBoundingClientRect().top < innerHeight * 0.6) return;
    panel.style.scrollMarginTop = "40vh"; // the lower part of the figure stays in sight
    panel.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  }

  function mark(id) {
    for (const block of blocks()) block.setAttribute("aria-pressed", block.dataset.block === id);
    root.dataset.selected = id;
  }

  function receive(data) {
    root.style.setProperty("--accent", data.accent);
    if (data.svg !== drawn) draw((drawn = data.svg));
    if (waiting !== undefined && waiting !== data.selected) return; // the person is ahead of Python
    waiting = undefined;
    mark(data.selected);
  }

  return view;
}
