// One test: all arms at once, each with timers of its own, at most 10 s. No microphone: a quiet tone made here is
// what the browser sends. Chromium tells of dead STUN after 15 s and of a dead relay after 40 s, hence own timers.

import { askConfig, keepAsking, openCalls, pause } from "./linetest-calls.js";
import { DIRECT, RELAYS } from "./linetest-classify.js";

const WHOLE_MS = 9_800;
const CONNECT_MS = 6_500; // since it began; a clean line takes 0.2 to 0.9 s
// The relays begin when the direct calls stand, or now: six handshakes at once are too much for 40 kbit/s.
const RELAYS_BEGIN_MS = 1_200;
const MEDIA_MS = 4_500;
const RELAY_MEDIA_MS = 2_000; // enough to see voice both ways, and then out of the direct calls' way
const SAMPLE_MS = 250;
const ECHO_MS = 100;
const LATENESS_EVERY_MS = 100;
const WORD_EVERY_MS = 250; // the far end's
const ERRORS_MAX = 32; // of one call: two families of addresses on several interfaces tell of each

export function isSupported(scope = globalThis) {
  return typeof scope.RTCPeerConnection === "function" && typeof scope.AudioContext === "function";
}

// A quiet tone as a track; `close` frees it. To be called in answer to a click, else browsers keep it silent.
function tone() {
  const context = new AudioContext();
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  const out = context.createMediaStreamDestination();
  gain.gain.value = 0.1;
  oscillator.connect(gain).connect(out);
  oscillator.start();
  const resumed = context.state === "running" ? Promise.resolve() : context.resume();
  return { track: out.stream.getAudioTracks()[0], stream: out.stream, resumed, close: () => context.close() };
}

// Of what was told every quarter of a second: the last word of a busy moment is no line's delay.
function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

// How late this page's own timers come, at worst: a device that is too busy has delays that are not the line's.
function watchLateness(control) {
  let last = performance.now();
  return setInterval(() => {
    const now = performance.now();
    control.nearLateMs = Math.max(control.nearLateMs, now - last - LATENESS_EVERY_MS);
    last = now;
  }, LATENESS_EVERY_MS);
}

class Call {
  constructor(name, server, sound, started) {
    this.name = name;
    this.mediaMs = DIRECT.includes(name) ? MEDIA_MS : RELAY_MEDIA_MS;
    this.started = started;
    this.begunMs = null;
    this.answer = null;
    this.connectedMs = null;
    this.endMs = null;
    this.seen = {
      answered: false, ice: false, dtls: false, echoesSent: 0, echoesBack: 0, relayProtocol: "", rttMs: null, errors: [],
      up: { lost: 0, jitterMs: null, series: [] }, down: { lost: 0, jitterMs: null, series: [] },
    };
    this.rttsMs = [];
    this.jittersMs = { up: [], down: [] };
    this.sentUp = 0;
    this.sentDown = 0;
    this.connection = new RTCPeerConnection(server === null
      ? { iceServers: [], bundlePolicy: "max-bundle" }
      : { iceServers: [server], iceTransportPolicy: "relay", bundlePolicy: "max-bundle" });
    this.connection.addTrack(sound.track, sound.stream);
    this.channel = this.connection.createDataChannel("echo", { ordered: false, maxRetransmits: 0 });
    this.channel.onmessage = () => { this.seen.echoesBack += 1; };
    this.connection.oniceconnectionstatechange = () => this.look();
    this.connection.onconnectionstatechange = () => this.look();
    this.connection.onicecandidateerror = (event) => {
      if (this.seen.errors.length < ERRORS_MAX) this.seen.errors.push([event.errorCode, Math.round(this.now())]);
    };
  }

  now() { return performance.now() - this.started; }

  look() {
    if (["connected", "completed"].includes(this.connection.iceConnectionState)) this.seen.ice = true;
    if (this.connection.connectionState === "connected" && this.connectedMs === null) {
      this.seen.dtls = true;
      this.connectedMs = this.now();
    }
  }

