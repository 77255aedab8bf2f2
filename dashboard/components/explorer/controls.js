// Sliders and buttons of the explorer. `hands` is told what a person does; what is chosen comes back by `place`,
// `choice` and `receive`.

const PAGE_KEYS = 4; // stops
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -PAGE_KEYS, PageUp: PAGE_KEYS, Home: -Infinity, End: Infinity };
const CHOICES = {
  show: { label: "Show", options: { mean: "Mean", draws: "Draws", recordings: "Recordings" } },
  compare: { label: "Beside", options: { traces: "Traces", mean: "Mean", difference: "Difference", nothing: "None" } },
};

function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

function createControls(place, data, hands) {
  const parts = Object.fromEntries(data.axes.map((axis) => [axis.name, axis.kind === "class" ? buttons(axis) : track(axis)]));
  const choices = Object.fromEntries(Object.entries(CHOICES).map(([name, { label, options }]) => [name, choice(name, label, options)]));
  place.replaceChildren(...[...Object.values(parts), ...Object.values(choices)].map((part) => part.box));

  /** A slider with the strip of training data and a line of words beneath it. */
  function track({ name, label, stops }) {
    const id = `explorer-${name}`;
    const input = element("input", { id, type: "range", min: 0, max: stops.length - 1, step: "any" });
    const [output, strip, note] = [element("output"), element("div", { className: "strip" }), element("p", { className: "note" })];
    const head = element("div", { className: "head" }, element("label", { htmlFor: id, textContent: label }), output);
    const box = element("div", { className: "axis" }, head, input, strip, note);
    let held = false;
    const snapped = (value) => clamp(Math.round(value), 0, stops.length - 1);
    box.onpointerenter = () => hands.near(name, true);
    box.onpointerleave = () => hands.away();
    input.onfocus = () => hands.near(name, false);
    input.onpointerdown = (event) => {
      input.setPointerCapture(event.pointerId); // the release counts wherever it happens
      held = true;
      hands.grab(name);
    };
    input.oninput = (event) => {
      if (held) hands.follow(name, calm() ? snapped(+input.value) : +input.value, event);
      else hands.choose(name, snapped(+input.value)); // assistive technology, without a pointer
    };
    input.onpointerup = input.onpointercancel = input.onchange = () => {
      if (!held) return;
      held = false;
      hands.release(name, +input.value);
    };
    input.onkeydown = (event) => {
      if (!(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      hands.choose(name, snapped(Math.round(+input.value) + STEPS[event.key]));
    };
    const set = (value, words) => {
      input.value = value;
      output.textContent = words;
      input.setAttribute("aria-valuetext", words);
      input.style.setProperty("--filled", `${(100 * value) / (stops.length - 1)}%`);
    };
    return { box, set, strip, note };
  }

  /** A row of buttons of which one is chosen; arrows go from one to the next. */
  function group(label, labels, titles, onPick) {
    const row = element("div", { className: "group" });
    row.setAttribute("role", "radiogroup");
    row.setAttribute("aria-label", label);
    const each = labels.map((text, i) => {
      const button = element("button", { type: "button", textContent: text, title: titles[i] });
      button.setAttribute("role", "radio");
      if (titles[i] !== text) button.setAttribute("aria-label", titles[i]);
      button.onclick = () => onPick(i);
      button.onkeydown = (event) => {
        const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = (i + step + each.length) % each.length;
        each[next].focus();
        onPick(next);
      };
      return button;
    });
    row.append(...each);
    const mark = (chosen) =>
      each.forEach((button, i) => {
        button.setAttribute("aria-checked", `${i === chosen}`);
        button.tabIndex = i === chosen ? 0 : -1;
      });
    return { row, mark, each };
  }

  function buttons({ name, label, stops, short }) {
    const { row, mark, each } = group(label, short, stops, (i) => hands.choose(name, i));
    const [output, note] = [element("output"), element("p", { className: "note" })];
    const box = element("div", { className: "axis" }, element("div", { className: "head" }, element("span", { textContent: label }), output), row, note);
    box.onpointerenter = () => hands.near(name, true);
    box.onpointerleave = () => hands.away();
    row.onfocusin = () => hands.near(name, false);
    const set = (value, words) => {
      output.textContent = words;
      mark(Math.round(value));
    };
    return { box, set, note, each };
  }

  function choice(name, label, options) {
    const keys = Object.keys(options);
    const { row, mark } = group(label, Object.values(options), Object.values(options), (i) => hands.pick(name, keys[i]));
    const box = element("div", { className: "choice" }, element("span", { textContent: label }), row);
    return { box, set: (value) => mark(keys.indexOf(value)) };
  }

  return {
    place: (name, value, words) => parts[name].set(value, words),
    choice: (name, value) => choices[name].set(value),
    /** What stands beneath each slider; and where they stand, unless a person is moving them. */
    receive(data, at, chosen) {
      for (const axis of data.axes) {
        const { strip, note, each } = parts[axis.name];
        if (strip) strip.innerHTML = axis.strip;
        Object.assign(note, { textContent: axis.note, title: axis.note, className: `note${axis.warns ? " warning" : ""}` });
        each?.forEach((button, i) => (button.dataset.degree = axis.caution[i] ? axis.caution[i].split(" ")[0] : "inside"));
        if (at) parts[axis.name].set(at[axis.name], axis.stops[at[axis.name]]);
      }
      for (const name in choices) choices[name].set(chosen[name]);
    },
  };
}
