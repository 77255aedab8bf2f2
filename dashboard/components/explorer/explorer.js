// The conditions and the trace that they move. The response along a whole condition ("sweep") is asked of Python when a
// hand or the keyboard comes near its slider, and of those that nobody came near when the page is at rest; between its
// stops the picture is interpolated here, so dragging needs no server. On release the conditions go to Python, which
// answers with the picture where they stand and the recordings near it. The payload is described in
// dashboard/widgets/generation/exploring/payload.py; plot.js draws, controls.js has the sliders and buttons.

const SETTLE_MS = 140;
const PATIENCE_MS = 4000; // an answer that takes longer is not waited for
const HOVER_MS = 60; // a pointer that only passes a slider asks for nothing
const REST_MS = 1000; // nobody did anything for so long: the page is at rest
const BREATH_MS = 200; // between one axis and the next that are asked for at rest
const UNKNOWN = -32768;
const views = new WeakMap(); // what a component remembers while Python sends it new data

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const mix = (a, b, share) => a + (b - a) * share;
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** 16-bit steps as numbers; an unknown value is NaN. */
function numbers({ of, step, shape }) {
  const bytes = Uint8Array.from(atob(of), (c) => c.charCodeAt(0));
  const steps = new Int16Array(bytes.buffer, 0, bytes.length / 2);
  return Object.assign(Float32Array.from(steps, (s) => (s === UNKNOWN ? NaN : s * step)), { shape });
}

/** Between two rows of the same length; where only one is known, that one. */
function between(a, b, share) {
  if (share === 0 || a.length !== b.length) return share === 0 ? a : b;
  return Float32Array.from(a, (from, i) => (Number.isNaN(from) ? b[i] : Number.isNaN(b[i]) ? from : mix(from, b[i], share)));
}

/** A block of S conditions as S pictures. */
function pictures(block) {
  const parts = Object.fromEntries(["mean", "sd", "single", "latency_ms", "marked"].map((key) => [key, numbers(block[key])]));
  return Array.from({ length: parts.mean.shape[0] }, (_, s) => {
    const row = (values) => values.subarray((s * values.length) / values.shape[0], ((s + 1) * values.length) / values.shape[0]);
    return Object.fromEntries(Object.entries(parts).map(([key, values]) => [key, row(values)]));
  });
}

const blend = (a, b, share) => Object.fromEntries(Object.keys(b).map((key) => [key, between(a[key], b[key], share)]));

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = createView(parentElement)));
  view.send = (message) => setTriggerValue("asked", message);
  view.listen();
  view.receive(data);
  return view.stop;
}

