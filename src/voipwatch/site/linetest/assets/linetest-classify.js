// What was observed -> what it means. Pure: no clock, no page, no network. docs/design/0024-line-test.md has the table.
//
// Nobody is accused unless a contrast says so: the same call to the same far end at the same time got through
// another way, both direct flows agree, the line lived (control), and where UDP as a whole is at issue, other
// visitors' UDP reaches this far end.

import { mos } from "./linetest-emodel.js";

export const DIRECT = ["direct", "direct-again"];
const BY_NAME = ["turn-tls", "turn-tls-again"];
export const RELAYS = ["turn-udp", "turn-tcp", "turn-tls", "turn-tls-again", "turn-tls-ip"];

// Packets (50 a second) that were sent while none arrived: 1.2 s of silence is no jitter.
const SILENT_PACKETS = 60;
// A flow of which two thirds are lost may starve for that long. It was cut only where, by what came before, so many of
// the silent packets should have arrived.
const DUE_PACKETS = 20;
// Fewer arrived than this: none got through on purpose.
const SOME_PACKETS = 3;
const THROUGH_PACKETS = 10;
// The lower end of the loss's interval has to be over this: the same three points as the probe's "throttled".
const POOR_LOSS_RATIO = 0.03;
// "Many users dissatisfied" begins here: R = 70, ITU-T G.107 annex B table B.1.
const POOR_MOS = 3.6;
const FRAME_MS = 20;
// A timer that came later than this: either end had no time to send or to count.
const BUSY_LATE_MS = 250;
// A word is due every quarter of a second; a busy browser or server may be late by seconds, a dead line is for good.
// (That a flow was cut is seen only in words that came after: it needs no shorter gap.)
const STREAM_GAP_MS = 4000;

// One direction of one arm: never (nothing came), cut (came, then stopped for good), alive, or unknown (too little
// was sent to say). `series` is a list of [ms, sent, received].
export function directionState(direction) {
  const series = direction?.series ?? [];
  if (series.length === 0) return "unknown";
  const [, sent, received] = series[series.length - 1];
  if (received < SOME_PACKETS) return sent >= SILENT_PACKETS ? "never" : "unknown";
  let last = series.length - 1;
  while (last > 0 && series[last - 1][2] === received) last -= 1;
  const silent = sent - series[last][1];
  const due = series[last][1] === 0 ? 0 : silent * received / series[last][1];
  return silent >= SILENT_PACKETS && due >= DUE_PACKETS ? "cut" : "alive";
}

function lives(arm, way) {
  return Boolean(arm?.dtls) && directionState(arm[way]) === "alive";
}

function isThrough(arm) {
  return ["up", "down"].every((way) => lives(arm, way) && received(arm[way]) >= THROUGH_PACKETS);
}

function received(direction) {
  const series = direction?.series ?? [];
  return series.length === 0 ? 0 : series[series.length - 1][2];
}

// Relays that our own coturn turned away (full, over a quota, credential not taken: RFC 8656 section 19, all of them
// 4xx or 5xx; 7xx is the browser's word for "no answer"). That is our doing, and says nothing of the line.
export function refusedRelays(seen) {
  return RELAYS.filter((name) => {
    const arm = seen.arms?.[name];
    return arm && !isThrough(arm) && (arm.errors ?? []).some(([code]) => code >= 400 && code < 600);
  });
}

// Wilson's interval, lower end, 95 %.
export function wilsonLow(hits, n) {
  if (n === 0) return 0;
  const z = 1.96, p = hits / n;
  const centre = p + z * z / (2 * n);
  const half = z * Math.sqrt((p * (1 - p) + z * z / (4 * n)) / n);
  return Math.max(0, (centre - half) / (1 + z * z / n));
}

// The direct flows' numbers of one direction, together; null where nothing arrived.
export function quality(arms, way, names = DIRECT) {
  const seen = names.map((name) => arms[name]).filter((arm) => arm && received(arm[way]) >= SOME_PACKETS);
  if (seen.length === 0) return null;
  const total = (key) => seen.reduce((all, arm) => all + arm[way][key], 0);
  const mean = (values) => {
    const known = values.filter((value) => typeof value === "number");
    return known.length === 0 ? null : known.reduce((all, value) => all + value, 0) / known.length;
  };
  const lost = total("lost");
  const expected = seen.reduce((all, arm) => all + received(arm[way]), 0) + lost;
  const jitterMs = mean(seen.map((arm) => arm[way].jitterMs));
  const roundTripMs = mean(seen.map((arm) => arm.rttMs));
  const delayMs = roundTripMs === null ? null : roundTripMs / 2;
  // Mouth to ear: half of the round trip, one frame to be gathered, a playout buffer of twice the jitter.
  const ear = delayMs === null || jitterMs === null ? null : delayMs + FRAME_MS + 2 * jitterMs;
  return { expected, lost, lossRatio: lost / expected, jitterMs, delayMs, mos: mos(ear, lost / expected) };
}

