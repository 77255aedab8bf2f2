// The picture of the explorer: generated mean and its band, single traces, recordings beside it, the waves' names, and
// the difference of generated and recorded mean in a lane of its own.

const MARGIN = { left: 46, right: 10, top: 20, bottom: 24 };
const LANE = 0.27; // of the height, for the difference
const signed = (value, digits) => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(digits);

function createPlot(canvas) {
  const pen = canvas.getContext("2d");
  const size = { width: 0, height: 0 };
  let data, font, warning, pointer, x, y, floor;

  const ms = ({ start_ms, interval_ms }, i) => start_ms + i * interval_ms;
  const last = () => ms(data.time, data.time.samples - 1);
  const rows = (values, length) => Array.from({ length: values.length / length }, (_, k) => values.subarray(k * length, (k + 1) * length));

  function near({ time, traces, mean, sd, difference, error }) {
    const each = rows(numbers(traces), time.samples);
    const optional = Object.fromEntries(Object.entries({ mean, sd, difference, error }).map(([key, v]) => [key, v && numbers(v)]));
    return { time, traces: each, ...optional };
  }

  /** Half the height of the µV axis: what is needed for mean ± 2 SD, single traces (for them a quarter more at most: a
      rare large wave does not flatten all others) and nearly all of the recordings. It grows when it must and shrinks
      only where far too large, so that amplitudes can be compared while a slider moves. */
  function half({ mean, sd, single }, beside, present, mayShrink) {
    let [largest, tallest] = [0, 0];
    for (let i = 0; i < mean.length; i++) largest = Math.max(largest, Math.abs(mean[i]) + 2 * sd[i]);
    for (const value of single) tallest = Math.max(tallest, Math.abs(value));
    largest = Math.max(largest, Math.min(tallest, 1.25 * largest));
    if (beside) {
      const { compare } = beside.choices;
      if (compare === "traces") {
        const all = beside.near.traces.flatMap((trace) => Array.from(trace, Math.abs)).sort((a, b) => a - b);
        largest = Math.max(largest, all[Math.floor(0.98 * (all.length - 1))] ?? 0);
      } else if (compare !== "nothing" && beside.near.mean)
        beside.near.mean.forEach((v, i) => (largest = Math.max(largest, Math.abs(v) + beside.near.sd[i])));
    }
    const needed = [0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30].find((s) => 1.06 * largest <= s) ?? 50;
    return needed > present || (mayShrink && needed < 0.55 * present) ? needed : present;
  }

  function line(values, time, { colour, width, dash = [], opacity = 1 }) {
    pen.beginPath();
    for (let i = 0; i < values.length; i++) pen.lineTo(x(ms(time, i)), y(values[i]));
    Object.assign(pen, { strokeStyle: colour, lineWidth: width, globalAlpha: opacity });
    pen.setLineDash(dash);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  function band(mean, sd, time, fill, opacity = 1) {
    pen.beginPath();
    for (let i = 0; i < mean.length; i++) pen.lineTo(x(ms(time, i)), y(mean[i] + sd[i]));
    for (let i = mean.length - 1; i >= 0; i--) pen.lineTo(x(ms(time, i)), y(mean[i] - sd[i]));
    Object.assign(pen, { fillStyle: fill, globalAlpha: opacity });
    pen.fill();
    pen.globalAlpha = 1;
  }

  function text(words, left, bottom, { colour = data.colours.muted, style = "12px", align = "left", halo = false } = {}) {
    Object.assign(pen, { font: `${style} ${font}`, textAlign: align, fillStyle: colour });
    if (halo) {
      Object.assign(pen, { strokeStyle: data.colours.paper, lineWidth: 4, lineJoin: "round" });
      pen.strokeText(words, left, bottom);
    }
    pen.fillText(words, left, bottom);
  }

  function rule(x1, y1, x2, y2, width = 1, colour = data.colours.grid) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  }

  /** Draw within the lane from `top` to `bottom` whose µV axis goes from −`range` to `range`. */
  function lane(top, bottom, range) {
    y = (uv) => top + ((range - uv) / (2 * range)) * (bottom - top);
    const unit = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((s) => range / s <= (bottom - top) / 38) ?? 20;
    for (let k = -Math.floor(range / unit); k <= range / unit; k++) {
      const uv = Number((k * unit).toFixed(6));
      if (Math.abs(uv) > 0.93 * range) continue;
      rule(MARGIN.left, y(uv), size.width - MARGIN.right, y(uv), k ? 1 : 2);
      text(k ? signed(uv, unit < 0.1 ? 2 : unit < 1 ? 1 : 0) : "0", MARGIN.left - 8, y(uv) + 4, { align: "right" });
    }
  }

  function clipped(top, bottom, what) {
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, top, size.width - MARGIN.left - MARGIN.right, bottom - top);
    pen.clip();
    what();
    pen.restore();
  }

  function timeAxis() {
    for (let t = Math.ceil(data.time.start_ms / 2) * 2; t < last() - 0.8; t += 2) {
      rule(x(t), MARGIN.top, x(t), size.height - MARGIN.bottom);
      text(`${t}`, x(t), size.height - MARGIN.bottom + 16, { align: "center" });
    }
    text("ms", size.width - MARGIN.right, size.height - MARGIN.bottom + 16, { align: "right" });
  }

  /** Waves that are drawn: name, latency in ms, and whether they are seldom marked. */
  function wavesOf({ latency_ms, marked }) {
    const { names, hardly_marked, surely_marked } = data.waves;
    return names
      .map((name, i) => ({ name, latency: latency_ms[i], seldom: marked[i] < surely_marked, hardly: marked[i] < hardly_marked }))
      .filter(({ latency, hardly }) => Number.isFinite(latency) && !hardly);
  }

  /** Highest point near a latency of what is drawn there: a wave's name stands clear of it. */
  function highest(latency, { mean, sd }, drawn) {
    let top = -Infinity;
    const within = (time, length, value) => {
      for (let i = Math.max(0, Math.ceil((latency - 0.25 - time.start_ms) / time.interval_ms)); i < length && ms(time, i) <= latency + 0.25; i++)
        top = Math.max(top, value(i));
    };
    within(data.time, mean.length, (i) => mean[i] + sd[i]);
    for (const one of drawn) within(data.near.time, one.length, (i) => one[i]);
    return top;
  }

  function drawWaves(picture, range, drawn) {
    const { mean } = picture;
    for (const { name, latency, seldom } of wavesOf(picture)) {
      const place = clamp((latency - data.time.start_ms) / data.time.interval_ms, 0, mean.length - 1);
      const here = mix(mean[Math.floor(place)], mean[Math.ceil(place)], place % 1);
      const bottom = here + 0.03 * range;
      const clear = highest(latency, picture, drawn) + 0.05 * range;
      const top = Math.max(bottom, Math.min(Math.max(bottom + 0.12 * range, clear), 0.86 * range));
      const colour = seldom ? data.colours.muted : data.colours.ink;
      pen.setLineDash(seldom ? [2, 2] : []);
      rule(x(latency), y(bottom), x(latency), y(top), 1.2, colour);
      pen.setLineDash([]);
      text(seldom ? `(${name})` : name, x(latency), y(top) - 4, { colour, style: `${seldom ? 400 : 700} 14px`, align: "center", halo: true });
    }
  }

  /** ms and µV of the mean under the pointer. */
  function drawReading(mean) {
    const { start_ms, interval_ms } = data.time;
    const share = (pointer - MARGIN.left) / (size.width - MARGIN.left - MARGIN.right);
    const i = Math.round((share * (last() - start_ms)) / interval_ms);
    if (!(i >= 0 && i < mean.length)) return;
    const left = x(ms(data.time, i));
    pen.globalAlpha = 0.5;
    rule(left, MARGIN.top, left, size.height - MARGIN.bottom, 1, data.colours.muted);
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.arc(left, y(mean[i]), 3.5, 0, 7);
    pen.fillStyle = data.colours.accent;
    pen.fill();
    const right = left > size.width - 150;
    text(`${ms(data.time, i).toFixed(2)} ms  ${signed(mean[i], 2)} µV`, left + (right ? -8 : 8), floor - 8, {
      colour: data.colours.ink, align: right ? "right" : "left", halo: true,
    });
  }

  function drawDifference(top, bottom, nearness, range) {
    const { difference, error } = data.near;
    // the gain of the trace above, where the difference fits into it
    const largest = difference.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const own = Math.max((range * (bottom - top)) / (floor - MARGIN.top), 1.1 * largest);
    lane(top, bottom, own);
    clipped(top, bottom, () => {
      band(difference, error, data.time, data.colours.difference_band, nearness);
      line(difference, data.time, { ...data.styles.difference, opacity: nearness });
    });
    text("generated − recorded mean, µV", 8, top - 5);
  }

  return {
    near,
    half,
    wavesOf,
    ready: () => data && size.width > 0,
    /** New data: colours and fonts of the theme. */
    prepare(payload, root) {
      data = payload;
      font = getComputedStyle(root).fontFamily;
      warning = getComputedStyle(root).getPropertyValue("--st-orange-text-color") || "#b45309"; // as in explorer.css
    },
    resize() {
      const { width, height } = canvas.getBoundingClientRect();
      const scale = devicePixelRatio || 1;
      Object.assign(size, { width, height });
      Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    },
    point(redraw) {
      canvas.onpointermove = (event) => {
        pointer = event.offsetX;
        redraw();
      };
      canvas.onpointerleave = () => {
        pointer = undefined;
        redraw();
      };
    },
    legend(list, payload) {
      const shown = Object.entries(payload.legend).filter(([, words]) => words);
      list.replaceChildren(
        ...shown.map(([key, words]) => {
          const { colour, width, dash, opacity } = payload.styles[key];
          const item = element("li", { innerHTML: `<svg viewBox="0 0 26 8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4"/></svg>` });
          const attributes = { stroke: colour, "stroke-width": width, "stroke-dasharray": dash.join(" "), opacity };
          for (const [name, value] of Object.entries(attributes)) item.querySelector("line").setAttribute(name, value);
          item.append(words);
          return item;
        }),
      );
    },
    /** One frame: the picture, and recordings as far as they belong to it (`nearness`). */
    draw({ picture, half: range, nearness, choices, caution, reading }) {
      const scale = devicePixelRatio || 1;
      pen.setTransform(scale, 0, 0, scale, 0, 0);
      pen.clearRect(0, 0, size.width, size.height);
      const { time, styles, colours, near: beside } = data;
      x = (t) => MARGIN.left + ((t - time.start_ms) / (last() - time.start_ms)) * (size.width - MARGIN.left - MARGIN.right);
      const withLane = choices.compare === "difference" && beside.difference;
      const bottom = size.height - MARGIN.bottom;
      floor = withLane ? bottom - LANE * (bottom - MARGIN.top) : bottom;
      timeAxis();
      if (withLane) drawDifference(floor + 20, bottom, nearness, range);
      lane(MARGIN.top, floor, range);
      text("µV, vertex positive up", 8, 11);
      const traces = choices.compare === "traces" && data.choices.compare === "traces" && nearness > 0 ? beside.traces : [];
      const mean = ["mean", "difference"].includes(choices.compare) && nearness > 0 ? beside.mean : undefined;
      clipped(MARGIN.top, floor, () => {
        if (mean) band(mean, beside.sd, beside.time, colours.near_band, nearness);
        band(picture.mean, picture.sd, time, colours.band);
        for (const one of traces) line(one, beside.time, { ...styles.near, opacity: styles.near.opacity * nearness });
        if (choices.show === data.choices.show)
          for (const one of rows(picture.single, time.samples)) line(one, time, styles.single);
        if (mean) line(mean, beside.time, { ...styles.near_mean, opacity: nearness });
        line(picture.mean, time, styles.mean);
      });
      drawWaves(picture, range, nearness > 0.5 ? [...traces, ...(mean ? [mean] : [])] : []);
      if (reading && pointer !== undefined) drawReading(picture.mean);
      text(caution, size.width - MARGIN.right, 11, { colour: warning, style: "600 12px", align: "right", halo: true });
    },
  };
}
