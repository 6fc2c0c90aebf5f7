/* The reflector's common packets in C: media of a flow that is known, from an address that is proved, and media back.
 *
 * It keeps nothing of its own: it reads and writes the very objects of reflector/core, by the places of their slots.
 * Every function first looks whether a packet is common, and changes nothing until that is sure; if it is not, it
 * returns 0 and Python's own code does the whole packet. What it must do is said there, not here: uplink.py,
 * downlink.py, receipts.py, session.py, wire/token.py. Built and loaded by reflector/compiled.py.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* --- BLAKE2b (RFC 7693), keyed and personalised, little-endian machines and others alike ------------------------- */

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
    0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL};
static const uint8_t SIGMA[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LITTLE(word) (word)
#else
#define LITTLE(word) __builtin_bswap64(word)
#endif
#define UNROLLED _Pragma("GCC unroll 24")

static uint64_t load64(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return LITTLE(word);
}
static void store64(uint8_t *at, uint64_t word) {
  word = LITTLE(word);
  memcpy(at, &word, 8);
}
static uint64_t right(uint64_t word, int by) { return word >> by | word << (64 - by); }

#define G(a, b, c, d, x, y) \
  a += b + (x), d = right(d ^ a, 32), c += d, b = right(b ^ c, 24), \
  a += b + (y), d = right(d ^ a, 16), c += d, b = right(b ^ c, 63)

static void compress(uint64_t h[8], const uint8_t block[128], uint64_t count, int last) {
  uint64_t v[16], m[16];
  for (int i = 0; i < 16; i++) m[i] = load64(block + 8 * i);
  memcpy(v, h, 64);
  memcpy(v + 8, IV, 64);
  v[12] ^= count;
  if (last) v[14] = ~v[14];
  UNROLLED for (int i = 0; i < 12; i++) {
    const uint8_t *s = SIGMA[i];
    G(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    G(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    G(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    G(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    G(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    G(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    G(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    G(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

/* The state after the key's block; key 1 to 64 bytes, person at most 16, size 1 to 64: the caller has checked. */
static void keyed(uint64_t h[8], const uint8_t *key, size_t key_bytes, const char *person, size_t size) {
  uint8_t block[128] = {0};
  block[0] = (uint8_t)size, block[1] = (uint8_t)key_bytes, block[2] = block[3] = 1;
  memcpy(block + 48, person, strnlen(person, 16));
  for (int i = 0; i < 8; i++) h[i] = IV[i] ^ load64(block + 8 * i);
  memset(block, 0, sizeof block);
  memcpy(block, key, key_bytes);
  compress(h, block, 128, 0);
}

/* `size` bytes (as the state was made for) of a message of at least one byte. */
static void finish(const void *state, const uint8_t *message, size_t bytes, uint8_t *out, size_t size) {
  uint64_t h[8], count = 128;
  uint8_t block[128], full[64];
  memcpy(h, state, 64);
  for (; bytes > 128; message += 128, bytes -= 128) compress(h, message, count += 128, 0);
  memset(block, 0, sizeof block);
  memcpy(block, message, bytes);
  compress(h, block, count + bytes, 1);
  for (int i = 0; i < 8; i++) store64(full + 8 * i, h[i]);
  memcpy(out, full, size);
}

/* --- SHAKE128 (FIPS 202) of at most one block ---------------------------------------------------------------------- */

#define RATE 168
static const uint64_t ROUND[24] = {
    0x0000000000000001ULL, 0x0000000000008082ULL, 0x800000000000808aULL, 0x8000000080008000ULL, 0x000000000000808bULL,
    0x0000000080000001ULL, 0x8000000080008081ULL, 0x8000000000008009ULL, 0x000000000000008aULL, 0x0000000000000088ULL,
    0x0000000080008009ULL, 0x000000008000000aULL, 0x000000008000808bULL, 0x800000000000008bULL, 0x8000000000008089ULL,
    0x8000000000008003ULL, 0x8000000000008002ULL, 0x8000000000000080ULL, 0x000000000000800aULL, 0x800000008000000aULL,
    0x8000000080008081ULL, 0x8000000000008080ULL, 0x0000000080000001ULL, 0x8000000080008008ULL};
static const uint8_t TURN[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                 27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
static const uint8_t LANE[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                 15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

static void keccak(uint64_t a[25]) {
  for (int round = 0; round < 24; round++) {
    uint64_t c[5], t;
    UNROLLED for (int i = 0; i < 5; i++) c[i] = a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20];
    UNROLLED for (int i = 0; i < 5; i++) {
      t = c[(i + 4) % 5] ^ right(c[(i + 1) % 5], 63);
      UNROLLED for (int j = 0; j < 25; j += 5) a[i + j] ^= t;
    }
    t = a[1];
    UNROLLED for (int i = 0; i < 24; i++) {
      uint64_t next = a[LANE[i]];
      a[LANE[i]] = right(t, 64 - TURN[i]);
      t = next;
    }
    UNROLLED for (int j = 0; j < 25; j += 5) {
      uint64_t r[5];
      memcpy(r, a + j, sizeof r);
      UNROLLED for (int i = 0; i < 5; i++) a[i + j] = r[i] ^ (~r[(i + 1) % 5] & r[(i + 2) % 5]);
    }
    a[0] ^= ROUND[round];
  }
}

/* Fills `out`; the message has fewer bytes than a block. */
static void shake128(const uint8_t *message, size_t bytes, uint8_t *out, size_t size) {
  uint64_t a[25] = {0};
  uint8_t block[RATE] = {0};
  memcpy(block, message, bytes);
  block[bytes] ^= 0x1f;
  block[RATE - 1] ^= 0x80;
  for (int i = 0; i < RATE / 8; i++) a[i] = load64(block + 8 * i);
  while (size) {
    keccak(a);
    for (int i = 0; i < RATE / 8; i++) store64(block + 8 * i, a[i]);
    size_t now = size < RATE ? size : RATE;
    memcpy(out, block, now);
    out += now, size -= now;
  }
}

/* --- Python's objects, by their slots ------------------------------------------------------------------------------ */

#define TYPES(X) \
  X(Counters) X(Session) X(Held) X(Flow) X(ReceiveWindow) X(PacketLog) X(Account) X(Budget) X(LiveTicket) \
  X(TokenKeys) X(FlowKind) X(Script) X(MediaPacket) X(Message) X(RtpCodec) X(ControlCodec)
#define FIELDS(X) \
  X(Counters, datagrams_in) X(Counters, bytes_in) X(Counters, datagrams_out) X(Counters, bytes_out) \
  X(Session, keys) X(Session, started_at) X(Session, last_heard_at) X(Session, held) X(Session, flows) \
  X(Session, accounts) X(Session, waiting) X(Session, paused) X(Session, telling) X(Session, bytes_used) \
  X(Session, packets) X(Session, closed) X(Held, packets) \
  X(Flow, number) X(Flow, kind) X(Flow, replicate) X(Flow, script) X(Flow, secret) X(Flow, port) \
  X(Flow, early_seqs) X(Flow, early_port) X(Flow, source) X(Flow, window) X(Flow, up) X(Flow, down) \
  X(Flow, heard) X(Flow, last_heard_at) X(Flow, media_at) X(Flow, media_next) X(Flow, news) \
  X(ReceiveWindow, limit) X(ReceiveWindow, seen) X(ReceiveWindow, highest_seq) X(ReceiveWindow, count) \
  X(ReceiveWindow, bitmap) X(ReceiveWindow, highest_us) \
  X(PacketLog, seq) X(PacketLog, t_us) X(PacketLog, size_bytes) X(PacketLog, crc) \
  X(Account, prefix) X(Account, nonce) X(Account, proved) X(Account, bytes_in) X(Account, datagrams_in) \
  X(Account, bytes_out) X(Account, datagrams_out) X(Budget, since) X(Budget, bytes_used) \
  X(LiveTicket, key) X(TokenKeys, key) X(FlowKind, app) X(Script, down) \
  X(MediaPacket, offset_us) X(MediaPacket, message) X(MediaPacket, size) X(MediaPacket, index) \
  X(Message, codec) X(RtpCodec, direction) X(RtpCodec, label) X(RtpCodec, first) X(RtpCodec, payload_type) \
  X(RtpCodec, head) X(RtpCodec, extension_random) X(RtpCodec, marker) X(RtpCodec, ticks) \
  X(RtpCodec, cycle_ticks) X(RtpCodec, last_of_frame) X(ControlCodec, direction) X(ControlCodec, family)
#define PARTS(X) \
  X(counters) X(live) X(tickets) X(near) X(heap) X(budgets) X(pushes) X(receive) X(send) X(heappop) \
  X(heapreplace) X(stream_start) X(first_bytes) X(down) X(salt)
#define BOUNDS(X) \
  X(SESSION_S) X(TICKET_BYTES_MAX) X(SESSION_PACKETS_MAX) X(SILENCE_S) X(LATE_SEND_S) X(PREFIX_S) \
  X(PREFIX_BYTES_MAX) X(MEDIA_SEQ) X(TELL_TIMES) X(SCAN_MAX) X(NEIGHBOURS_MAX)

#define AS_TYPE(type) T_##type,
#define AS_FIELD(type, name) F_##type##_##name,
#define AS_PART(name) P_##name,
#define AS_BOUND(name) B_##name,
enum { TYPES(AS_TYPE) TYPE_COUNT };
enum { FIELDS(AS_FIELD) FIELD_COUNT };
enum { PARTS(AS_PART) KEY_STATES, PART_COUNT };
enum { BOUNDS(AS_BOUND) BOUND_COUNT };
#define TYPE_NAME(type) #type,
#define FIELD_NAME(type, name) {T_##type, #name},
static const char *const TYPE_NAMES[] = {TYPES(TYPE_NAME)};
static const struct { int type; const char *name; } FIELD_NAMES[] = {FIELDS(FIELD_NAME)};
static const char *const PART_NAMES[] = {PARTS(TYPE_NAME)};
static const char *const BOUND_NAMES[] = {BOUNDS(TYPE_NAME)};

typedef struct {
  PyObject_HEAD
  PyObject *types[TYPE_COUNT];
  PyObject *parts[PART_COUNT];
  Py_ssize_t at[FIELD_COUNT];
  double bounds[BOUND_COUNT];
  uint64_t blind[8];
} Hot;

enum { S_UP, S_DOWN, S_MASK, S_ENTROPY, STATES };
enum { ROOM = 16, RECEIPT = 18, TAIL_MAX = 52, RTP_HEADER = 12, SIZE_MAX_ = 1400, KEYS_MAX = 2048 };
static PyObject *append_name, *move_name;

#define IS(object, type) ((object) != NULL && (PyObject *)Py_TYPE(object) == hot->types[T_##type])
#define GET(object, type, name) (*(PyObject **)((char *)(object) + hot->at[F_##type##_##name]))
#define PUT(object, type, name, value) put(&GET(object, type, name), value)
#define PART(name) (hot->parts[P_##name])
#define BOUND(name) (hot->bounds[B_##name])

/* Takes `value` over; -1 when there is none, because memory ran out. */
static int put(PyObject **slot, PyObject *value) {
  if (value == NULL) return -1;
  PyObject *old = *slot;
  *slot = value;
  Py_XDECREF(old);
  return 0;
}
/* False where the slot holds no int of 64 bits; no exception is left. */
static int whole(PyObject *value, int64_t *out) {
  if (value == NULL || !PyLong_CheckExact(value)) return 0;
  int overflow;
  *out = PyLong_AsLongLongAndOverflow(value, &overflow);
  return !overflow;
}
static int bits64(PyObject *value, uint64_t *out) {
  if (value == NULL || !PyLong_CheckExact(value)) return 0;
  *out = PyLong_AsUnsignedLongLong(value);
  if (*out != (uint64_t)-1 || !PyErr_Occurred()) return 1;
  PyErr_Clear();
  return 0;
}
static int real(PyObject *value, double *out) {
  int64_t n;
  if (value != NULL && PyFloat_CheckExact(value)) return *out = PyFloat_AS_DOUBLE(value), 1;
  return whole(value, &n) && n < (1LL << 53) && n > -(1LL << 53) ? (*out = (double)n, 1) : 0;
}
static int add(PyObject **slot, int64_t more) {
  int64_t n;
  if (!whole(*slot, &n)) return PyErr_SetString(PyExc_TypeError, "not a whole number"), -1;
  return put(slot, PyLong_FromLongLong(n + more));
}
#define ADD(object, type, name, more) add(&GET(object, type, name), more)
#define WHOLE(object, type, name, out) whole(GET(object, type, name), out)

static int append(PyObject *column, int64_t value) {
  PyObject *number = PyLong_FromLongLong(value);
  if (number == NULL) return -1;
  PyObject *done = PyObject_CallMethodOneArg(column, append_name, number);
  Py_DECREF(number);
  Py_XDECREF(done);
  return done == NULL ? -1 : 0;
}

/* Session.log of a media packet, whose checksum is not kept. */
static int log_packet(Hot *hot, PyObject *session, PyObject *log, int64_t seq, int64_t t_us, int64_t size) {
  return append(GET(log, PacketLog, seq), seq) || append(GET(log, PacketLog, t_us), t_us) ||
                 append(GET(log, PacketLog, size_bytes), size) || append(GET(log, PacketLog, crc), 0) ||
                 ADD(session, Session, bytes_used, size) || ADD(session, Session, packets, 1) ||
                 ADD(GET(session, Session, held), Held, packets, 1)
             ? -1
             : 0;
}
static int is_log(Hot *hot, PyObject *log) {
  return IS(log, PacketLog) && GET(log, PacketLog, seq) && GET(log, PacketLog, t_us) &&
         GET(log, PacketLog, size_bytes) && GET(log, PacketLog, crc);
}
static int64_t t_us(double now, double started_at) {
  double passed = rint((now - started_at) * 1e6);
  return passed > 0 ? (int64_t)passed : 0;
}
static int64_t port_at(Hot *hot, PyObject *flow, int64_t seq, PyObject **object) {
  int64_t early, port = -1;
  if (!WHOLE(flow, Flow, early_seqs, &early)) return -1;
  *object = seq >= early ? GET(flow, Flow, port) : GET(flow, Flow, early_port);
  return whole(*object, &port) ? port : -1;
}
static void be16(uint8_t *at, uint64_t n) { at[0] = (uint8_t)(n >> 8), at[1] = (uint8_t)n; }
static void be32(uint8_t *at, uint64_t n) { be16(at, n >> 16), be16(at + 2, n); }
static uint32_t from32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The kept states of a key, 64 bytes each; 1 when `out` points at them (until the next call), 0: no such key. */
static int states_of(Hot *hot, PyObject *key, const char **out) {
  static const struct { const char *person; size_t size; } uses[STATES] = {
      {"vw-up", 8}, {"vw-down", 8}, {"vw-mask", 64}, {"vw-entr", 16}};
  if (key == NULL || !PyBytes_CheckExact(key) || !PyBytes_GET_SIZE(key) || PyBytes_GET_SIZE(key) > 64) return 0;
  PyObject *kept = PyDict_GetItemWithError(hot->parts[KEY_STATES], key);
  if (kept == NULL) {
    uint64_t made[STATES][8];
    if (PyErr_Occurred()) return -1;
    for (int i = 0; i < STATES; i++)
      keyed(made[i], (uint8_t *)PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), uses[i].person, uses[i].size);
    if (PyDict_GET_SIZE(hot->parts[KEY_STATES]) >= KEYS_MAX) PyDict_Clear(hot->parts[KEY_STATES]);
    kept = PyBytes_FromStringAndSize((char *)made, sizeof made);
    if (kept == NULL) return -1;
    int failed = PyDict_SetItem(hot->parts[KEY_STATES], key, kept);
    Py_DECREF(kept); /* the dict has it */
    if (failed) return -1;
  }
  *out = PyBytes_AS_STRING(kept);
  return 1;
}

/* --- the way in ------------------------------------------------------------------------------------------------------ */

/* wire/place.py: whether the token is at the end. Anything that may be otherwise is not common. */
static int at_the_end(const uint8_t *data, Py_ssize_t size) {
  if (size <= ROOM || size > 65535 || data[0] <= 3 || data[0] == 0x1f || data[0] == 22) return 0;
  return !(data[0] >= 65 && data[0] <= 122 && Py_ISALPHA(data[1]) && Py_ISALPHA(data[2]));
}

/* Whose neighbourhood `ip` is in, borrowed in `out` (Strangers); 0 where nobody's is known. */
static int neighbours(Hot *hot, PyObject *ip, PyObject **out) {
  Py_ssize_t length = PyUnicode_GET_LENGTH(ip), dot = PyUnicode_FindChar(ip, '.', 0, length, -1);
  PyObject *key = dot > 0 ? PyUnicode_Substring(ip, 0, dot) : Py_NewRef(ip);
  if (key == NULL) return -1;
  *out = PyDict_GetItemWithError(PART(near), key);
  Py_DECREF(key);
  if (*out == NULL || !PyList_CheckExact(*out)) return PyErr_Occurred() ? -1 : 0;
  return 1;
}
/* Strangers.watch */
static int watch(Hot *hot, PyObject *session, PyObject *near) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(near); i++)
    if (PyList_GET_ITEM(near, i) == session) return 0;
  if (PyList_Append(near, session)) return -1;
  Py_ssize_t over = PyList_GET_SIZE(near) - (Py_ssize_t)BOUND(NEIGHBOURS_MAX);
  return over > 0 ? PyList_SetSlice(near, 0, over, NULL) : 0;
}

/* Sessions.hear: 1 when it would change nothing. */
static int is_heard(PyObject *heard, PyObject *source, int64_t port) {
  int64_t there;
  if (heard == NULL || !PyList_CheckExact(heard)) return 0;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(heard); i++) {
    PyObject *pair = PyList_GET_ITEM(heard, i);
    if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) continue;
    if (!whole(PyTuple_GET_ITEM(pair, 1), &there) || there != port) continue;
    int same = PyObject_RichCompareBool(PyTuple_GET_ITEM(pair, 0), source, Py_EQ);
    if (same) return same;
  }
  return 0;
}

static int is_empty_list(PyObject *list) { return list && PyList_CheckExact(list) && !PyList_GET_SIZE(list); }
static int is_dict(PyObject *dict) { return dict && PyDict_CheckExact(dict); }

/* `dict[n]`, borrowed; NULL with or without an exception. */
static PyObject *numbered(PyObject *dict, int64_t n) {
  PyObject *key = PyLong_FromLongLong(n);
  if (key == NULL) return NULL;
  PyObject *found = PyDict_GetItemWithError(dict, key);
  Py_DECREF(key);
  return found;
}
#define NOT_COMMON return PyErr_Occurred() ? -1 : 0

/* ReflectorCore._open and Uplink.receive of one datagram: 1 done, 0 nothing was done, -1 an exception. */
static int take_up(Hot *hot, PyObject *source, PyObject *port_object, PyObject *data, PyObject *now_object) {
  double now, started_at;
  int64_t port, seq, limit, highest, n;
  uint64_t bitmap;
  const char *states;
  if (!PyTuple_Check(source) || PyTuple_GET_SIZE(source) != 2 || !PyBytes_CheckExact(data)) return 0;
  PyObject *ip = PyTuple_GET_ITEM(source, 0), *own_port;
  if (!PyUnicode_CheckExact(ip) || !whole(port_object, &port) || !real(now_object, &now)) return 0;
  Py_ssize_t size = PyBytes_GET_SIZE(data);
  const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(data);
  if (!at_the_end(bytes, size)) return 0;

  const uint8_t *place = bytes + size - ROOM, *tag = bytes + size - 8;
  uint8_t mask[8], message[10], wanted[8];
  finish(hot->blind, tag, 8, mask, 8);
  uint32_t handle = from32(place + 4) ^ from32(mask);
  seq = from32(place) ^ from32(mask + 4);
  PyObject *ticket = numbered(PART(tickets), handle >> 16);
  if (!IS(ticket, LiveTicket)) NOT_COMMON;
  PyObject *session = numbered(PART(live), handle >> 16);
  if (!IS(session, Session)) NOT_COMMON;
  PyObject *flows = GET(session, Session, flows), *accounts = GET(session, Session, accounts);
  PyObject *telling = GET(session, Session, telling), *waiting = GET(session, Session, waiting);
  if (!is_dict(flows) || !is_dict(accounts) || !is_dict(telling) || waiting == NULL) return 0;
  PyObject *flow = numbered(flows, handle & 0xffff);
  if (!IS(flow, Flow)) NOT_COMMON;
  PyObject *account = PyDict_GetItemWithError(accounts, ip);
  if (!IS(account, Account)) NOT_COMMON;
  PyObject *nonce = GET(account, Account, nonce);
  if (!nonce || !PyBytes_CheckExact(nonce) || PyBytes_GET_SIZE(nonce) != 4) return 0;
  if (GET(account, Account, proved) != Py_True) return 0;

  int known = states_of(hot, GET(ticket, LiveTicket, key), &states);
  if (known <= 0) return known;
  int echoed = 0, right_tag = 0;
  be16(message, handle & 0xffff), be32(message + 2, (uint64_t)seq);
  for (int i = 0; i < 2 && !right_tag; i++) {
    uint8_t differs = 0;
    memcpy(message + 6, i ? "\0\0\0\0" : PyBytes_AS_STRING(nonce), 4);
    finish(states + 64 * S_UP, message, 10, wanted, 8);
    for (int j = 0; j < 8; j++) differs |= wanted[j] ^ tag[j]; /* in constant time */
    right_tag = !differs, echoed = right_tag && !i;
  }
  if (!right_tag) return 0;

  PyObject *window = GET(flow, Flow, window), *log = GET(flow, Flow, up), *held = GET(session, Session, held);
  if (!IS(window, ReceiveWindow) || !is_log(hot, log) || !IS(held, Held)) return 0;
  if (seq < (int64_t)BOUND(MEDIA_SEQ) || GET(flow, Flow, script) == Py_None) return 0;
  if (GET(flow, Flow, media_at) == Py_None || port_at(hot, flow, seq, &own_port) != port) return 0;
  if (!real(GET(session, Session, started_at), &started_at) || now - started_at > BOUND(SESSION_S)) return 0;
  if (!WHOLE(window, ReceiveWindow, limit, &limit) || seq >= limit) return 0;
  if (!WHOLE(session, Session, bytes_used, &n) || n + size > BOUND(TICKET_BYTES_MAX)) return 0;
  if (!WHOLE(session, Session, packets, &n) || n >= BOUND(SESSION_PACKETS_MAX)) return 0;
  if (!WHOLE(window, ReceiveWindow, highest_seq, &highest) || seq <= highest || seq - highest > 64) return 0;
  if (!bits64(GET(window, ReceiveWindow, bitmap), &bitmap)) return 0;
  PyObject *seen = GET(window, ReceiveWindow, seen);
  if (!seen || !PyByteArray_CheckExact(seen) || seq >> 3 >= PyByteArray_GET_SIZE(seen)) return 0;
  uint8_t *byte = (uint8_t *)PyByteArray_AS_STRING(seen) + (seq >> 3), bit = (uint8_t)(1 << (seq & 7));
  if (*byte & bit) return 0;
  Py_ssize_t queued = PyObject_Size(waiting);
  if (queued || !is_empty_list(GET(session, Session, paused))) NOT_COMMON;
  int heard = is_heard(GET(flow, Flow, heard), source, port);
  if (heard <= 0) return heard;
  PyObject *near = NULL;
  if (echoed) {
    int some = neighbours(hot, ip, &near);
    if (some <= 0) return some;
  }
  PyObject *number = GET(flow, Flow, number);
  int told = number ? PyDict_Contains(telling, number) : -1;
  if (told < 0) NOT_COMMON;

  /* It is common: from here on all of it is done. */
  int64_t at_us = t_us(now, started_at);
  int shift = (int)(seq - highest);
  uint64_t before = highest >= 0 ? bitmap << 1 | 1 : 0;
  *byte |= bit;
  if (ADD(window, ReceiveWindow, count, 1) ||
      PUT(window, ReceiveWindow, bitmap, PyLong_FromUnsignedLongLong(before << (shift - 1))) ||
      PUT(window, ReceiveWindow, highest_seq, PyLong_FromLongLong(seq)) ||
      PUT(window, ReceiveWindow, highest_us, PyLong_FromLongLong(at_us)) ||
      log_packet(hot, session, log, seq, at_us, size) ||
      PUT(flow, Flow, news, PyLong_FromLong((long)BOUND(TELL_TIMES))) ||
      (!told && PyDict_SetItem(telling, number, flow)) ||
      PUT(flow, Flow, source, Py_NewRef(source)) || ADD(account, Account, bytes_in, size) ||
      ADD(account, Account, datagrams_in, 1) || (near && watch(hot, session, near)) ||
      PUT(session, Session, last_heard_at, Py_NewRef(now_object)) ||
      PUT(flow, Flow, last_heard_at, Py_NewRef(now_object)))
    return -1;
  return 1;
}

PyDoc_STRVAR(receive_doc, "receive(batch, now): datagrams (source, port, payload), in order.");
static PyObject *Hot_receive(Hot *hot, PyObject *const *args, Py_ssize_t count) {
  if (count != 2) return PyErr_SetString(PyExc_TypeError, "receive(batch, now)"), NULL;
  PyObject *batch = PySequence_Tuple(args[0]);
  if (batch == NULL) return NULL;
  int64_t bytes = 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(batch); i++) {
    PyObject *each = PyTuple_GET_ITEM(batch, i);
    if (!PyTuple_CheckExact(each) || PyTuple_GET_SIZE(each) != 3) {
      PyErr_SetString(PyExc_TypeError, "a datagram is (source, port, payload)");
      goto failed;
    }
    PyObject *source = PyTuple_GET_ITEM(each, 0), *port = PyTuple_GET_ITEM(each, 1);
    PyObject *data = PyTuple_GET_ITEM(each, 2);
    int done = take_up(hot, source, port, data, args[1]);
    if (done < 0) goto failed;
    if (done) {
      bytes += PyBytes_GET_SIZE(data);
      continue;
    }
    PyObject *said = PyObject_CallFunctionObjArgs(PART(receive), source, port, data, args[1], NULL);
    if (said == NULL) goto failed;
    Py_DECREF(said);
  }
  if (ADD(PART(counters), Counters, bytes_in, bytes)) goto failed;
  Py_DECREF(batch);
  Py_RETURN_NONE;
failed:
  Py_DECREF(batch);
  return NULL;
}

/* --- the way out ----------------------------------------------------------------------------------------------------- */

/* apps.messages.down_tail_room */
static int64_t tail_room(int64_t size, int64_t kept) {
  int64_t room = size - kept < TAIL_MAX ? size - kept : TAIL_MAX;
  return room >= ROOM ? room : room >= 8 ? 8 : 0;
}

/* The receipt of a flow, 18 bytes; 0 when its window is not as it must be. */
static int receipt(Hot *hot, PyObject *flow, uint8_t *out) {
  PyObject *window = GET(flow, Flow, window);
  int64_t number, highest, count, at_us;
  uint64_t bitmap;
  if (!IS(window, ReceiveWindow) || !WHOLE(flow, Flow, number, &number) || number < 0 || number > 0xffff ||
      !WHOLE(window, ReceiveWindow, highest_seq, &highest) || !WHOLE(window, ReceiveWindow, count, &count) ||
      !WHOLE(window, ReceiveWindow, highest_us, &at_us) || !bits64(GET(window, ReceiveWindow, bitmap), &bitmap) ||
      count < 0)
    return 0;
  highest = highest < 0 ? 0 : highest;
  be16(out, (uint64_t)number);
  be16(out + 2, highest < 0xffff ? (uint64_t)highest : 0xffff);
  be16(out + 4, count < 0xffff ? (uint64_t)count : 0xffff);
  be32(out + 6, (uint64_t)at_us), be32(out + 10, bitmap >> 32), be32(out + 14, bitmap);
  return 1;
}

/* receipts._pick of one: the first twin, else the first other, borrowed in `out`; 0 when something is odd. */
static int pick(Hot *hot, PyObject *telling, PyObject *own, PyObject **out) {
  PyObject *key, *flow, *kind = GET(own, Flow, kind);
  int64_t replicate, other;
  Py_ssize_t at = 0;
  if (!IS(kind, FlowKind) || !WHOLE(own, Flow, replicate, &replicate)) return 0;
  *out = NULL;
  for (int scanned = 0; scanned < (int)BOUND(SCAN_MAX) && PyDict_Next(telling, &at, &key, &flow); scanned++) {
    if (flow == own) continue;
    if (!IS(flow, Flow) || !IS(GET(flow, Flow, kind), FlowKind) || !WHOLE(flow, Flow, replicate, &other)) return 0;
    if (other == replicate) {
      PyObject *left = GET(GET(flow, Flow, kind), FlowKind, app), *right_app = GET(kind, FlowKind, app);
      if (!left || !right_app || !PyUnicode_CheckExact(left) || !PyUnicode_CheckExact(right_app)) return 0;
      if (left == right_app || !PyUnicode_Compare(left, right_app)) return *out = flow, 1;
    }
    if (*out == NULL) *out = flow;
  }
  return 1;
}

/* receipts._told */
static int tell(Hot *hot, PyObject *telling, PyObject *flow) {
  int64_t news;
  PyObject *number = GET(flow, Flow, number);
  int there = number ? PyDict_Contains(telling, number) : 0;
  if (there <= 0) return there;
  Py_INCREF(flow);
  int failed = PyDict_DelItem(telling, number) || ADD(flow, Flow, news, -1) || !WHOLE(flow, Flow, news, &news) ||
               (news > 0 && PyDict_SetItem(telling, number, flow));
  Py_DECREF(flow);
  return failed ? -1 : 0;
}

/* RtpCodec.build up to its filler: how many bytes of `out` (at most `size`) are written, 0: not common. */
static int64_t rtp_head(Hot *hot, PyObject *codec, PyObject *secret, int64_t index, int64_t size, uint8_t *out) {
  PyObject *head = GET(codec, RtpCodec, head), *ticks = GET(codec, RtpCodec, ticks);
  PyObject *frames = GET(codec, RtpCodec, last_of_frame), *marker = GET(codec, RtpCodec, marker);
  int64_t first, type, cycle_ticks, tick, ssrc, sequence, timestamp, written = 0;
  if (!head || !PyBytes_CheckExact(head) || PyBytes_GET_SIZE(head) > size - RTP_HEADER || !ticks || !frames || !marker)
    return 0;
  if (!PyTuple_CheckExact(ticks) || !PyTuple_GET_SIZE(ticks) || !PyTuple_CheckExact(frames) || index < 0) return 0;
  if (!PyUnicode_CheckExact(marker) || !WHOLE(codec, RtpCodec, first, &first) ||
      !WHOLE(codec, RtpCodec, payload_type, &type) || !WHOLE(codec, RtpCodec, cycle_ticks, &cycle_ticks))
    return 0;
  Py_ssize_t step = index % PyTuple_GET_SIZE(ticks);
  if (step >= PyTuple_GET_SIZE(frames) || !whole(PyTuple_GET_ITEM(ticks, step), &tick)) return 0;
  if (first < 0 || first > 255 || type < 0 || type > 127 || !secret || !GET(codec, RtpCodec, label)) return 0;
  PyObject *start = PyObject_CallFunctionObjArgs(PART(stream_start), secret, GET(codec, RtpCodec, label), NULL);
  if (start == NULL) return -1;
  if (PyTuple_CheckExact(start) && PyTuple_GET_SIZE(start) == 3 && whole(PyTuple_GET_ITEM(start, 0), &ssrc) &&
      whole(PyTuple_GET_ITEM(start, 1), &sequence) && whole(PyTuple_GET_ITEM(start, 2), &timestamp)) {
    int marked = PyUnicode_CompareWithASCIIString(marker, "always") == 0 ||
                 (!index && PyUnicode_CompareWithASCIIString(marker, "first") == 0) ||
                 (PyTuple_GET_ITEM(frames, step) == Py_True &&
                  PyUnicode_CompareWithASCIIString(marker, "frame") == 0);
    uint64_t passed = (uint64_t)(index / PyTuple_GET_SIZE(ticks)) * (uint64_t)cycle_ticks + (uint64_t)tick;
    out[0] = (uint8_t)first, out[1] = (uint8_t)(type | marked << 7);
    be16(out + 2, (uint64_t)(sequence + index)), be32(out + 4, (uint64_t)timestamp + passed);
    be32(out + 8, (uint64_t)ssrc);
    memcpy(out + RTP_HEADER, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head));
    written = RTP_HEADER + PyBytes_GET_SIZE(head);
  }
  Py_DECREF(start);
  return written;
}

/* Everything but the token of a media packet into `out` of `size` bytes; the token's room, 0: not common. */
static int64_t build(Hot *hot, PyObject *packet, PyObject *secret, const uint8_t entropy[16], int64_t size,
                     uint8_t *out) {
  PyObject *message = GET(packet, MediaPacket, message);
  PyObject *codec = IS(message, Message) ? GET(message, Message, codec) : NULL;
  int64_t index, room, head = 0, extension;
  if (!WHOLE(packet, MediaPacket, index, &index)) return 0;
  if (IS(codec, RtpCodec)) {
    if (GET(codec, RtpCodec, direction) != PART(down)) return 0;
    if (!WHOLE(codec, RtpCodec, extension_random, &extension) || extension < 0 || size < RTP_HEADER) return 0;
    head = rtp_head(hot, codec, secret, index, size, out);
    if (head <= 0) return head;
    room = tail_room(size, head + extension);
    if (room < ROOM || size - head - room < extension) return 0;
    shake128(entropy, 16, out + head, (size_t)(size - head - room));
    return room;
  }
  if (!IS(codec, ControlCodec) || GET(codec, ControlCodec, direction) != PART(down)) return 0;
  PyObject *family = GET(codec, ControlCodec, family);
  PyObject *first = family ? PyDict_GetItemWithError(PART(first_bytes), family) : NULL;
  if (!first || !PyBytes_CheckExact(first) || !PyBytes_GET_SIZE(first)) NOT_COMMON;
  room = tail_room(size, size >= 20 ? 4 : 1);
  if (room < ROOM || size - room < 1) return 0;
  shake128(entropy, 16, out, (size_t)(size - room));
  out[0] = (uint8_t)PyBytes_AS_STRING(first)[out[0] % PyBytes_GET_SIZE(first)];
  if (size - room > 3 && !out[3]) out[3] = 0xa5;
  return room;
}

/* wire.token.encode_down with receipts: the last `room` bytes of `out`, which begin with `room - 16` of plain extra. */
static void seal(Hot *hot, const char *states, uint32_t flow, int64_t seq, const uint8_t nonce[4], uint8_t *place,
                 int64_t room) {
  uint8_t message[10 + TAIL_MAX], tag[8], mask[8], stream[64], tag_and_count[9];
  int64_t space = room - ROOM;
  be16(message, flow), be32(message + 2, (uint64_t)seq), memcpy(message + 6, nonce, 4);
  memcpy(message + 10, place, (size_t)space);
  finish(states + 64 * S_DOWN, message, (size_t)(10 + space), tag, 8);
  finish(hot->blind, tag, 8, mask, 8);
  memcpy(tag_and_count, tag, 8), tag_and_count[8] = 0;
  if (space) {
    finish(states + 64 * S_MASK, tag_and_count, 9, stream, 64);
    for (int64_t i = 0; i < space; i++) place[i] ^= stream[i];
  }
  uint8_t *tail = place + space;
  memcpy(tail, nonce, 4), be32(tail + 4, (uint64_t)seq), memcpy(tail + 8, tag, 8);
  for (int i = 0; i < 8; i++) tail[i] ^= mask[i];
}

/* Downlink._send_media of the heap's first entry, which it takes: 1 done, 0 nothing was done, -1 an exception. */
static int send_down(Hot *hot, PyObject *session, PyObject *flow, double due, double now, PyObject *out,
                     PyObject *marks) {
  uint8_t bytes[SIZE_MAX_], message[7], entropy[16];
  int64_t next, size, n, number, offset;
  double heard_at, started_at, media_at, since;
  const char *states;
  PyObject *script = GET(flow, Flow, script), *log = GET(flow, Flow, down), *address = GET(flow, Flow, source);
  PyObject *telling = GET(session, Session, telling), *keys = GET(session, Session, keys);
  PyObject *accounts = GET(session, Session, accounts), *held = GET(session, Session, held), *port;
  PyObject *packets = IS(script, Script) ? GET(script, Script, down) : NULL;
  if (!packets || !PyTuple_CheckExact(packets) || !is_log(hot, log) || !is_dict(telling) || !is_dict(accounts) ||
      !IS(keys, TokenKeys) || !IS(held, Held) || !address || !PyTuple_Check(address) || PyTuple_GET_SIZE(address) != 2)
    return 0;
  if (!WHOLE(flow, Flow, media_next, &next) || next < 0 || next >= PyTuple_GET_SIZE(packets)) return 0;
  if (!real(GET(session, Session, last_heard_at), &heard_at) || now - heard_at > BOUND(SILENCE_S)) return 0;
  if (now - due > BOUND(LATE_SEND_S)) return 0;
  PyObject *packet = PyTuple_GET_ITEM(packets, next), *ip = PyTuple_GET_ITEM(address, 0);
  if (!IS(packet, MediaPacket) || !WHOLE(packet, MediaPacket, size, &size) || size < 1 || size > SIZE_MAX_) return 0;
  if (!PyUnicode_CheckExact(ip)) return 0;
  PyObject *account = PyDict_GetItemWithError(accounts, ip);
  if (!IS(account, Account)) NOT_COMMON;
  PyObject *nonce = GET(account, Account, nonce), *prefix = GET(account, Account, prefix);
  if (GET(account, Account, proved) != Py_True || !prefix || !PyUnicode_CheckExact(prefix)) return 0;
  if (!nonce || !PyBytes_CheckExact(nonce) || PyBytes_GET_SIZE(nonce) != 4) return 0;
  PyObject *budget = PyDict_GetItemWithError(PART(budgets), prefix);
  if (!IS(budget, Budget)) NOT_COMMON;
  if (!real(GET(budget, Budget, since), &since) || now - since >= BOUND(PREFIX_S)) return 0;
  if (!WHOLE(budget, Budget, bytes_used, &n) || n + size > BOUND(PREFIX_BYTES_MAX)) return 0;
  if (!WHOLE(session, Session, bytes_used, &n) || n + size > BOUND(TICKET_BYTES_MAX)) return 0;
  if (!WHOLE(session, Session, packets, &n) || n >= BOUND(SESSION_PACKETS_MAX)) return 0;
  if (!real(GET(session, Session, started_at), &started_at) || !real(GET(flow, Flow, media_at), &media_at)) return 0;
  if (!WHOLE(flow, Flow, number, &number) || number < 0 || number > 0xffff) return 0;
  int64_t seq = (int64_t)BOUND(MEDIA_SEQ) + next, after_offset = -1;
  if (port_at(hot, flow, seq, &port) < 0) return 0;
  if (next + 1 < PyTuple_GET_SIZE(packets)) {
    PyObject *after = PyTuple_GET_ITEM(packets, next + 1);
    if (!IS(after, MediaPacket) || !WHOLE(after, MediaPacket, offset_us, &after_offset)) return 0;
    if (after_offset < 0 || after_offset >= 1LL << 53) return 0;
  }
  int known = states_of(hot, GET(keys, TokenKeys, key), &states);
  if (known <= 0) return known;
  message[0] = 'd', be16(message + 1, (uint64_t)number), be32(message + 3, (uint64_t)seq);
  finish(states + 64 * S_ENTROPY, message, 7, entropy, 16);
  int64_t room = build(hot, packet, GET(flow, Flow, secret), entropy, size, bytes);
  if (room <= 0) return (int)room;
  uint8_t *place = bytes + size - room;
  int64_t slots = (room - ROOM) / RECEIPT;
  PyObject *other = NULL;
  memset(place, 0, (size_t)room);
  if (slots > 2 || (slots && !receipt(hot, flow, place)) || (slots > 1 && !pick(hot, telling, flow, &other))) return 0;
  if (other != NULL && !receipt(hot, other, place + RECEIPT)) return 0;
  if (slots > 1 && other == NULL) be16(place + RECEIPT, 0xfffd); /* an empty slot names NO_FLOW */
  seal(hot, states, (uint32_t)number, seq, (const uint8_t *)PyBytes_AS_STRING(nonce), place, room);

  /* It is common: from here on all of it is done. */
  PyObject *entry = NULL, *popped;
  if (PUT(flow, Flow, media_next, PyLong_FromLongLong(next + 1))) return -1;
  if (after_offset >= 0) {
    offset = after_offset;
    PyObject *turn = PyIter_Next(PART(pushes));
    if (turn == NULL) return -1;
    entry = Py_BuildValue("(dNOOO)", media_at + (double)offset / 1e6, turn, session, flow, Py_None);
    if (entry == NULL) return -1;
    popped = PyObject_CallFunctionObjArgs(PART(heapreplace), PART(heap), entry, NULL);
    Py_DECREF(entry);
  } else {
    popped = PyObject_CallFunctionObjArgs(PART(heappop), PART(heap), NULL);
  }
  if (popped == NULL) return -1;
  Py_DECREF(popped); /* whoever called us has it too */
  if (slots && (tell(hot, telling, flow) || (other != NULL && tell(hot, telling, other)))) return -1;
  PyObject *moved = PyObject_CallMethodOneArg(PART(budgets), move_name, prefix);
  if (moved == NULL) return -1;
  Py_DECREF(moved);
  if (log_packet(hot, session, log, seq, t_us(now, started_at), size) || ADD(budget, Budget, bytes_used, size) ||
      ADD(account, Account, bytes_out, size) || ADD(account, Account, datagrams_out, 1) ||
      ADD(PART(counters), Counters, datagrams_out, 1) || ADD(PART(counters), Counters, bytes_out, size))
    return -1;
  Py_ssize_t row = PyObject_Size(GET(log, PacketLog, seq));
  if (row < 0) return -1;
  PyObject *left = Py_BuildValue("(OOy#)", address, port, bytes, (Py_ssize_t)size);
  PyObject *mark = Py_BuildValue("(On)", flow, row - 1);
  int failed = left == NULL || mark == NULL || PyList_Append(out, left) || PyList_Append(marks, mark);
  Py_XDECREF(left);
  Py_XDECREF(mark);
  return failed ? -1 : 1;
}

PyDoc_STRVAR(take_doc, "take(now, most, out, marks): sends what of the heap is due, at most `most` (-1: all).");
static PyObject *Hot_take(Hot *hot, PyObject *const *args, Py_ssize_t count) {
  double now, due;
  int64_t most;
  PyObject *heap = PART(heap);
  if (count != 4 || !real(args[0], &now) || !whole(args[1], &most) || !PyList_CheckExact(args[2]) ||
      !PyList_CheckExact(args[3]))
    return PyErr_SetString(PyExc_TypeError, "take(now, most, out, marks)"), NULL;
  for (int64_t taken = 0; taken != most && PyList_GET_SIZE(heap) > 0; taken++) {
    PyObject *top = PyList_GET_ITEM(heap, 0);
    if (!PyTuple_CheckExact(top) || PyTuple_GET_SIZE(top) != 5 || !real(PyTuple_GET_ITEM(top, 0), &due))
      return PyErr_SetString(PyExc_TypeError, "an entry is (due, number, session, flow, reply)"), NULL;
    if (due > now) break;
    PyObject *session = PyTuple_GET_ITEM(top, 2), *flow = PyTuple_GET_ITEM(top, 3);
    int done = 0;
    Py_INCREF(top);
    if (PyTuple_GET_ITEM(top, 4) == Py_None && IS(session, Session) && IS(flow, Flow) &&
        GET(session, Session, closed) == Py_False)
      done = send_down(hot, session, flow, due, now, args[2], args[3]);
    Py_DECREF(top);
    if (done < 0) return NULL;
    if (done) continue;
    PyObject *said = PyObject_CallFunctionObjArgs(PART(send), args[0], NULL); /* takes the entry itself */
    if (said == NULL) return NULL;
    Py_DECREF(said);
  }
  Py_RETURN_NONE;
}

/* --- the object and the module --------------------------------------------------------------------------------------- */

static int Hot_traverse(Hot *hot, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(hot));
  for (int i = 0; i < TYPE_COUNT; i++) Py_VISIT(hot->types[i]);
  for (int i = 0; i < PART_COUNT; i++) Py_VISIT(hot->parts[i]);
  return 0;
}
static int Hot_clear(Hot *hot) {
  for (int i = 0; i < TYPE_COUNT; i++) Py_CLEAR(hot->types[i]);
  for (int i = 0; i < PART_COUNT; i++) Py_CLEAR(hot->parts[i]);
  return 0;
}
static void Hot_dealloc(Hot *hot) {
  PyTypeObject *type = Py_TYPE(hot);
  PyObject_GC_UnTrack(hot);
  Hot_clear(hot);
  type->tp_free(hot);
  Py_DECREF(type);
}

/* Where a slot of a type lies; -1 with an exception when it is no plain slot. */
static Py_ssize_t place_of(PyObject *type, const char *name) {
  PyObject *found = PyObject_GetAttrString(type, name);
  if (found == NULL) return -1;
  Py_ssize_t at = -1;
  if (Py_IS_TYPE(found, &PyMemberDescr_Type)) {
    PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
    if (member->type == T_OBJECT_EX || member->type == T_OBJECT) at = member->offset;
  }
  Py_DECREF(found);
  if (at < (Py_ssize_t)sizeof(PyObject) || at + (Py_ssize_t)sizeof(PyObject *) > ((PyTypeObject *)type)->tp_basicsize)
    return PyErr_Format(PyExc_TypeError, "%s has no slot %s", ((PyTypeObject *)type)->tp_name, name), -1;
  return at;
}

static int fill(Hot *hot, PyObject *types, PyObject *parts, PyObject *bounds) {
  for (int i = 0; i < TYPE_COUNT; i++) {
    PyObject *type = PyDict_GetItemString(types, TYPE_NAMES[i]);
    if (type == NULL || !PyType_Check(type)) return PyErr_Format(PyExc_TypeError, "no type %s", TYPE_NAMES[i]), -1;
    hot->types[i] = Py_NewRef(type);
  }
  for (int i = 0; i < FIELD_COUNT; i++)
    if ((hot->at[i] = place_of(hot->types[FIELD_NAMES[i].type], FIELD_NAMES[i].name)) < 0) return -1;
  for (int i = 0; i < KEY_STATES; i++) {
    PyObject *part = PyDict_GetItemString(parts, PART_NAMES[i]);
    if (part == NULL) return PyErr_Format(PyExc_TypeError, "no part %s", PART_NAMES[i]), -1;
    hot->parts[i] = Py_NewRef(part);
  }
  for (int i = 0; i < BOUND_COUNT; i++) {
    PyObject *bound = PyDict_GetItemString(bounds, BOUND_NAMES[i]);
    if (bound == NULL || !real(bound, &hot->bounds[i]))
      return PyErr_Format(PyExc_TypeError, "no bound %s", BOUND_NAMES[i]), -1;
  }
  if ((hot->parts[KEY_STATES] = PyDict_New()) == NULL) return -1;
  PyObject *salt = PART(salt);
  if (!IS(PART(counters), Counters) || !PyDict_CheckExact(PART(live)) || !PyDict_CheckExact(PART(tickets)) ||
      !PyDict_CheckExact(PART(near)) || !PyList_CheckExact(PART(heap)) || !PyDict_Check(PART(budgets)) ||
      !PyIter_Check(PART(pushes)) || !PyDict_CheckExact(PART(first_bytes)) || !PyBytes_CheckExact(salt) ||
      PyBytes_GET_SIZE(salt) != 16)
    return PyErr_SetString(PyExc_TypeError, "a part is not what it must be"), -1;
  keyed(hot->blind, (uint8_t *)PyBytes_AS_STRING(salt), 16, "vw-blind", 8);
  return 0;
}

static PyObject *Hot_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(words)) {
  PyObject *types, *parts, *bounds;
  if (!PyArg_ParseTuple(args, "O!O!O!", &PyDict_Type, &types, &PyDict_Type, &parts, &PyDict_Type, &bounds))
    return NULL;
  Hot *hot = (Hot *)type->tp_alloc(type, 0);
  if (hot != NULL && fill(hot, types, parts, bounds)) Py_CLEAR(hot);
  return (PyObject *)hot;
}

PyDoc_STRVAR(hash_doc, "keyed_hash(key, person, message, size): as voipwatch.wire.keyed, for a message of a byte or more.");
static PyObject *keyed_hash(PyObject *Py_UNUSED(module), PyObject *args) {
  Py_buffer key, person, message;
  int size;
  PyObject *made = NULL;
  uint64_t state[8];
  char name[17] = {0};
  uint8_t out[64];
  if (!PyArg_ParseTuple(args, "y*y*y*i", &key, &person, &message, &size)) return NULL;
  if (key.len < 1 || key.len > 64 || person.len > 16 || message.len < 1 || size < 1 || size > 64) {
    PyErr_SetString(PyExc_ValueError, "a key, a person, a message or a size out of range");
  } else {
    memcpy(name, person.buf, (size_t)person.len);
    keyed(state, key.buf, (size_t)key.len, name, (size_t)size);
    finish(state, message.buf, (size_t)message.len, out, (size_t)size);
    made = PyBytes_FromStringAndSize((char *)out, size);
  }
  PyBuffer_Release(&key), PyBuffer_Release(&person), PyBuffer_Release(&message);
  return made;
}

PyDoc_STRVAR(shake_doc, "shake128(seed, size): SHAKE128 of fewer than 168 bytes.");
static PyObject *shake(PyObject *Py_UNUSED(module), PyObject *args) {
  Py_buffer seed;
  Py_ssize_t size;
  PyObject *made = NULL;
  if (!PyArg_ParseTuple(args, "y*n", &seed, &size)) return NULL;
  if (seed.len >= RATE || size < 0 || size > 65535)
    PyErr_SetString(PyExc_ValueError, "a seed or a size out of range");
  else if ((made = PyBytes_FromStringAndSize(NULL, size)) != NULL)
    shake128(seed.buf, (size_t)seed.len, (uint8_t *)PyBytes_AS_STRING(made), (size_t)size);
  PyBuffer_Release(&seed);
  return made;
}

#define FAST(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL
static PyMethodDef METHODS[] = {
    {"receive", FAST(Hot_receive), receive_doc}, {"take", FAST(Hot_take), take_doc}, {NULL, NULL, 0, NULL}};
static PyType_Slot SLOTS[] = {{Py_tp_new, Hot_new},     {Py_tp_dealloc, Hot_dealloc}, {Py_tp_traverse, Hot_traverse},
                              {Py_tp_clear, Hot_clear}, {Py_tp_methods, METHODS},     {0, NULL}};
static PyType_Spec SPEC = {"voipwatch_hot.Hot", sizeof(Hot), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, SLOTS};
static PyMethodDef FUNCTIONS[] = {{"keyed_hash", keyed_hash, METH_VARARGS, hash_doc},
                                  {"shake128", shake, METH_VARARGS, shake_doc},
                                  {NULL, NULL, 0, NULL}};
static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "voipwatch_hot", "The reflector's common packets.", -1,
                                    FUNCTIONS, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_voipwatch_hot(void) {
  PyObject *module = PyModule_Create(&MODULE), *type = PyType_FromSpec(&SPEC);
  append_name = PyUnicode_InternFromString("append"), move_name = PyUnicode_InternFromString("move_to_end");
  if (module == NULL || type == NULL || append_name == NULL || move_name == NULL ||
      PyModule_AddObjectRef(module, "Hot", type) < 0)
    Py_CLEAR(module);
  Py_XDECREF(type);
  return module;
}
