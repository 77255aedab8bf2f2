// Answers on their way to the server. Each is kept in the browser until the server says that it is on its disk: a lost
// connection, a server that died or a tab that was closed loses none. The same message may arrive twice, it has a name.

const RESEND_MS = 2500;
const AT_ONCE = 50; // messages

function createOutbox(prefix, send) {
  const tab = [...crypto.getRandomValues(new Uint32Array(2))].map((n) => n.toString(36)).join("");
  const pending = new Map(); // name -> message, oldest first
  let count = 0, timer;

  const inBrowser = (act) => {
    try {
      return act(localStorage);
    } catch {
      return undefined; // storage that is full or forbidden: then memory alone
    }
  };
  const found = inBrowser((store) =>
    Array.from({ length: store.length }, (_, i) => store.key(i))
      .filter((key) => key.startsWith(`${prefix}:`))
      .map((key) => [key.slice(prefix.length + 1), JSON.parse(store.getItem(key))])
      .sort(([, a], [, b]) => a.at - b.at),
  );
  for (const [name, message] of found ?? []) pending.set(name, message);

  function flush() {
    timer = clearTimeout(timer);
    if (!pending.size) return;
    const messages = [...pending.values()].slice(0, AT_ONCE);
    // how long ago and not when: clocks of two computers differ
    send(messages.map(({ at, ...message }) => ({ ...message, ago_ms: Math.max(0, Date.now() - at) })));
    timer = setTimeout(flush, RESEND_MS);
  }

  function add(index, answer) {
    const message = { window: tab, number: ++count, index, answer: structuredClone(answer), at: Date.now() };
    const name = `${tab}.${count}`;
    pending.set(name, message);
    inBrowser((store) => store.setItem(`${prefix}:${name}`, JSON.stringify(message)));
    flush();
  }

  function stored(names) {
    for (const name of names) {
      pending.delete(name);
      inBrowser((store) => store.removeItem(`${prefix}:${name}`));
    }
    if (!pending.size) timer = clearTimeout(timer);
  }

  const stop = () => (timer = clearTimeout(timer));
  const resume = () => {
    if (pending.size && timer === undefined) timer = setTimeout(flush, RESEND_MS);
  };

  return {
    add,
    flush,
    stored,
    stop,
    resume,
    get waiting() {
      return pending.size;
    },
    /** For how many ms the oldest one has been waiting. */
    get since() {
      return pending.size ? Date.now() - pending.values().next().value.at : 0;
    },
    latest: (index) => [...pending.values()].findLast((message) => message.index === index)?.answer,
  };
}