  // Sends nothing to anybody yet. It has no candidates, and needs none: the far end takes them from what arrives.
  async offer() {
    this.offered = await this.connection.createOffer();
    return { arm: this.name, sdp: this.offered.sdp };
  }

  async begin() {
    this.begunMs = this.now();
    await this.connection.setLocalDescription(this.offered);
    await this.connection.setRemoteDescription({ type: "answer", sdp: this.answer });
  }

  // The far end's word on this arm: what came up, and how much it has sent down.
  hear(sight) {
    if (this.endMs !== null) return;
    this.sentDown = sight.sent ?? 0;
    if (sight.ice) this.seen.ice = true;
    this.seen.up.lost = sight.lost ?? 0;
    if (typeof sight.jitter_ms === "number") this.jittersMs.up.push(sight.jitter_ms);
    this.seen.up.jitterMs = median(this.jittersMs.up);
    this.seen.up.series.push([this.now(), this.sentUp, sight.received ?? 0]);
  }

  async sample() {
    let received = 0, pair = null;
    const stats = await this.connection.getStats();
    for (const one of stats.values()) {
      if (one.type === "outbound-rtp") this.sentUp = one.packetsSent ?? 0;
      if (one.type === "inbound-rtp") {
        received = one.packetsReceived ?? 0;
        this.seen.down.lost = Math.max(0, one.packetsLost ?? 0);
        if (typeof one.jitter === "number" && received > 0) this.jittersMs.down.push(one.jitter * 1000);
        this.seen.down.jitterMs = median(this.jittersMs.down);
      }
      if (one.type === "candidate-pair" && one.nominated && one.state === "succeeded") pair = one;
    }
    if (pair !== null) {
      if (typeof pair.currentRoundTripTime === "number") this.rttsMs.push(pair.currentRoundTripTime * 1000);
      this.seen.rttMs = median(this.rttsMs);
      this.seen.relayProtocol = stats.get(pair.localCandidateId)?.relayProtocol ?? this.seen.relayProtocol;
    }
    if (this.endMs === null) this.seen.down.series.push([this.now(), this.sentDown, received]);
  }

  async run(mayBegin, signal) {
    let echoed = 0;
    while (!signal.aborted && !mayBegin() && this.now() < CONNECT_MS) await pause(SAMPLE_MS / 5, signal);
    if (this.answer !== null) {
      this.begin().catch((error) => this.seen.errors.push([String(error), Math.round(this.now())]));
    }
    while (!signal.aborted && !this.isOver()) {
      await this.sample();
      this.look();
      while (this.channel.readyState === "open" && echoed * ECHO_MS < this.now() - this.connectedMs) {
        this.channel.send(String(echoed));
        this.seen.echoesSent += 1;
        echoed += 1;
      }
      await pause(SAMPLE_MS, signal);
    }
    await this.sample();
    this.endMs = this.now();
    this.channel.close();
    this.connection.close();
  }

  isOver() {
    if (this.begunMs === null) return true;
    if (this.connectedMs === null) return this.now() - this.begunMs > CONNECT_MS;
    return this.now() - this.connectedMs > this.mediaMs;
  }
}

function makeCalls(config, sound, started) {
  const calls = DIRECT.map((name) => new Call(name, null, sound, started));
  for (const name of RELAYS) {
    const uri = config.turn?.uris?.[name];
    if (!uri) continue;
    const server = { urls: [uri], username: config.turn.username, credential: config.turn.credential };
    calls.push(new Call(name, server, sound, started));
  }
  return calls;
}

