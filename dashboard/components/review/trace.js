// The picture: one trace, or one ear's levels stacked, loudest on top; one gain for the whole study, a bar in µV, an axis
// in ms, marks where the reviewer put them. It knows nothing of answers but what it is given to draw.

const EDGE = { left: 18, right: 14, top: 26, bottom: 28 };
const BARS_UV = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
const SNAP_MS = 0.4;
const GRAB_PX = 9;

/** Whole steps of 16 bits from base64, as µV: one Float32Array a trace. */
function decoded(text, samples, step) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const steps = new Int16Array(bytes.buffer);
  return Array.from({ length: steps.length / samples }, (_, k) =>
    Float32Array.from(steps.subarray(k * samples, (k + 1) * samples), (value) => value * step),
  );
}

/** Local maxima of a trace: ms and µV of the parabola through the top three samples. */
function peaksOf(uv, start, interval) {
  const found = [];
  for (let i = 1; i < uv.length - 1; i++) {
    const [a, b, c] = [uv[i - 1], uv[i], uv[i + 1]];
    if (!(b > a && b >= c)) continue;
    const shift = (0.5 * (a - c)) / (a - 2 * b + c);
    found.push({ ms: start + (i + shift) * interval, uv: b - 0.25 * (a - c) * shift });
  }
  return found;
}

/** Time of the next peak before (-1) or after (1) a time; the time itself where there is none. */
function nextPeak(peaks, ms, direction, interval) {
  const beyond = peaks.map((peak) => peak.ms).filter((at) => direction * (at - ms) > interval / 2);
  if (!beyond.length) return ms;
  return direction > 0 ? Math.min(...beyond) : Math.max(...beyond);
}

