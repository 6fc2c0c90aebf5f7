// HTTP to the far end: what there is, one request that carries all calls, and the control.

const ASK_MS = 3000;
const PING_EVERY_MS = 1000;
const PING_MS = 2500;

export async function askConfig(base, signal) {
  const answer = await fetch(`${base}config.json`, {
    cache: "no-store", credentials: "omit", signal: within(signal, ASK_MS),
  });
  // A copy of the site has the page and no far end: that is no fault of the line's.
  if (answer.status === 404) return { far_end: false, turn: null, relay_stopped: false, reached: {}, takes_reports: false };
  if (!answer.ok) throw new Error(`config: ${answer.status}`);
  return answer.json();
}

// Seven offers have 42 kB and are alike: packed they have 3, which is a second instead of seven at 40 kbit/s.
async function packed(text) {
  const headers = { "Content-Type": "application/json" };
  if (typeof CompressionStream !== "function") return { headers, body: text };
  const body = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  return { headers: { ...headers, "Content-Encoding": "gzip" }, body };
}

// One POST with all offers; `onLine` hears each line of the answer until the far end or `signal` ends it.
export async function openCalls(base, offers, onLine, signal) {
  const answer = await fetch(`${base}calls`, {
    method: "POST", credentials: "omit", cache: "no-store", signal,
    ...await packed(JSON.stringify({ arms: offers })),
  });
  if (!answer.ok || answer.body === null) throw new Error(answer.status === 503 ? "busy" : `calls: ${answer.status}`);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) onLine(JSON.parse(line));
  }
}

// The control: a page of the same host once a second. Counts into `control` until `signal`.
export async function keepAsking(base, control, signal) {
  while (!signal.aborted) {
    control.pagesAsked += 1;
    const asked = performance.now();
    try {
      const answer = await fetch(`${base}ping`, {
        cache: "no-store", credentials: "omit", signal: within(signal, PING_MS),
      });
      if (answer.ok) {
        control.pagesAnswered += 1;
        control.pageMs.push(performance.now() - asked);
      }
    } catch {
      if (signal.aborted) control.pagesAsked -= 1; // asked when the test was over: not a failure
    }
    await pause(Math.max(0, PING_EVERY_MS - (performance.now() - asked)), signal);
  }
}

// AbortSignal.any is younger than WebRTC by a decade.
function within(signal, ms) {
  const own = new AbortController();
  const end = () => own.abort();
  setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  return own.signal;
}

export function pause(ms, signal) {
  return new Promise((done) => {
    if (signal?.aborted) {
      done();
      return;
    }
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
  });
}