function hearLine(line, calls, seen, started) {
  const { control } = seen;
  const now = performance.now() - started;
  if (control.streamLines > 0) {
    control.streamLongestGapMs = Math.max(control.streamLongestGapMs, now - control.streamLastMs);
  }
  control.streamLines += 1;
  control.streamLastMs = now;
  if (line.kind === "progress") {
    control.farLateMs = Math.max(control.farLateMs, line.at_ms - control.farMs - WORD_EVERY_MS);
    control.farMs = line.at_ms;
    if (line.relay_stopped === true) seen.relay = "stopped";
  }
  for (const call of calls) {
    if (line.kind === "answers" && typeof line.sdp[call.name] === "string") {
      call.answer = line.sdp[call.name];
      call.seen.answered = true;
    }
    if (line.kind === "progress" && line.arms[call.name]) call.hear(line.arms[call.name]);
  }
}

function newControl() {
  return {
    pagesAsked: 0, pagesAnswered: 0, pageMs: [], streamLines: 0, streamLongestGapMs: 0, streamLastMs: 0,
    nearLateMs: 0, farLateMs: 0, farMs: 0,
  };
}

// What there is to measure with, into `seen`; null where nothing can be, and `seen.failure` says why.
async function readConfig(base, seen, signal) {
  let config;
  try {
    config = await askConfig(base, signal);
  } catch {
    seen.failure = "page";
    return null;
  }
  seen.relay = config.turn !== null ? "runs" : config.relay_stopped === true ? "stopped" : "none";
  seen.takesReports = config.takes_reports === true;
  seen.reached = config.reached ?? {};
  if (config.far_end) return config;
  seen.failure = "far-end";
  return null;
}

// All calls at once, until each is over; what was seen of them goes into `seen`.
async function makeTest(base, seen, calls, over) {
  const { control } = seen;
  const started = calls[0].started;
  const offers = await Promise.all(calls.map((call) => call.offer()));
  let broke = "";
  const talking = openCalls(base, offers, (line) => hearLine(line, calls, seen, started), over.signal)
    .catch((error) => { if (!over.signal.aborted) broke = error.message === "busy" ? "busy" : "far-end"; });
  const direct = calls.filter((call) => DIRECT.includes(call.name));
  const mayBegin = (call) => call.answer !== null && (direct.includes(call)
    || direct.every((one) => one.connectedMs !== null || one.now() - one.begunMs > RELAYS_BEGIN_MS));
  await Promise.all(calls.map((call) => call.run(() => mayBegin(call), over.signal)));
  const silentMs = performance.now() - started - control.streamLastMs;
  control.streamLongestGapMs = Math.max(control.streamLongestGapMs, silentMs);
  over.abort();
  await talking;
  if (broke && control.streamLines === 0) seen.failure = broke;
  for (const call of calls) if (call.seen.answered) seen.arms[call.name] = call.seen;
  // A relay that ended meanwhile was none: neither that its arms failed nor when says anything of the line.
  if (seen.relay === "stopped") for (const name of RELAYS) delete seen.arms[name];
}

// Runs one test. Cannot fail: what goes wrong is an observation. `onProgress(seconds)` is told twice a second.
export async function measure(base, onProgress = () => {}) {
  const control = newControl();
  const seen = {
    supported: isSupported(), failure: "", relay: "none", takesReports: true, reached: {}, control, arms: {}, tookMs: 0,
  };
  if (!seen.supported) return seen;
  const started = performance.now();
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), WHOLE_MS);
  const ticker = setInterval(() => onProgress((performance.now() - started) / 1000), 500);
  const watch = watchLateness(control);
  const sound = tone();
  const pinging = keepAsking(base, control, over.signal);
  let calls = [];
  try {
    const config = await readConfig(base, seen, over.signal);
    if (config === null) return seen;
    await Promise.race([sound.resumed, pause(500, over.signal)]);
    calls = makeCalls(config, sound, performance.now());
    await makeTest(base, seen, calls, over);
    return seen;
  } catch (error) {
    seen.failure = "browser";
    seen.error = String(error);
    return seen;
  } finally {
    over.abort();
    clearTimeout(timer);
    clearInterval(ticker);
    clearInterval(watch);
    for (const call of calls) call.connection.close();
    await pinging;
    sound.close().catch(() => {});
    seen.tookMs = performance.now() - started;
  }
}
