// <voipwatch-counter src="https://…/counter/MA.json" lang="fr">what to show without it</voipwatch-counter>
// With the attribute `nolink` it shows no link to the site; with petition="ID" that petition's told count, too.
//
// Shows the finished sentences of a voipwatch.counter/1 document, and computes nothing but when to ask again.
// What stands inside the element stays until an answer is there, and for good where none comes.
// Nothing is stored, no cookie and no referrer is sent, nobody is counted.

const SPREAD_MS = 600_000; // 10,000 pages must not ask in the same second of midnight
const RETRY_MS = 3_600_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
// With these a page could give the counter another name for those who hear it.
const NAMING = ["role", "title", "aria-label", "aria-labelledby", "aria-describedby", "aria-description",
  "aria-roledescription", "aria-hidden"];

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { all: initial !important; display: block !important; }
:host::before, :host::after { content: none !important; display: none !important; }
.box { --ground: #fff; --ink: #16202c; --quiet: #46525e; --edge: #5b6b7b; --mark: #7a4b00;
  color-scheme: light dark; position: relative; box-sizing: border-box; max-width: 30rem;
  padding: .9rem 1rem; padding-inline-end: 3rem; border: 1px solid var(--edge);
  border-inline-start-width: 6px; background: var(--ground); color: var(--ink); text-align: start;
  font: 1rem/1.6 system-ui, 'Noto Sans', 'Noto Sans Arabic', sans-serif; }
