// The page of the line test: one button, the sentence, the numbers; a second measurement beside the first. All text
// comes from texts-LANG.json and is set as text. Nothing is kept but in this page, and what is consented to.

import { classify, DIRECT, RELAYS } from "./linetest-classify.js";
import { isSupported, measure } from "./linetest-measure.js";
import { comparePair } from "./linetest-pair.js";
import { makeReport } from "./linetest-report.js";

const root = document.getElementById("line-test");
const base = new URL(root.dataset.base, document.baseURI).href;
const lang = root.dataset.lang;
const at = (name) => document.getElementById(`line-test-${name}`);
const SCRIPTS = ["linetest.js", "linetest-calls.js", "linetest-classify.js", "linetest-emodel.js", "linetest-measure.js",
  "linetest-pair.js", "linetest-report.js", "linetest.css", `texts-${lang}.json`];
const ARMS = [...DIRECT, ...RELAYS];

let texts = {};
let worker = null;
const results = []; // at most two: the line, then the VPN

function text(key) { return texts[key] ?? key; }

function fill(key, values) {
  return text(key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function put(parent, tag, words = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (className) element.className = className;
  parent.append(element);
  return element;
}

// As the site writes numbers: Latin digits in every language, a decimal comma in French and Arabic.
function digits(value, places, style = "decimal") {
  if (value === null || value === undefined) return text("numbers.none");
  const locale = lang === "ar" ? "ar-MA-u-nu-latn" : lang;
  return new Intl.NumberFormat(locale, { style, minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
}

// Measures down, directions across: so it has room on any phone.
function showNumbers(parent, said) {
  const table = put(parent, "table");
  put(table, "caption", text("numbers.caption"));
  const head = put(put(table, "thead"), "tr");
  for (const key of ["measure", "up", "down"]) put(head, "th", text(`numbers.${key}`)).scope = "col";
  const body = put(table, "tbody");
  const rows = {
    loss: (one) => digits(one.lossRatio, 1, "percent"), jitter: (one) => digits(one.jitterMs, 1),
    delay: (one) => digits(one.delayMs, 1), mos: (one) => digits(one.mos, 2), n: (one) => String(one.expected),
  };
  for (const [key, told] of Object.entries(rows)) {
    const row = put(body, "tr");
    put(row, "th", text(`numbers.${key}`)).scope = "row";
    for (const way of ["up", "down"]) {
      const numbers = said[way];
      put(put(row, "td"), "bdi", numbers !== null ? told(numbers) : key === "n" ? "0" : text("numbers.none"));
    }
  }
  put(parent, "p", text("numbers.note"), "line-test-small");
}

function armWord({ seen, said }, name) {
  if (said.refused?.includes(name)) return text("arms.relay-refused");
  const arm = seen.arms[name];
  if (!arm && RELAYS.includes(name) && seen.relay === "stopped") return text("arms.relay-stopped");
  if (!arm) return text("arms.not-run");
  if (!arm.ice) return text("arms.no-ice");
  if (!arm.dtls) return text("arms.no-dtls");
  const [up, down] = ["up", "down"].map((way) => arm[way].series[arm[way].series.length - 1]?.[2] ?? 0);
  const words = fill("arms.through", { up, down });
  return arm.relayProtocol ? `${words} (${arm.relayProtocol.toUpperCase()})` : words;
}

function showArms(parent, result) {
  const { seen } = result;
  const details = put(parent, "details");
  put(details, "summary", text("arms.title"));
  const list = put(details, "dl");
  for (const name of ARMS) {
    put(list, "dt", text(`arms.${name}`));
    put(list, "dd", armWord(result, name));
  }
  put(list, "dt", text("control.page"));
  put(list, "dd", fill("control.pages", { answered: seen.control.pagesAnswered, asked: seen.control.pagesAsked }));
  put(list, "dt", text("control.stream"));
  put(list, "dd", fill("control.lines", { lines: seen.control.streamLines }));
  if (seen.relay === "none") put(details, "p", text("arms.no-turn"));
}

function showResult(result) {
  const article = put(at("results"), "article", "", "line-test-result");
  article.dataset.class = result.said.class;
  article.dataset.reason = result.said.reason;
  article.dataset.via = result.via;
  article.dataset.tookMs = String(Math.round(result.seen.tookMs));
  put(article, "h2", text(`via.${result.via}`));
  put(article, "p", text(`class.${result.said.class}`), "line-test-sentence");
  const why = `reason.${result.said.reason}`;
  if (result.said.reason && why in texts) put(article, "p", text(why));
  if (result.said.class !== "unsupported") {
    showNumbers(article, result.said);
    showArms(article, result);
  }
  return article;
}

function showPair() {
  const [line, vpn] = results;
  put(at("results"), "p", text(`pair.${comparePair(line.said, vpn.said)}`), "line-test-pair");
}

async function run(via) {
  const buttons = [at("start"), at("vpn")];
  for (const button of buttons) button.disabled = true;
  if (via === "line") {
    results.length = 0;
    at("results").replaceChildren();
    at("after").hidden = true;
  }
  root.dataset.state = "running";
  at("status").textContent = text("status.running");
  at("bar").hidden = false;
  const seen = await measure(base, (seconds) => { at("bar").value = Math.min(10, seconds); });
  const result = { seen, said: classify(seen), via };
  results.push(result);
  at("bar").hidden = true;
  const article = showResult(result);
  at("status").textContent = `${text("status.done")} ${text(`class.${result.said.class}`)}`;
  for (const button of buttons) button.disabled = false;
  at("start").textContent = text("button.again");
  at("vpn").hidden = via !== "line" || result.said.class === "unsupported";
  at("after").hidden = result.said.class === "unsupported";
  at("form").hidden = seen.takesReports === false; // not known while offline: then it waits
  at("sent").textContent = "";
  if (via === "vpn") showPair();
  root.dataset.state = "done";
  article.tabIndex = -1;
}

// --- handing in -----------------------------------------------------------------------------------------------

function ask(message) {
  return new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => done(event.data);
    worker.postMessage({ ...message, base }, [channel.port2]);
  });
}

async function hand(report) {
  if (worker !== null) return ask({ kind: "send", report });
  try {
    const answer = await fetch(`${base}reports`, {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(report),
    });
    return answer.ok ? "sent" : "refused";
  } catch {
    return "failed";
  }
}

async function submit(event) {
  event.preventDefault();
  if (!at("consent").checked) {
    at("sent").textContent = text("consent.needed");
    return;
  }
  const words = new Set();
  for (const result of results) {
    if (result.handed) continue;
    result.handed = true;
    words.add(await hand(makeReport(result.seen, result.said, result.via, new Date(), navigator.userAgent)));
  }
  at("consent").checked = false;
  const word = ["failed", "refused", "queued", "sent"].find((one) => words.has(one)) ?? "sent";
  at("sent").textContent = text(`consent.${word}`);
}

async function keepPage() {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  const scope = new URL(".", document.baseURI).pathname;
  try {
    await navigator.serviceWorker.register(`${base}linetest-worker.js`, { scope });
    worker = (await navigator.serviceWorker.ready).active;
    await ask({ kind: "keep", urls: [document.baseURI, ...SCRIPTS.map((name) => base + name)] });
    root.dataset.offline = "ready";
    await ask({ kind: "flush" });
    window.addEventListener("online", () => ask({ kind: "flush" }));
  } catch {
    worker = null; // a mirror without the worker: the test itself needs none
  }
}

async function begin() {
  texts = await (await fetch(`${base}texts-${lang}.json`)).json();
  at("start").addEventListener("click", () => run("line"));
  at("vpn").addEventListener("click", () => run("vpn"));
  at("form").addEventListener("submit", submit);
  at("start").hidden = false;
  if (!isSupported()) at("status").textContent = text("class.unsupported");
  root.dataset.state = "ready";
  await keepPage();
}

begin().catch(() => { at("status").textContent = root.dataset.broken; });
