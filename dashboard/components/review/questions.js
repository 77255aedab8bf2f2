// The questions beside the trace: made once, then kept in step with the answer. What is pressed is told by `act`.

const WAVE_KEYS = { 1: "I", 3: "III", 5: "V" };
const PLAUSIBILITY_KEYS = ["q", "w", "e", "r", "t"];
const RATING_KEYS = ["a", "s", "d", "f", "g", "h"];
const NOTICED_KEYS = ["6", "7", "8", "9", "0"];

function createQuestions(find, act) {
  let built;

  const press = (where, pressed) =>
    [...find(where).children].forEach((button, i) => button.setAttribute("aria-pressed", `${pressed(i)}`));

  function button(words, key, onclick, label = words) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", onclick, title: `${label} (${key.toUpperCase()})` });
    made.setAttribute("aria-label", label);
    made.append(words, Object.assign(document.createElement("kbd"), { textContent: key }));
    return made;
  }

  function waveRow(name) {
    const row = Object.assign(document.createElement("div"), { className: "wave" });
    row.dataset.wave = name;
    const key = Object.keys(WAVE_KEYS).find((digit) => WAVE_KEYS[digit] === name);
    const pick = button("", key, () => act.choose(name), `Wave ${name}`);
    pick.classList.add("pick");
    pick.prepend(Object.assign(document.createElement("b"), { textContent: name }));
    pick.append(document.createElement("span"));
    const none = button("none", "x", () => (act.choose(name), act.absent()), `Wave ${name}: no response`);
    none.classList.add("none");
    row.append(pick, none);
    return row;
  }

  function build({ words, mark, colours, plausibility, noticed }) {
    const now = JSON.stringify([words, mark, colours]);
    if (now === built) return; // a button that is made anew while it is pressed misses its click
    built = now;
    for (const [name, colour] of Object.entries(colours)) find(".review").style.setProperty(`--${name}`, colour);
    find(".waves").hidden = !mark.length;
    find(".waves .rows").replaceChildren(...mark.map(waveRow));
    find(".plausibility").hidden = !plausibility;
    find(".plausibility h4").textContent = words.plausibility;
    find(".plausibility .scale").replaceChildren(
      ...words.plausibilities.map((word, i) => button(word, PLAUSIBILITY_KEYS[i], () => act.plausible(i))),
    );
    find(".rating h4").textContent = words.rating;
    const [recorded, generated] = find(".halves").children;
    [recorded.textContent, generated.textContent] = [words.recorded, "generated"];
    const kind = (i) => (i < words.ratings.length / 2 ? words.recorded : "generated");
    find(".rating .scale").replaceChildren(
      ...words.ratings.map((word, i) => button(word, RATING_KEYS[i], () => act.rate(i), `${word} ${kind(i)}`)),
    );
    find(".noticed").hidden = !noticed;
    find(".noticed .ticks").replaceChildren(
      ...Object.entries(noticed ?? {}).map(([code, word], i) => button(word, NOTICED_KEYS[i], () => act.tick(code))),
    );
  }

  function showWaves(data, item, { wave, chosen, markOf }) {
    const box = find(".waves");
    box.classList.toggle("open", data.mark.some((name) => item.traces.some((_, k) => !markOf(name, k))));
    const level = data.display === "series" && item.levels[chosen];
    box.querySelector("h4").textContent = level ? `Waves at ${level}` : "Waves";
    for (const row of box.querySelectorAll(".wave")) {
      const one = markOf(row.dataset.wave, chosen);
      row.querySelector(".pick").classList.toggle("chosen", row.dataset.wave === wave);
      row.querySelector(".pick span").textContent = !one ? "–" : one.ms === null ? "no response" : `${one.ms.toFixed(2)} ms`;
      row.querySelector(".none").setAttribute("aria-pressed", `${one?.ms === null}`);
    }
  }

  /** `markOf(wave, trace)` finds a mark; `chosen` is the trace that is worked on. */
  function show(data, item, said, place) {
    showWaves(data, item, place);
    press(".plausibility .scale", (i) => said.plausibility === i + 1);
    press(".rating .scale", (i) => said.rating === i + 1);
    press(".noticed .ticks", (i) => said.noticed.includes(Object.keys(data.noticed ?? {})[i]));
    find(".plausibility").classList.toggle("open", data.plausibility && said.plausibility === null);
    find(".rating").classList.toggle("open", said.rating === null);
    const note = find("textarea");
    if (note.getRootNode().activeElement !== note) note.value = said.note;
  }

  return { build, show };
}