.active { --edge: #c4262c; } .partial, .intermittent, .unestablished, .again { --edge: #b35c00; } .disputed { --edge: #7a4fd0; }
p { margin: 0 0 .4rem; overflow-wrap: anywhere; }
p:empty { display: none; }
.headline { font-weight: 700; font-size: 1.15rem; }
.signed { display: block; font-weight: 600; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: .85rem; }
.mark { color: var(--mark); font-weight: 700; font-size: .85rem; }
a { display: inline-block; min-height: 24px; color: inherit; }
button { position: absolute; inset-block-start: .5rem; inset-inline-end: .5rem; width: 2rem; height: 2rem;
  padding: 0; border: 1px solid transparent; background: none; color: inherit; font: inherit; cursor: pointer; }
a:focus-visible, button:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
[hidden] { display: none; }
@media (prefers-color-scheme: dark) {
  .box { --ground: #16202c; --ink: #fff; --quiet: #c3ccd6; --mark: #ffd166; }
}
@media (prefers-reduced-motion: no-preference) { .box { animation: appear .3s; } }
@keyframes appear { from { opacity: 0; } }
`);

const text = (given) => (typeof given === "string" ? given : "");

function make(tag, name, parent) {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
}

class VoipwatchCounter extends HTMLElement {
  static observedAttributes = ["src", "lang", "petition", ...NAMING];
  #parts;
  #answer;
  #asking;
  #again;
  #over;
  #due = false;

  connectedCallback() {
    this.#soon();
  }

  disconnectedCallback() {
    this.#asking?.abort();
    clearTimeout(this.#again);
    clearTimeout(this.#over);
  }

  attributeChangedCallback(name, _, value) {
    if (NAMING.includes(name)) {
      if (value !== null) this.removeAttribute(name);
    } else if (this.isConnected) {
      this.#soon();
    }
  }

  // Once for all the attributes that a parser sets.
  #soon() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.isConnected) this.#ask();
    });
  }

  async #ask() {
    this.disconnectedCallback();
    const asking = (this.#asking = new AbortController());
    let failed = false;
    try {
      const url = new URL(this.getAttribute("src"), document.baseURI);
      const response = await fetch(url, {
        credentials: "omit", mode: "cors", referrerPolicy: "no-referrer", signal: asking.signal,
      });
      const found = await response.json();
      if (!response.ok || found.schema !== "voipwatch.counter/1") throw new TypeError("no counter");
      const since = performance.now();
      const told = Date.parse(response.headers.get("date")) || 0;
      // A clock that is behind must not keep a day alive: the later of ours and the server's counts.
      const now = () => Math.max(Date.now(), told + performance.now() - since);
      const answer = { found, url, now, stale: false };
      if (asking.signal.aborted) return;
      this.#show(answer);
      this.#answer = answer;
    } catch {
      if (asking.signal.aborted) return;
      failed = true;
      if (this.#answer) this.#show({ ...this.#answer, stale: true });
    }
    this.#plan(failed);
  }

  #plan(failed) {
    const { found, now } = this.#answer ?? {};
    const after = (ms, act) => setTimeout(act, Math.min(ms, TIMER_MAX_MS));
    const spread = Math.random() * SPREAD_MS;
    const next = Date.parse(found?.next_change_at);
    if (failed) {
      this.#again = after(RETRY_MS + spread, () => this.#ask());
    } else if (next) {
      // Past already: the clock here is ahead of the server's, or its answer was kept too long on its way.
      const wait = next > now() ? next - now() : SPREAD_MS;
      this.#again = after(wait + spread, () => this.#ask());
    }
    const left = Date.parse(found?.valid_until) - (now?.() ?? 0);
    if (left > 0) this.#over = after(left, () => this.#show(this.#answer));
  }

  #show({ found, url, now, stale }) {
    const lang = [this.lang, this.parentNode?.closest?.("[lang]")?.lang, document.documentElement.lang, "en"]
      .map((each) => text(each).toLowerCase().split("-")[0])
      .find((each) => Object.hasOwn(found.texts, each));
    const said = found.texts[lang];
    const today = found.live === true && !stale && now() < Date.parse(found.valid_until) && text(said.headline);
    if (!text(said.dated)) throw new TypeError("no text");
    const whole = (address) => (text(address) ? new URL(address, url) : null);
    const page = whole(found.page?.[lang]);
    const asked = this.getAttribute("petition");
    const signed = [].concat(found.petitions ?? []).find((each) => asked && each?.id === asked);
    const place = whole(signed?.url?.[lang]);
    const parts = (this.#parts ??= this.#build());
    parts.box.className = "box " + text(found.state).replace(/[^a-z]/g, "");
    parts.box.lang = lang;
    parts.box.dir = said.dir === "rtl" ? "rtl" : "ltr";
    parts.box.setAttribute("aria-label", text(said.label));
    parts.mark.textContent = text(said.emulated);
    parts.headline.textContent = today || said.dated;
    parts.start.textContent = today ? text(said.start) : "";
    parts.counted.textContent = today ? text(said.counted) : "";
    parts.source.textContent = text(said.source);
    parts.unread.textContent = text(said.unread);
    const lead = (link, to, words) => {
      const leads = !this.hasAttribute("nolink") && /^https?:$/.test(to?.protocol);
      if (leads) link.href = to.href;
      else link.removeAttribute("href");
      link.textContent = text(words);
      return leads;
    };
    parts.link.hidden = !lead(parts.link, page, said.details);
    // It says of when it is: it needs no other words when it is old.
    lead(parts.signed, place, signed?.texts?.[lang]);
    parts.signed.hidden = !parts.signed.textContent;
    parts.dismiss.setAttribute("aria-label", text(said.dismiss));
  }

  #build() {
    const root = this.attachShadow({ mode: "closed" });
    root.adoptedStyleSheets = [sheet];
    const box = make("div", "box", root);
    box.setAttribute("role", "group");
    box.setAttribute("aria-live", "off");
    const mark = make("p", "mark", box);
    const headline = make("p", "headline", box);
    const start = make("p", "quiet", box);
    const counted = make("p", "quiet", box);
    const source = make("p", "quiet", box);
    const unread = make("p", "quiet", box);
    const signed = make("a", "signed", box);
    const link = make("a", "quiet", box);
    for (const each of [signed, link]) {
      each.target = "_blank";
      each.rel = "noopener noreferrer";
      each.referrerPolicy = "no-referrer";
    }
    const dismiss = make("button", "", box);
    dismiss.type = "button";
    dismiss.textContent = "×";
    dismiss.addEventListener("click", () => this.remove());
    return { box, mark, headline, start, counted, source, unread, signed, link, dismiss };
  }
}

customElements.get("voipwatch-counter") ?? customElements.define("voipwatch-counter", VoipwatchCounter);
