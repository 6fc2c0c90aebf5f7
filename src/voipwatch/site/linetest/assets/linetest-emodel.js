// The E-model, ITU-T G.107 (06/2015): the same formulas as voipwatch.stats.emodel, which a test holds this to on
// a grid. Only the row that the line test needs: Opus, held to the narrow-band scale (an approximation).

export const OPUS = Object.freeze({ ie: 0, bpl: 20 });

const SLR = 8, RLR = 2, STMR = 15, LSTR = 18, DS = 3;
const TELR = 65, WEPL = 110, QDU = 1;
const NC = -70, NFOR = -64, PS = 35, PR = 35;
const OLR = SLR + RLR;

// Clause 7.2: power sum of all noise sources.
function noise() {
  const sending = PS - SLR - DS - 100 + 0.004 * (PS - OLR - DS - 14) ** 2;
  const room = PR + 10 * Math.log10(1 + 10 ** ((10 - LSTR) / 10));
  const receiving = RLR - 121 + room + 0.008 * (room - 35) ** 2;
  const sum = [NC, sending, receiving, NFOR + RLR].reduce((all, level) => all + 10 ** (level / 10), 0);
  return 10 * Math.log10(sum);
}

// Clause 7.3: loudness, sidetone, quantizing.
function loudness(no) {
  const x = OLR + 0.2 * (64 + no - RLR);
  return 20 * ((1 + (x / 8) ** 8) ** (1 / 8) - x / 8);
}

function sidetone(delayMs) {
  const stmr = -10 * Math.log10(10 ** (-STMR / 10) + Math.exp(-delayMs / 4) * 10 ** (-TELR / 10));
  return 12 * (1 + ((stmr - 13) / 6) ** 8) ** (1 / 8)
    - 28 * (1 + ((stmr + 1) / 19.4) ** 35) ** (1 / 35)
    - 13 * (1 + ((stmr - 3) / 33) ** 13) ** (1 / 13) + 29;
}

function quantizing(ro) {
  const q = 37 - 15 * Math.log10(QDU);
  const g = 1.07 + 0.258 * q + 0.0602 * q * q;
  const y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
  const z = 46 / 30 - g / 40;
  return 15 * Math.log10(1 + 10 ** y + 10 ** z);
}

// Clause 7.4: talker echo, listener echo, absolute delay.
function talkerEcho(delayMs, no) {
  const masked = TELR - 40 * Math.log10((1 + delayMs / 10) / (1 + delayMs / 150))
    + 6 * Math.exp(-0.3 * delayMs * delayMs);
  const half = (-1.5 * (no - RLR) - (80 + 2.5 * (masked - 14))) / 2;
  return (half + Math.sqrt(half * half + 100) - 1) * (1 - Math.exp(-delayMs));
}

function listenerEcho(roundTripMs, ro) {
  const half = (ro - 10.5 * (WEPL + 7) * (roundTripMs + 1) ** (-1 / 4)) / 2;
  return half + Math.sqrt(half * half + 169);
}

function absoluteDelay(delayMs) {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

// R of one direction (clause 7.1); null where an input was not measured.
export function rating(delayMs, lossRatio, codec = OPUS) {
  if (delayMs === null || lossRatio === null) return null;
  const no = noise();
  const ro = 15 - 1.5 * (SLR + no);
  const simultaneous = loudness(no) + sidetone(delayMs) + quantizing(ro);
  const delay = talkerEcho(delayMs, no) + listenerEcho(2 * delayMs, ro) + absoluteDelay(delayMs);
  const percent = 100 * lossRatio;
  return ro - simultaneous - delay - codec.ie - (95 - codec.ie) * percent / (percent + codec.bpl);
}

// Annex B, held to 1..4.5.
export function mosOfRating(r) {
  if (r === null) return null;
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

export function mos(delayMs, lossRatio, codec = OPUS) {
  return mosOfRating(rating(delayMs, lossRatio, codec));
}
