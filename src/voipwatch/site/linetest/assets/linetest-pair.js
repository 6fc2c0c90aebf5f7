// Line and VPN beside each other -> the one sentence that both results bear out. Pure: no page, no network.

// Direct calls were stopped. "poor" and "sni-or-name" are none of these: their calls got through.
const STOPPED = new Set(["udp-or-stun", "tls-only", "dtls", "rtp", "one-way", "late-cut"]);
const SAYS_NOTHING = new Set(["insufficient", "unsupported"]);

// `line`, `vpn`: of `classify`. The text's key is `pair.` and this.
export function comparePair(line, vpn) {
  if (SAYS_NOTHING.has(line.class) || SAYS_NOTHING.has(vpn.class)) return "nothing";
  if (line.class === vpn.class) return line.reason === vpn.reason ? "same" : "different";
  if (vpn.class === "ok") return beside(line.class, "vpn-better", "line");
  if (line.class === "ok") return beside(vpn.class, "vpn-worse", "vpn");
  return "different";
}

// One side is fine; what the other may be told of.
function beside(other, stopped, side) {
  if (STOPPED.has(other)) return stopped;
  return other === "poor" ? `poor-${side}` : other === "sni-or-name" ? `name-${side}` : "different";
}