// By loss; by the score too, unless an end was so busy that delay and jitter may be its own.
function isPoor(numbers, control) {
  if (numbers === null) return false;
  if (wilsonLow(numbers.lost, numbers.expected) > POOR_LOSS_RATIO) return true;
  const busy = Math.max(control.nearLateMs ?? 0, control.farLateMs ?? 0) > BUSY_LATE_MS;
  return !busy && numbers.mos !== null && numbers.mos < POOR_MOS;
}

// Whether the line lived throughout: pages were answered, and the far end's own word kept coming over TCP.
export function controlHolds(control) {
  return control.streamLines > 0 && control.streamLongestGapMs <= STREAM_GAP_MS
    && control.pagesAsked > 0 && 2 * control.pagesAnswered >= control.pagesAsked;
}

// Voice lived both ways, each in one direct flow at least, and was bad. This accuses nobody, so a control that is slow
// (a line of 40 kbit/s answers a page after seconds) and a second flow that starved beside it do not stand in its way.
function livesBadly(arms, control) {
  const ways = ["up", "down"];
  const alive = Object.fromEntries(ways.map((way) => [way, DIRECT.filter((name) => lives(arms[name], way))]));
  return ways.every((way) => alive[way].length > 0)
    && ways.some((way) => isPoor(quality(arms, way, alive[way]), control));
}

export function classify(seen) {
  const notes = [];
  const refused = refusedRelays(seen);
  const say = (name, reason = "") => ({
    class: name, reason, notes, refused, up: quality(seen.arms ?? {}, "up"), down: quality(seen.arms ?? {}, "down"),
  });
  if (!seen.supported) return say("unsupported");
  if (seen.failure) return say("insufficient", seen.failure);
  const arms = Object.fromEntries(Object.entries(seen.arms).filter(([name]) => !refused.includes(name)));
  // A comparison that lacks a relay which was refused lacks it by our fault.
  const lacking = (reason) => say("insufficient", refused.length > 0 ? "relay-refused" : reason);
  if (livesBadly(arms, seen.control)) return say("poor");
  if (!controlHolds(seen.control)) return say("insufficient", "control");
  const direct = DIRECT.map((name) => arms[name]);
  if (direct.some((arm) => !arm)) return say("insufficient", "far-end");
  const through = Object.fromEntries(RELAYS.map((name) => [name, isThrough(arms[name])]));
  const relayed = RELAYS.some((name) => through[name]);
  for (const name of RELAYS) if (arms[name] && !through[name]) notes.push(name);
  const proved = (...names) => names.some((name) => Number.isFinite(seen.reached?.[name]));

  if (direct.every((arm) => !arm.ice)) {
    if (through["turn-udp"]) return say("insufficient", "direct-only");
    if (!relayed) return lacking(arms["turn-tcp"] ? "nothing-through" : "no-relay");
    if (!arms["turn-udp"]) return lacking("no-relay");
    if (!proved("direct", "direct-again", "turn-udp")) return say("insufficient", "unproved");
    if (through["turn-tcp"]) return say("udp-or-stun");
    if (!arms["turn-tcp"]) return lacking("no-relay");
    return proved("turn-tcp") ? say("tls-only") : say("insufficient", "unproved");
  }
  if (direct.every((arm) => arm.ice && !arm.dtls)) {
    return relayed ? say("dtls") : lacking("nothing-through");
  }
  if (direct.some((arm) => !arm.dtls)) return say("insufficient", "flows-disagree");
  return media(direct, relayed, through, arms, proved, say, lacking);
}

// Both direct flows have keys: what became of voice.
function media(direct, relayed, through, arms, proved, say, lacking) {
  const states = direct.map((arm) => ({ up: directionState(arm.up), down: directionState(arm.down) }));
  const all = (test) => states.every(test);
  if (all((one) => one.up === "alive" && one.down === "alive")) {
    // Both flows by name, as with the direct calls; and only where the relay is known to answer to its name: a name
    // that leads elsewhere would accuse every line.
    const named = BY_NAME.every((name) => arms[name] && !through[name]) && through["turn-tls-ip"];
    if (named && proved(...BY_NAME)) return say("sni-or-name");
    return say("ok");
  }
  if (states.some((one) => one.up === "unknown" || one.down === "unknown")) return say("insufficient", "no-voice");
  if (all((one) => one.up === "never" && one.down === "never")) {
    if (!relayed) return lacking("nothing-through");
    return direct.every((arm) => 2 * arm.echoesBack >= arm.echoesSent && arm.echoesSent > 0)
      ? say("rtp") : say("insufficient", "nothing-through");
  }
  for (const [dead, living] of [["up", "down"], ["down", "up"]]) {
    if (all((one) => one[dead] === "never" && one[living] === "alive")) {
      return relayed ? say("one-way", dead) : lacking("nothing-through");
    }
  }
  if (all((one) => one.up === "cut" || one.down === "cut")) return say("late-cut");
  return say("insufficient", "flows-disagree");
}