function createPicture(canvas) {
  const pen = canvas.getContext("2d");
  let scene, size = { width: 0, height: 0 }, frame;

  const end = () => scene.start_ms + (scene.samples - 1) * scene.interval_ms;
  const left = () => EDGE.left + (scene.stacked ? 78 : 0);
  const x = (ms) => left() + ((ms - scene.start_ms) / (end() - scene.start_ms)) * (size.width - left() - EDGE.right);
  const ms = (px) => scene.start_ms + ((px - left()) / (size.width - left() - EDGE.right)) * (end() - scene.start_ms);
  const inner = () => size.height - EDGE.top - EDGE.bottom;
  const gap = () => inner() / (scene.stacked ? scene.traces.length + 0.5 : 1);
  const perUv = () => (scene.gain * gap() * (scene.stacked ? 0.75 : 0.47)) / scene.half_range_uv;
  const zero = (k) => EDGE.top + (scene.stacked ? (k + 0.95) * gap() : 0.5 * inner());
  const y = (k, uv) => zero(k) - uv * perUv();
  const at = (k, time) => {
    const place = Math.min(Math.max((time - scene.start_ms) / scene.interval_ms, 0), scene.samples - 1);
    const i = Math.min(Math.floor(place), scene.samples - 2);
    return scene.traces[k][i] + (scene.traces[k][i + 1] - scene.traces[k][i]) * (place - i);
  };

  function text(words, px, py, { colour = scene.colours.muted, font = "12px", align = "left", halo = false } = {}) {
    Object.assign(pen, { font: `${font} ${size.font}`, textAlign: align, fillStyle: colour });
    if (halo) {
      Object.assign(pen, { strokeStyle: scene.colours.paper, lineWidth: 4, lineJoin: "round" });
      pen.strokeText(words, px, py);
    }
    pen.fillText(words, px, py);
  }

  function rule(x1, y1, x2, y2, colour, width = 1, dash = []) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
    pen.setLineDash([]);
  }

  function axes() {
    const { grid, ink } = scene.colours;
    const bottom = size.height - EDGE.bottom;
    for (let time = Math.ceil(scene.start_ms); time <= end() - 0.3; time++) {
      rule(x(time), EDGE.top, x(time), bottom, grid);
      text(`${time}`, x(time), bottom + 17, { align: "center" });
    }
    text("ms", size.width - EDGE.right, bottom + 17, { align: "right" });
    text("vertex positive up", left(), 14);
    if (!scene.stacked) rule(left(), zero(0), size.width - EDGE.right, zero(0), grid, 1.5);
    const room = scene.stacked ? 0.7 * gap() : 0.2 * inner();
    const bar = BARS_UV.findLast((uv) => uv * perUv() <= room) ?? BARS_UV[0];
    const [px, py] = [size.width - EDGE.right - 6, bottom - 8];
    rule(px, py, px, py - bar * perUv(), ink, 2);
    text(`${bar} µV`, px - 7, py - (bar * perUv()) / 2 + 4, { align: "right", colour: ink, halo: true });
  }

  function line(k) {
    const chosen = scene.stacked && k === scene.chosen;
    pen.beginPath();
    for (let i = 0; i < scene.samples; i++) pen.lineTo(x(scene.start_ms + i * scene.interval_ms), y(k, scene.traces[k][i]));
    Object.assign(pen, { strokeStyle: scene.colours.trace, lineWidth: scene.stacked && !chosen ? 1.3 : 2, lineJoin: "round" });
    pen.stroke();
    if (scene.stacked && scene.levels[k]) {
      const colour = chosen ? scene.colours.ink : scene.colours.muted;
      text(scene.levels[k], left() - 10, zero(k) + 4, { align: "right", colour, font: chosen ? "650 13px" : "12px" });
    }
  }

  /** A mark: a tick on the trace with the wave's name; paler where it is only shown under the pointer. */
  function mark({ trace, wave, ms: time }, pale = false) {
    const px = x(time), py = Math.max(y(trace, at(trace, time)), 38); // a name stays on the picture at any gain
    const colour = pale ? scene.colours.muted : wave === scene.wave && trace === scene.chosen ? scene.colours.accent : scene.colours.ink;
    rule(px, py - 5, px, py - 20, colour, pale ? 1.2 : 2, pale ? [2, 2] : []);
    pen.beginPath();
    pen.arc(px, py, 3.2, 0, 7);
    pen.fillStyle = colour;
    pen.fill();
    text(pale ? `${wave} ${time.toFixed(2)} ms` : wave, px, py - 25, { colour, font: `${pale ? 400 : 700} 13px`, align: "center", halo: true });
  }

  function draw() {
    frame = undefined;
    if (!scene || !size.width) return;
    const scale = devicePixelRatio || 1;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, size.width, size.height);
    axes();
    pen.save();
    pen.beginPath();
    pen.rect(0, 2, size.width, EDGE.top + inner() + 8);
    pen.clip();
    scene.traces.forEach((_, k) => line(k));
    pen.restore();
    for (const one of scene.marks) if (one.ms !== null) mark(one);
    for (let k = 0; k < scene.traces.length; k++) {
      const absent = scene.marks.filter((one) => one.trace === k && one.ms === null).map((one) => one.wave);
      if (!absent.length) continue;
      const words = `no ${absent.join(", ")}`;
      const font = "600 12px", colour = scene.colours.ink;
      if (scene.stacked) text(words, left() - 10, zero(k) + 20, { colour, font, align: "right" });
      else text(words, left() + 6, size.height - EDGE.bottom - 10, { colour, font, halo: true });
    }
    if (scene.preview) mark(scene.preview, true);
  }

  const redraw = () => (frame ??= requestAnimationFrame(draw));

  function resize() {
    const { width, height } = canvas.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    size = { width, height, font: getComputedStyle(canvas).fontFamily };
    if (frame) cancelAnimationFrame(frame);
    draw();
  }

  return {
    show(next) {
      scene = next;
      redraw();
    },
    resize,
    /** Which trace a point of the canvas is on, and its time in ms within the recording. */
    place(px, py) {
      const time = Math.min(Math.max(ms(px), scene.start_ms), end());
      const distance = scene.traces.map((_, k) => Math.abs(py - y(k, at(k, time))));
      return { trace: distance.indexOf(Math.min(...distance)), ms: time };
    },
    /** The mark that a point touches, if any. */
    touched(px, py) {
      return scene.marks.find(
        (one) => one.ms !== null && Math.abs(px - x(one.ms)) < GRAB_PX && Math.abs(py - y(one.trace, at(one.trace, one.ms)) + 12) < 26,
      );
    },
    /** The highest peak next to a time; the time itself where there is none. */
    snapped(trace, time) {
      const near = scene.peaks[trace].filter((peak) => Math.abs(peak.ms - time) <= SNAP_MS);
      return near.length ? near.reduce((a, b) => (b.uv > a.uv ? b : a)).ms : time;
    },
  };
}
