// The intensity slider and the trace it moves. Between two levels of the sweep the picture is interpolated here, so
// dragging needs no server; on release the level goes to Python, which sends the recordings near it.
// The payload is described in dashboard/widgets/generation/exploring/response_scrubber.py.

const MARGIN = { left: 46, right: 10, top: 20, bottom: 24 };
const SETTLE_MS = 140;
const KEYBOARD_PAUSE_MS = 250; // one message to Python after a run of key presses, not one for each
const PAGE_KEYS = 4; // steps
const views = new WeakMap(); // what a component remembers while Python sends it new data

const numbers = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const mix = (a, b, share) => a + (b - a) * share;
const signed = (value, digits) => (value > 0 ? "+" : "") + value.toFixed(digits);
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = createView(parentElement)));
  view.send = (level) => setTriggerValue("level", level);
  view.listen();
  view.receive(data);
  return view.stop;
}

function createView(parent) {
  const find = (selector) => parent.querySelector(selector);
  const [root, input, canvas, output] = [".scrub", "input", "canvas", "output"].map(find);
  const pen = canvas.getContext("2d");
  const now = {}; // what is drawn: level, half (µV), nearness (0 to 1: how much of the nearest recordings is shown)
  let data, plot, dragging, moving, frame, pause, pointer, sent, touched;

  // ---- what stands at a level -------------------------------------------------------------------------------------

  const step = () => data.levels[1] - data.levels[0];
  const snapped = (level) => {
    const [first, last] = [data.levels[0], data.levels.at(-1)];
    return clamp(first + Math.round((level - first) / step()) * step(), first, last);
  };
  /** Between which two levels of the sweep a level lies, and how far along. */
  const place = (level) => {
    const along = (level - data.levels[0]) / step();
    const below = clamp(Math.floor(along), 0, data.levels.length - 2);
    return { below, share: clamp(along - below, 0, 1) };
  };
  /** Curve number `which` of `per` at each level, between the two levels beside this one. */
  const curve = (values, { below, share }, which = 0, per = 1) => {
    const T = data.samples;
    const [a, b] = [(below * per + which) * T, ((below + 1) * per + which) * T];
    return Float32Array.from({ length: T }, (_, i) => mix(values[a + i], values[b + i], share));
  };
  /** Waves that are drawn at a level: name, latency in ms, and whether they are seldom marked. */
  const wavesAt = (level) => {
    const { below, share } = place(level);
    const between = (values, wave) => {
      const [a, b] = [below, below + 1].map((l) => values[l * data.waves.length + wave]);
      return Number.isNaN(a) ? b : Number.isNaN(b) ? a : mix(a, b, share);
    };
    return data.waves
      .map((name, i) => ({ name, latency: between(plot.latency, i), marked: between(plot.marked, i) }))
      .filter(({ latency, marked }) => Number.isFinite(latency) && !(marked < data.hardly_marked))
      .map((wave) => ({ ...wave, seldom: wave.marked < data.surely_marked }));
  };
  /** What is to be said of the training data near a level; empty where there are enough. */
  const cautionAt = (level) => data.caution[Math.round((level - data.levels[0]) / step())] ?? "";
  const inWords = (level) => {
    const waves = wavesAt(level).map((w) => `wave ${w.name} ${w.latency.toFixed(2)} ms${w.seldom ? " (seldom marked)" : ""}`);
    return [`${Math.round(level)} dB nHL: ${waves.join(", ") || "no wave marked"}`, cautionAt(level)].filter(Boolean).join("; ");
  };

  // ---- drawing ----------------------------------------------------------------------------------------------------

  const x = (ms) => MARGIN.left + ((ms - data.start_ms) / (plot.end - data.start_ms)) * (plot.width - MARGIN.left - MARGIN.right);
  const y = (uv) => MARGIN.top + ((now.half - uv) / (2 * now.half)) * (plot.height - MARGIN.top - MARGIN.bottom);

  function line(values, start, interval, { colour, width, dash = [], opacity = 1 }) {
    pen.beginPath();
    for (let i = 0; i < values.length; i++) pen.lineTo(x(start + i * interval), y(values[i]));
    Object.assign(pen, { strokeStyle: colour, lineWidth: width, globalAlpha: opacity });
    pen.setLineDash(dash);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  function text(words, left, bottom, { colour = data.colours.muted, font = "12px", align = "left", halo = false } = {}) {
    Object.assign(pen, { font: `${font} ${plot.font}`, textAlign: align, fillStyle: colour });
    if (halo) {
      Object.assign(pen, { strokeStyle: data.colours.paper, lineWidth: 4, lineJoin: "round" });
      pen.strokeText(words, left, bottom);
    }
    pen.fillText(words, left, bottom);
  }

  function drawAxes() {
    const { grid, muted } = data.colours;
    const bottom = plot.height - MARGIN.bottom;
    const rule = (x1, y1, x2, y2, width) => {
      Object.assign(pen, { strokeStyle: grid, lineWidth: width });
      pen.beginPath();
      pen.moveTo(x1, y1);
      pen.lineTo(x2, y2);
      pen.stroke();
    };
    for (let ms = Math.ceil(data.start_ms / 2) * 2; ms < plot.end - 0.8; ms += 2) {
      rule(x(ms), MARGIN.top, x(ms), bottom, 1);
      text(`${ms}`, x(ms), bottom + 16, { align: "center" });
    }
    text("ms", plot.width - MARGIN.right, bottom + 16, { align: "right" });
    const unit = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((s) => now.half / s <= 5) ?? 20;
    for (let k = -Math.ceil(now.half / unit) + 1; k * unit < now.half - 1e-9; k++) {
      const uv = Number((k * unit).toFixed(6));
      rule(MARGIN.left, y(uv), plot.width - MARGIN.right, y(uv), k ? 1 : 2);
      text(k ? (uv > 0 ? "+" : "−") + Math.abs(uv) : "0", MARGIN.left - 8, y(uv) + 4, { align: "right", colour: muted });
    }
    text(data.unit, 8, 11);
  }

  function drawBand(mean, sd) {
    pen.beginPath();
    for (let i = 0; i < mean.length; i++) pen.lineTo(x(plot.ms(i)), y(mean[i] + sd[i]));
    for (let i = mean.length - 1; i >= 0; i--) pen.lineTo(x(plot.ms(i)), y(mean[i] - sd[i]));
    pen.fillStyle = data.colours.band;
    pen.fill();
  }

  /** Highest point near a latency of what is drawn there: a wave's name stands clear of it. */
  function highest(latency, mean, sd) {
    let top = -Infinity;
    const within = (start, interval, length, value) => {
      for (let i = Math.max(0, Math.ceil((latency - 0.25 - start) / interval)); i < length && start + i * interval <= latency + 0.25; i++)
        top = Math.max(top, value(i));
    };
    within(data.start_ms, data.interval_ms, mean.length, (i) => mean[i] + sd[i]);
    if (now.nearness > 0.5)
      for (const one of plot.nearest) within(data.nearest.start_ms, data.nearest.interval_ms, one.length, (i) => one[i]);
    return top;
  }

  function drawWaves(mean, sd) {
    for (const { name, latency, seldom } of wavesAt(now.level)) {
      const at = clamp((latency - data.start_ms) / data.interval_ms, 0, mean.length - 1);
      const here = mix(mean[Math.floor(at)], mean[Math.ceil(at)], at % 1);
      const bottom = here + 0.03 * now.half;
      const clear = highest(latency, mean, sd) + 0.05 * now.half;
      const top = Math.max(bottom, Math.min(Math.max(bottom + 0.12 * now.half, clear), 0.86 * now.half));
      const colour = seldom ? data.colours.muted : data.colours.ink;
      Object.assign(pen, { strokeStyle: colour, lineWidth: 1.2 });
      pen.setLineDash(seldom ? [2, 2] : []);
      pen.beginPath();
      pen.moveTo(x(latency), y(bottom));
      pen.lineTo(x(latency), y(top));
      pen.stroke();
      pen.setLineDash([]);
      text(seldom ? `(${name})` : name, x(latency), y(top) - 4, { colour, font: `${seldom ? 400 : 700} 14px`, align: "center", halo: true });
    }
  }

  /** ms and µV of the mean under the pointer. */
  function drawReading(mean) {
    if (pointer === undefined || dragging) return;
    const i = Math.round((data.start_ms + ((pointer - MARGIN.left) / (x(plot.end) - MARGIN.left)) * (plot.end - data.start_ms) - data.start_ms) / data.interval_ms);
    if (i < 0 || i >= mean.length) return;
    const left = x(plot.ms(i));
    Object.assign(pen, { strokeStyle: data.colours.muted, lineWidth: 1, globalAlpha: 0.5 });
    pen.beginPath();
    pen.moveTo(left, MARGIN.top);
    pen.lineTo(left, plot.height - MARGIN.bottom);
    pen.stroke();
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.arc(left, y(mean[i]), 3.5, 0, 7);
    pen.fillStyle = data.colours.accent;
    pen.fill();
    const right = left > plot.width - 150;
    const words = `${plot.ms(i).toFixed(2)} ms  ${signed(mean[i], 2)} µV`;
    text(words, left + (right ? -8 : 8), plot.height - MARGIN.bottom - 8, { colour: data.colours.ink, align: right ? "right" : "left", halo: true });
  }

  function draw(time) {
    frame = undefined;
    if (!data || !plot.width) return;
    const began = performance.now();
    if (moving) {
      const share = clamp((time - moving.began) / SETTLE_MS, 0, 1);
      for (const key in moving.to) now[key] = mix(moving.from[key], moving.to[key], 1 - (1 - share) ** 3);
      if (share < 1) redraw();
      else moving = undefined;
    }
    const scale = devicePixelRatio || 1;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, plot.width, plot.height);
    drawAxes();
    const here = place(now.level);
    const [mean, sd] = [curve(plot.mean, here), curve(plot.sd, here)];
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, plot.width - MARGIN.left - MARGIN.right, plot.height - MARGIN.top - MARGIN.bottom);
    pen.clip();
    drawBand(mean, sd);
    const { accent } = data.colours;
    if (now.nearness > 0)
      for (const one of plot.nearest)
        line(one, data.nearest.start_ms, data.nearest.interval_ms, { ...data.nearest.style, opacity: data.nearest.style.opacity * now.nearness });
    for (let k = 0; k < data.single.count; k++)
      line(curve(plot.single, here, k, data.single.count), data.start_ms, data.interval_ms, { ...data.single.style });
    line(mean, data.start_ms, data.interval_ms, { colour: accent, width: 2.6 });
    pen.restore();
    drawWaves(mean, sd);
    drawReading(mean);
    text(cautionAt(now.level), plot.width - MARGIN.right, 11, { colour: plot.warning, font: "600 12px", align: "right", halo: true });
    root.dataset.level = now.level.toFixed(2);
    root.dataset.caution = cautionAt(now.level);
    root.dataset.settled = `${!dragging && !moving && now.level === data.level}`;
    window.abrScrubFrames?.push({ touched, began, drawn: performance.now() }); // for benchmarks/drag.py alone
    touched = undefined;
  }

  const redraw = () => (frame ??= requestAnimationFrame(draw));

  /** Go to these values, gently unless less motion is wished for. */
  function move(to) {
    if (calm()) {
      Object.assign(now, to);
      moving = undefined;
    } else moving = { began: performance.now(), from: { ...now }, to };
    redraw();
  }

  // ---- the slider -------------------------------------------------------------------------------------------------

  function showLevel(level) {
    const [first, last] = [data.levels[0], data.levels.at(-1)];
    const words = `${Math.round(level)} dB nHL`;
    output.textContent = words;
    input.setAttribute("aria-valuetext", words);
    input.style.setProperty("--filled", `${(100 * (level - first)) / (last - first)}%`);
  }

  /** The level under the thumb, at once: recordings of another level fade with the distance from theirs. */
  function follow(level, event) {
    touched ??= event?.timeStamp;
    moving = undefined;
    now.level = level;
    now.nearness = clamp(1 - Math.abs(level - data.level) / step(), 0, 1);
    showLevel(level);
    redraw();
  }

  function settle(level, wait = 0) {
    input.value = level;
    showLevel(level);
    move({ ...now, level, nearness: level === data.level ? 1 : now.nearness });
    clearTimeout(pause);
    pause = setTimeout(() => {
      pause = undefined;
      canvas.setAttribute("aria-label", `${data.alt} ${inWords(level)}.`);
      find(".announced").textContent = inWords(level);
      if (level !== sent) view.send((sent = level));
    }, wait);
  }

  function dragged(on) {
    dragging = on;
    root.classList.toggle("dragging", on);
  }

  const keys = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -PAGE_KEYS, PageUp: PAGE_KEYS, Home: -Infinity, End: Infinity };
  const watcher = new ResizeObserver(resize);

  function resize() {
    const { width, height } = canvas.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    Object.assign((plot ??= {}), { width, height, font: getComputedStyle(root).fontFamily });
    if (frame) cancelAnimationFrame(frame);
    draw(performance.now()); // in the same frame: a canvas that was resized is empty
  }

  // ---- what Python sends ------------------------------------------------------------------------------------------

  function legend() {
    const items = data.legend.map(({ label, style }) => {
      const item = document.createElement("li");
      item.innerHTML = `<svg viewBox="0 0 26 8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4"/></svg>`;
      const attributes = { stroke: style.colour, "stroke-width": style.width, "stroke-dasharray": style.dash.join(" "), opacity: style.opacity };
      for (const [name, value] of Object.entries(attributes)) item.querySelector("line").setAttribute(name, value);
      item.append(label);
      return item;
    });
    find(".legend").replaceChildren(...items);
  }

  function receive(payload) {
    const first = data === undefined;
    data = payload;
    const [T, N] = [data.samples, data.nearest.samples];
    const nearest = numbers(data.nearest.uv);
    plot = {
      ...plot,
      mean: numbers(data.mean),
      sd: numbers(data.sd),
      single: numbers(data.single.uv),
      latency: numbers(data.latency_ms),
      marked: numbers(data.marked),
      nearest: Array.from({ length: data.nearest.count }, (_, k) => nearest.subarray(k * N, (k + 1) * N)),
      ms: (i) => data.start_ms + i * data.interval_ms,
      end: data.start_ms + (T - 1) * data.interval_ms,
      warning: getComputedStyle(root).getPropertyValue("--st-orange-text-color") || "#b45309", // as in scrub.css
    };
    for (const [name, colour] of Object.entries(data.colours)) root.style.setProperty(`--${name}`, colour);
    Object.assign(input, { min: data.levels[0], max: data.levels.at(-1) });
    find(".support").innerHTML = data.support;
    Object.assign(find(".note"), { textContent: data.note, className: `note${data.warning ? " warning" : ""}` });
    legend();
    const busy = dragging || pause !== undefined; // the person is ahead of Python: leave the thumb where it is
    if (busy) move({ ...now, half: data.half_range_uv });
    else {
      sent = data.level;
      input.value = data.level;
      showLevel(data.level);
      canvas.setAttribute("aria-label", `${data.alt} ${inWords(data.level)}.`);
      const to = { level: data.level, half: data.half_range_uv, nearness: 1 };
      if (first) Object.assign(now, to);
      else now.nearness = Math.min(now.nearness, 0.3);
      move(to);
    }
  }

  function listen() {
    input.oninput = (event) => {
      if (!dragging) return settle(snapped(+input.value), KEYBOARD_PAUSE_MS); // assistive technology, without a pointer
      follow(calm() ? snapped(+input.value) : +input.value, event);
    };
    input.onpointerdown = (event) => {
      input.setPointerCapture(event.pointerId); // the release counts wherever it happens
      dragged(true);
    };
    input.onpointerup = input.onpointercancel = input.onchange = () => {
      if (!dragging) return;
      dragged(false);
      settle(snapped(+input.value));
    };
    input.onkeydown = (event) => {
      if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const from = pause === undefined ? sent : +input.value;
      const level = snapped(clamp(from + keys[event.key] * step(), data.levels[0], data.levels.at(-1)));
      now.nearness = level === data.level ? 1 : 0;
      settle(level, KEYBOARD_PAUSE_MS);
    };
    canvas.onpointermove = (event) => {
      pointer = event.offsetX;
      redraw();
    };
    canvas.onpointerleave = () => {
      pointer = undefined;
      redraw();
    };
    watcher.observe(canvas);
  }

  function stop() {
    watcher.disconnect();
    cancelAnimationFrame(frame);
    frame = undefined;
  }

  const view = { receive, listen, stop };
  return view;
}
