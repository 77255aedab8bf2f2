// The reviewing screen: one item at a time, everything by key. What goes to and fro is described in
// dashboard/widgets/review/payload.py; outbox.js, trace.js, questions.js and keys.js stand before this
// file when it is sent.

const FIRST_TO_MARK = ["V", "III", "I"]; // the wave that a click marks next: the surest first, as on a device
const USUAL_MS = { I: 1.6, III: 3.8, V: 5.8 }; // where a mark that is placed by key begins
const PAUSE_MS = 150; // one message after a run of key presses, not one for each
const LOST_MS = 4000; // answers that wait so long have no way to the server
const GAINS = [0.5, 0.7, 1, 1.4, 2, 2.8, 4];
const views = new WeakMap(); // what a component remembers while Python sends it new data

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) views.set(parentElement, (view = createReview(parentElement, data)));
  view.send = (value) => setTimeout(() => setTriggerValue("outbox", value));
  view.listen();
  view.receive(data);
  return view.stop;
}

function createReview(parent, first) {
  const find = (selector) => parent.querySelector(selector);
  const [root, canvas, note] = [".review", "canvas", "textarea"].map(find);
  const picture = createPicture(canvas);
  const items = new Map(), answers = new Map(), dirty = new Set(), done = new Set();
  let data = first, place, chosen = 0, wave, gain = GAINS.indexOf(1), preview, dragging, pause, since, asked;
  const view = { receive, listen, stop, send: () => {} };
  const outbox = createOutbox(first.storage_key, (messages) => {
    view.send({ at: place, messages });
    state();
  });

  const questions = createQuestions(find, {
    choose: (name) => choose(name),
    absent: () => absent(),
    plausible: (i) => plausible(i),
    rate: (i) => rate(i),
    tick: (code) => tick(code),
  });

  // ---- the answer ---------------------------------------------------------------------------------------------------

  const item = () => items.get(place);
  const empty = () => ({ marks: [], plausibility: null, rating: null, noticed: [], note: "", seconds: 0, done: false });
  const answer = () => {
    if (!answers.has(place)) answers.set(place, empty());
    return answers.get(place);
  };
  const markOf = (name, trace = chosen) => answer().marks.find((one) => one.wave === name && one.trace === trace);
  const open = () => {
    const missing = data.mark
      .filter((name) => item().traces.some((_, k) => !markOf(name, k)))
      .map((name) => (item().traces.length > 1 ? `wave ${name} at ${item().traces.filter((_, k) => !markOf(name, k)).length} levels` : `wave ${name}`));
    if (data.plausibility && answer().plausibility === null) missing.push("plausibility");
    if (answer().rating === null) missing.push(`${data.words.recorded} or generated`);
    return missing;
  };

  /** Time that the item was on a visible screen is part of its answer. */
  function count() {
    if (since !== undefined && item()) answer().seconds += (performance.now() - since) / 1000;
    since = document.hidden || !item() ? undefined : performance.now();
  }

  function changed(at_once = false) {
    if (data.closed || !item()) return;
    if (answer().done && open().length) {
      answer().done = false; // something that was confirmed was taken back
      done.delete(place);
    }
    dirty.add(place);
    clearTimeout(pause);
    if (at_once) keep();
    else pause = setTimeout(keep, PAUSE_MS);
    show();
  }

  function keep() {
    clearTimeout(pause);
    count();
    for (const index of dirty) outbox.add(index, answers.get(index));
    dirty.clear();
    state();
  }

  function setMark(name, ms, trace = chosen) {
    const one = answer().marks.filter((other) => !(other.wave === name && other.trace === trace));
    answer().marks = ms === undefined ? one : [...one, { trace, wave: name, ms }];
    changed();
  }

  function toggle(list, value) {
    return list.includes(value) ? list.filter((other) => other !== value) : [...list, value];
  }

  // ---- from item to item --------------------------------------------------------------------------------------------

  function go(index) {
    count();
    if (dirty.size) keep();
    note.blur();
    place = Math.min(Math.max(index, 0), data.total);
    [chosen, wave, preview, since] = [0, FIRST_TO_MARK.find((name) => data.mark.includes(name)), undefined, undefined];
    count();
    // items that will be needed soon; those around this one are here already
    if (place < data.total && !items.has(Math.min(place + 4, data.total - 1))) ask();
    show();
    root.scrollTop = 0;
  }

  function ask() {
    if (asked === place) return;
    asked = place;
    view.send({ at: place, messages: [] });
    outbox.flush();
  }

  function next() {
    if (!item()) return;
    const missing = open();
    find(".missing").textContent = missing.length ? `Still open: ${missing.join(", ")}` : "";
    if (missing.length && !data.closed) return;
    if (!data.closed) {
      answer().done = true;
      done.add(place);
      dirty.add(place);
    }
    go(place + 1);
  }

  const firstOpen = () => {
    for (let i = 0; i < data.total; i++) if (!done.has(i)) return i;
    return data.total;
  };

  // ---- what is shown ------------------------------------------------------------------------------------------------

  function show() {
    const atEnd = place >= data.total;
    find(".work").hidden = atEnd;
    find(".end").hidden = !atEnd;
    find(".progress i").style.width = `${(100 * done.size) / data.total}%`;
    find(".progress").setAttribute("aria-valuenow", done.size);
    find(".progress").setAttribute("aria-valuemax", data.total);
    Object.assign(root.dataset, { place, total: data.total, done: done.size });
    state();
    if (atEnd) return showEnd();
    find(".count").textContent = `${place + 1} of ${data.total}`;
    if (!item()) {
      find(".facts").textContent = "…";
      return undefined;
    }
    const stacked = data.display === "series";
    find(".facts").textContent = [...(stacked ? [] : item().levels), ...item().facts].filter(Boolean).join(" · ");
    const said = answer();
    const trace = data.ear_colours[item().ear] ?? data.colours.ink;
    picture.show({
      ...item(), ...data.axis, stacked, chosen, wave, preview, marks: said.marks, gain: GAINS[gain],
      half_range_uv: data.half_range_uv, colours: { ...data.colours, trace },
    });
    questions.show(data, item(), said, { wave, chosen, markOf });
    const ready = !open().length;
    find(".next").classList.toggle("ready", ready);
    if (ready) find(".missing").textContent = "";
    find(".hint").textContent = hint();
    canvas.setAttribute("aria-label", `Trace ${place + 1}: ${find(".facts").textContent}. ${inWords()}`);
    return undefined;
  }

  const inWords = () =>
    answer().marks.map((one) => `wave ${one.wave} ${one.ms === null ? "absent" : `${one.ms.toFixed(2)} ms`}`).join(", ");

  function hint() {
    if (data.closed) return "This study is closed. Answers can be read, not changed.";
    const series = item().traces.length > 1 ? " · ↑ ↓ level" : "";
    if (!data.mark.length) return `+ − gain${series}`;
    const unmarked = !Number.isFinite(markOf(wave)?.ms);
    const arrows = unmarked ? `Click on wave ${wave}, or ← →` : `← → moves wave ${wave}, Shift: to the next peak`;
    return `${arrows} · X no response${series} · + − gain`;
  }

  function showEnd() {
    const left = data.total - done.size;
    find(".count").textContent = "";
    find(".facts").textContent = "";
    find(".end h3").textContent = left ? `${left} of ${data.total} still open` : `All ${data.total} answered. Thank you.`;
    find(".end p").textContent = left
      ? "Items that were passed over wait for an answer."
      : "Every answer is stored. You may go back and change one until the study is closed.";
    find(".end button").textContent = left ? "Go to the first open one" : "Look at the last one again";
  }

  function state() {
    const element = find(".state");
    const waiting = outbox.waiting + dirty.size;
    const lost = outbox.since > LOST_MS && `no connection: ${outbox.waiting} kept in this browser until it is back`;
    element.textContent = data.problem || lost || (waiting ? "storing …" : data.closed ? "closed" : "all stored");
    element.classList.toggle("waiting", Boolean(data.problem || lost));
    root.dataset.waiting = waiting;
  }

  // ---- what is said ------------------------------------------------------------------------------------------------

  const choose = (name) => ((wave = name), show());
  const plausible = (i) => ((answer().plausibility = i + 1), changed());
  const rate = (i) => ((answer().rating = i + 1), changed());
  const tick = (code) => ((answer().noticed = toggle(answer().noticed, code)), changed());
  const absent = () => setMark(wave, markOf(wave)?.ms === null ? undefined : null);

  // ---- keys ---------------------------------------------------------------------------------------------------------

  function arrow(direction, toPeak) {
    if (!wave) return;
    const now = markOf(wave)?.ms ?? undefined;
    const { start_ms, interval_ms, samples } = data.axis;
    const usual = Math.min(USUAL_MS[wave], start_ms + (samples - 1) * interval_ms);
    if (now === undefined) return setMark(wave, picture.snapped(chosen, usual));
    const to = toPeak ? nextPeak(item().peaks[chosen], now, direction, interval_ms) : now + direction * interval_ms;
    setMark(wave, Math.min(Math.max(to, start_ms), start_ms + (samples - 1) * interval_ms));
    return undefined;
  }

  const changeGain = (by) => ((gain = Math.min(Math.max(gain + by, 0), GAINS.length - 1)), show());
  const level = (by) => ((chosen = Math.min(Math.max(chosen + by, 0), item().traces.length - 1)), show());

  const keyed = keyListener(root, note, (event) => action(event));

  /** What a key does; nothing where it has no meaning now. */
  function action(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "Backspace" || key === "PageUp") return () => go(place - 1);
    if (place >= data.total) return key === "Enter" ? find(".end button").onclick : undefined;
    if (key === "Enter") return next;
    if (key === "PageDown") return () => go(place + 1);
    if (!item()) return undefined;
    if (key === "+" || key === "=") return () => changeGain(1);
    if (key === "-") return () => changeGain(-1);
    if (key === "ArrowUp" || key === "ArrowDown") return item().traces.length > 1 ? () => level(key === "ArrowUp" ? -1 : 1) : undefined;
    if (data.closed) return undefined;
    if (data.mark.includes(WAVE_KEYS[key])) return () => choose(WAVE_KEYS[key]);
    if (key === "ArrowLeft" || key === "ArrowRight") return () => arrow(key === "ArrowLeft" ? -1 : 1, event.shiftKey);
    if (key === "x" && wave) return absent;
    if (key === "Delete" && wave) return () => setMark(wave, undefined);
    if (key === "n" && data.noticed) return () => note.focus();
    const scales = [[PLAUSIBILITY_KEYS, data.plausibility && plausible], [RATING_KEYS, rate]];
    for (const [keys, act] of scales) if (act && keys.includes(key)) return () => act(keys.indexOf(key));
    const ticked = Object.keys(data.noticed ?? {})[NOTICED_KEYS.indexOf(key)];
    return ticked ? () => tick(ticked) : undefined;
  }

  // ---- pointer ------------------------------------------------------------------------------------------------------

  function pointed(event) {
    if (!item() || data.closed || !data.mark.length) return;
    const [px, py] = [event.offsetX, event.offsetY];
    const here = picture.place(px, py);
    if (dragging) {
      const { start_ms, interval_ms } = data.axis;
      setMark(dragging.wave, start_ms + Math.round((here.ms - start_ms) / interval_ms) * interval_ms, dragging.trace);
      return;
    }
    const touched = picture.touched(px, py);
    canvas.classList.toggle("over", Boolean(touched));
    preview = touched ? undefined : { trace: here.trace, wave: toMark(here.trace), ms: picture.snapped(here.trace, here.ms) };
    show();
  }

  /** The wave that a click on a trace marks: the chosen one; where that has its mark, the next without one. */
  const toMark = (trace) =>
    !markOf(wave, trace) ? wave : (FIRST_TO_MARK.find((name) => data.mark.includes(name) && !markOf(name, trace)) ?? wave);

  function down(event) {
    if (!item() || data.closed || !data.mark.length || event.button > 0) return;
    const touched = picture.touched(event.offsetX, event.offsetY);
    root.focus({ preventScroll: true });
    if (touched) {
      [dragging, chosen, wave, preview] = [touched, touched.trace, touched.wave, undefined];
      canvas.setPointerCapture(event.pointerId);
      return show();
    }
    const here = picture.place(event.offsetX, event.offsetY);
    [chosen, wave, preview] = [here.trace, toMark(here.trace), undefined];
    return setMark(wave, picture.snapped(here.trace, here.ms));
  }

  // ---- what Python sends --------------------------------------------------------------------------------------------

  function receive(payload) {
    data = payload;
    questions.build(data);
    outbox.stored(data.stored);
    outbox.resume();
    for (const [index, sent] of Object.entries(data.items)) {
      if (items.has(+index)) continue;
      const traces = decoded(sent.traces, data.axis.samples, data.step_uv);
      const peaks = traces.map((uv) => peaksOf(uv, data.axis.start_ms, data.axis.interval_ms));
      items.set(+index, { ...sent, traces, peaks });
    }
    data.done.forEach((yes, index) => (yes || outbox.latest(index)?.done ? done.add(index) : done.delete(index)));
    for (const index of items.keys()) {
      if (dirty.has(index)) continue;
      const own = outbox.latest(index); // said, but not stored yet
      const known = own ?? data.answers[index];
      if (known) answers.set(index, { ...structuredClone(known), seconds: Math.max(known.seconds, answers.get(index)?.seconds ?? 0) });
    }
    asked = undefined;
    if (since === undefined) count(); // the item has only now arrived
    if (place === undefined) {
      const begin = firstOpen();
      go(begin);
      root.focus({ preventScroll: true });
      outbox.flush(); // what another visit could not bring home
    } else show();
  }

  // ---- life ---------------------------------------------------------------------------------------------------------

  const watcher = new ResizeObserver(() => picture.resize());
  const leaving = () => {
    count();
    if (dirty.size) keep();
  };

  /** Before whatever else is pressed on the page can take this screen away. */
  const elsewhere = (event) => event.composedPath().includes(root) || leaving();

  function listen() {
    window.addEventListener("keydown", keyed, true);
    document.addEventListener("visibilitychange", leaving);
    window.addEventListener("pagehide", leaving);
    window.addEventListener("pointerdown", elsewhere, true);
    canvas.onpointermove = pointed;
    canvas.onpointerdown = down;
    canvas.onpointerup = canvas.onpointercancel = () => (dragging = undefined);
    canvas.onpointerleave = () => ((preview = undefined), show());
    note.oninput = () => ((answer().note = note.value), changed());
    note.readOnly = data.closed;
    find(".back").onclick = () => go(place - 1);
    find(".next").onclick = next;
    find(".end button").onclick = () => go(done.size < data.total ? firstOpen() : data.total - 1);
    watcher.observe(canvas);
  }

  function stop() {
    leaving();
    outbox.stop();
    watcher.disconnect();
    window.removeEventListener("keydown", keyed, true);
    document.removeEventListener("visibilitychange", leaving);
    window.removeEventListener("pagehide", leaving);
    window.removeEventListener("pointerdown", elsewhere, true);
  }

  return view;
}