function createView(parent) {
  const root = parent.querySelector(".explorer");
  const canvas = root.querySelector("canvas");
  const plot = createPlot(canvas);
  const now = {}; // what is drawn: picture, half (µV), nearness (0 to 1: how much of the recordings is shown)
  const sweeps = {}; // by condition: { key, stops, pictures }
  let data, controls, at, choices, active, dragging, followed, position, moving, frame, hover, resting;
  let count = 0, waiting, again, askedFor, rested, touched, pictureNumber = 0;

  // ---- what stands where ------------------------------------------------------------------------------------------

  const axis = (name) => data.axes.find((a) => a.name === name);
  /** What a sweep along a condition depends on: all the others, the model, and what single traces are. */
  const keyOf = (name, where = at) => JSON.stringify([{ ...where, [name]: null }, data.model, data.legend.single]);
  const sweepOf = (name) => (sweeps[name]?.key === keyOf(name) ? sweeps[name] : undefined);
  const wordsAt = (name, place) => axis(name).stops[Math.round(place)];
  const cautionAt = (name, place) => axis(name).caution[Math.round(place)] ?? "";

  /** The picture at a place between the stops of a sweep. */
  function pictureAt({ stops, pictures }, place) {
    let i = stops.findIndex((stop) => stop > place) - 1;
    if (i < 0) i = stops.length - 2;
    return blend(pictures[i], pictures[i + 1], clamp((place - stops[i]) / (stops[i + 1] - stops[i]), 0, 1));
  }

  const inWords = () => {
    const waves = plot.wavesOf(now.goal ?? now.picture).map((w) => `wave ${w.name} ${w.latency.toFixed(2)} ms${w.seldom ? " (seldom marked)" : ""}`);
    const where = `${wordsAt(active, at[active])}: ${waves.join(", ") || "no wave marked"}`;
    return [where, cautionAt(active, at[active])].filter(Boolean).join("; ");
  };

  // ---- drawing ----------------------------------------------------------------------------------------------------

  function draw(time) {
    frame = undefined;
    if (!data || !plot.ready()) return;
    const began = performance.now();
    if (moving) {
      const share = clamp((time - moving.began) / SETTLE_MS, 0, 1);
      const eased = 1 - (1 - share) ** 3;
      now.picture = blend(moving.picture, now.goal, eased);
      for (const key of ["half", "nearness"]) now[key] = mix(moving[key], moving.to[key], eased);
      if (share < 1) redraw();
      else moving = undefined;
    }
    const place = dragging ? position : at[active];
    plot.draw({ ...now, data, choices, reading: !dragging, caution: cautionAt(active, place) });
    for (const { name } of data.axes) root.setAttribute(`data-${name}`, wordsAt(name, dragging && name === active ? place : at[name]));
    root.dataset.position = place.toFixed(2);
    root.dataset.picture = pictureNumber;
    root.dataset.caution = cautionAt(active, place);
    root.dataset.ready = data.axes.filter((a) => sweepOf(a.name)).map((a) => a.name).join(" ");
    root.dataset.said = count;
    root.dataset.settled = `${!dragging && !moving && !waiting && again === undefined && data.axes.every((a) => a.at === at[a.name])}`;
    window.abrFrames?.push({ touched, began, drawn: performance.now(), picture: pictureNumber, swept: !!sweepOf(active) }); // for benchmarks/explorer.py alone
    touched = undefined;
  }

  const redraw = () => (frame ??= requestAnimationFrame(draw));

  /** Go to this picture, gently unless less motion is wished for. */
  function show(picture, nearness) {
    const to = { half: plot.half(picture, nearness ? data : undefined, now.half, true), nearness };
    const jump = calm() || !now.picture || now.picture.single.length !== picture.single.length;
    now.goal = picture;
    if (jump) {
      Object.assign(now, to, { picture });
      moving = undefined;
    } else moving = { began: performance.now(), picture: now.picture, half: now.half, nearness: now.nearness, to };
    redraw();
  }

  // ---- talking with Python ----------------------------------------------------------------------------------------

  /** Say where the sliders stand, or ask for a sweep; one message at a time, the last wish counts. */
  function say(sweep = null, where = { at, ...choices }) {
    clearTimeout(resting);
    if (waiting) return void (again = sweep ?? again ?? null);
    again = undefined;
    if (sweep) askedFor = keyOf(sweep);
    waiting = setTimeout(answered, PATIENCE_MS);
    view.send({ n: ++count, ...where, sweep });
  }

  function answered() {
    clearTimeout(waiting);
    waiting = undefined;
    if (again !== undefined) say(again);
  }

  /** The slider that is likely to be moved next: have its whole condition ready. */
  function prepare(name) {
    active = name;
    if (!sweepOf(name) && askedFor !== keyOf(name)) say(name);
  }

  /** At rest, have the other conditions ready too, one after another: a finger gives no notice of where it will tap.
      Each of them once for each place of the sliders; none while nobody can see the page, or the server has other work,
      which this would break off. Whatever is said in between ends it. */
  function rest() {
    clearTimeout(resting);
    if (document.visibilityState !== "visible") return;
    const here = keyOf(null);
    const goesOn = rested?.at === here;
    if (!goesOn) rested = { at: here, asked: new Set() };
    const next = data.axes.map((a) => a.name).find((name) => !sweepOf(name) && !rested.asked.has(name));
    if (!next) return;
    resting = setTimeout(() => {
      if (dragging || waiting) return;
      if (document.querySelector("[data-test-script-state]:not([data-test-script-state=notRunning])")) return rest();
      rested.asked.add(next);
      say(next, {}); // without a place: it must not undo what another part of the page is just changing
    }, goesOn ? BREATH_MS : REST_MS);
  }

  // ---- what a person does -----------------------------------------------------------------------------------------

  const hands = {
    near(name, wait) {
      clearTimeout(hover);
      if (!dragging) hover = setTimeout(() => prepare(name), wait ? HOVER_MS : 0);
    },
    away: () => clearTimeout(hover),
    grab(name) {
      clearTimeout(hover);
      clearTimeout(resting);
      active = name;
      dragging = true;
      followed = 0;
      position = at[name];
      root.classList.add("dragging");
    },
    /** The place under the thumb, at once: recordings of other conditions fade with the distance from theirs. */
    follow(name, place, event) {
      touched ??= event?.timeStamp;
      if (++followed === 2) prepare(name); // a drag; a click on the track needs one picture, not the whole axis
      position = place;
      moving = undefined;
      const sweep = sweepOf(name);
      if (sweep) {
        now.picture = now.goal = pictureAt(sweep, place);
        now.half = plot.half(now.picture, undefined, now.half, false);
      }
      now.nearness = clamp(1 - Math.abs(place - axis(name).at), 0, 1);
      controls.place(name, place, wordsAt(name, place));
      redraw();
    },
    release(name, place) {
      if (!dragging) return;
      dragging = false;
      root.classList.remove("dragging");
      hands.choose(name, Math.round(place));
    },
    choose(name, stop) {
      active = name;
      const moved = stop !== at[name];
      at = { ...at, [name]: stop };
      controls.place(name, stop, wordsAt(name, stop));
      const here = data.axes.every((a) => a.at === at[a.name]);
      const sweep = sweepOf(name);
      if (here) show(data.pictures[0], 1);
      else if (sweep) show(pictureAt(sweep, stop), 0);
      else {
        now.nearness = 0;
        redraw();
      }
      if (moved || !here) say();
      else rest();
      announce();
    },
    pick(choice, value) {
      choices = { ...choices, [choice]: value };
      controls.choice(choice, value);
      redraw();
      say();
    },
  };

  function announce() {
    canvas.setAttribute("aria-label", `${data.alt} ${inWords()}.`);
    root.querySelector(".announced").textContent = inWords();
  }

  // ---- what Python sends ------------------------------------------------------------------------------------------

  function receive(payload) {
    const first = data === undefined;
    if (first) count = payload.echo;
    const before = data;
    data = { ...payload, pictures: pictures(payload.picture), near: plot.near(payload.near) };
    const theirs = Object.fromEntries(data.axes.map((a) => [a.name, a.at]));
    if (first) {
      active = data.axes[0].name;
      controls = createControls(root.querySelector(".controls"), data, hands);
    }
    for (const [name, colour] of Object.entries(data.colours)) root.style.setProperty(`--${name}`, colour);
    plot.prepare(data, root);
    const stale = payload.echo < count || again !== undefined; // the person is ahead of Python
    if (!stale) {
      at = dragging ? { ...theirs, [active]: at[active] } : theirs;
      choices = data.choices;
    }
    if (payload.sweep) {
      const { axis: name, stops } = payload.sweep;
      sweeps[name] = { key: keyOf(name, theirs), stops, pictures: pictures(payload.sweep) };
    }
    controls.receive(data, stale || dragging ? undefined : at, choices);
    plot.legend(root.querySelector(".legend"), data);
    if (payload.echo >= count) answered();
    if (dragging) return redraw();
    if (stale) {
      const sweep = sweepOf(active); // come in time for a click that was made while it was under way
      return sweep && now.nearness === 0 ? show(pictureAt(sweep, at[active]), 0) : redraw();
    }
    const same = before && before.picture.mean.of === payload.picture.mean.of && before.legend.single === data.legend.single;
    if (!same) pictureNumber++;
    if (!before) now.half = plot.half(data.pictures[0], data, 0, true);
    if (now.nearness < 1) now.nearness = Math.min(now.nearness, 0.3);
    now.nearness ??= 1;
    show(data.pictures[0], 1);
    announce();
    if (!waiting) prepare(active);
    if (!waiting) rest();
  }

  const watcher = new ResizeObserver(() => {
    plot.resize();
    if (frame) cancelAnimationFrame(frame);
    draw(performance.now()); // in the same frame: a canvas that was resized is empty
  });

  function listen() {
    watcher.observe(canvas);
    document.addEventListener("visibilitychange", rest);
    plot.point(redraw);
  }

  function stop() {
    watcher.disconnect();
    document.removeEventListener("visibilitychange", rest);
    cancelAnimationFrame(frame);
    clearTimeout(waiting);
    clearTimeout(hover);
    clearTimeout(resting);
    frame = waiting = undefined;
  }

  const view = { receive, listen, stop };
  return view;
}
