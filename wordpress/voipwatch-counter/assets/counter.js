// A stand-in with the contract of the observatory's own module, until that one is copied here byte for byte.
class VoipwatchCounter extends HTMLElement {
  async connectedCallback() {
    const source = this.getAttribute("src");
    if (!source) return;
    try {
      const answer = await fetch(source, { credentials: "omit", referrerPolicy: "no-referrer" });
      const counter = await answer.json();
      const lang = this.lang in counter.texts ? this.lang : "en";
      const text = counter.texts[lang];
      if (counter.schema !== "voipwatch.counter/1") return;
      const root = this.attachShadow({ mode: "closed" });
      const live = counter.live && Date.parse(counter.valid_until) > Date.now();
      for (const line of [text.emulated, (live && text.headline) || text.dated, text.source]) {
        root.append(Object.assign(document.createElement("p"), { textContent: line }));
      }
      const page = new URL(counter.page[lang], source).href;
      if (!this.hasAttribute("nolink")) {
        root.append(Object.assign(document.createElement("a"), { href: page, textContent: text.details }));
      }
    } catch {
      // The light DOM stays: it is true for ever.
    }
  }
}
customElements.get("voipwatch-counter") ?? customElements.define("voipwatch-counter", VoipwatchCounter);
