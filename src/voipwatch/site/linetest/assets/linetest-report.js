// A result as the report that may be handed in with consent: `voipwatch.model.browser.BrowserReport`, nothing else.

import { quality, refusedRelays } from "./linetest-classify.js";

export function agentFamily(agent) {
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Chrom(e|ium)\//.test(agent)) return "chromium";
  if (/Safari\//.test(agent)) return "safari";
  return "other";
}

function count(value) { return Math.min(10_000, Math.max(0, Math.round(value ?? 0))); }

function milliseconds(value) {
  return typeof value === "number" && Number.isFinite(value) ? Math.min(60_000, Math.max(0, Math.round(value * 10) / 10)) : null;
}

function direction(numbers) {
  if (numbers === null) return null;
  return {
    expected: count(numbers.expected), lost: count(numbers.lost), jitter_ms: milliseconds(numbers.jitterMs),
    delay_ms: milliseconds(numbers.delayMs), mos: numbers.mos === null ? null : Math.round(numbers.mos * 100) / 100,
  };
}

function last(series) { return series[series.length - 1] ?? [0, 0, 0]; }

// `now`: a Date, of which only the hour is told. `via`: line or vpn.
export function makeReport(seen, said, via, now, agent) {
  const refused = refusedRelays(seen); // by our own relay: nothing that was seen of the line
  const arms = Object.entries(seen.arms ?? {}).filter(([arm]) => !refused.includes(arm)).map(([arm, one]) => ({
    arm, ice: one.ice, dtls: one.dtls,
    up_sent: count(last(one.up.series)[1]), up_received: count(last(one.up.series)[2]),
    down_sent: count(last(one.down.series)[1]), down_received: count(last(one.down.series)[2]),
    relay_protocol: ["udp", "tcp", "tls"].includes(one.relayProtocol) ? one.relayProtocol : "",
  }));
  return {
    hour: `${now.toISOString().slice(0, 13)}:00:00Z`, line_class: said.class, arms,
    up: direction(quality(seen.arms ?? {}, "up")), down: direction(quality(seen.arms ?? {}, "down")),
    agent: agentFamily(agent), via, kind: "browser", schema: "voipwatch.browser-report/1",
  };
}
