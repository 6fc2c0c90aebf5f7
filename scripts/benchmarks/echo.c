/* The other side of the reflector's bench, in C so that it is never what limits: cc -O2 -o echo echo.c
 *
 *   echo IP PORT SECONDS            gives every datagram back, by recvmmsg and sendmmsg: the ceiling of a core
 *   flood IP PORT SECONDS FD        sends to it all it can and counts what comes back; the payload comes on
 *                                   standard input; FD: a socket to send from, -1 for one of its own
 *   calls IP FILE OUT NOISE         plays FILE on its clock, one socket a call, writes what comes back to OUT, and
 *                                   sends NOISE datagrams a second besides, like voice and with random ends
 *
 * FILE: calls, packets, size, gap in us, each 4 bytes; then of each call its source address and port asked;
 * then the datagrams, all calls' first ones first. OUT: of each datagram the call, 4 bytes that are nothing, when
 * it came in ns since the call's first one was sent, and its last 52 bytes. Each mode prints what it counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define BUFFER (4 << 20)
#define TAIL 52

struct head { uint32_t calls, packets, size, gap_us; };
struct call { uint32_t source, port; };
struct came { uint32_t call, none; int64_t ns; uint8_t tail[TAIL]; } __attribute__((packed));

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) { perror(what); exit(1); }

static struct sockaddr_in place(uint32_t ip, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = ip;
  return a;
}

static int udp(void) {
  int size = BUFFER, s = socket(AF_INET, SOCK_DGRAM, 0);
  if (s < 0) fail("socket");
  setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return s;
}

static void echo(uint32_t ip, int port, double seconds) {
  static char data[BATCH][2048];
  static struct sockaddr_in names[BATCH];
  struct mmsghdr m[BATCH];
  struct iovec part[BATCH];
  struct timeval wait = {0, 100000};
  struct sockaddr_in a = place(ip, port);
  int s = udp();
  long in = 0, out = 0;
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  if (bind(s, (void *)&a, sizeof a)) fail("bind");
  puts("ready");
  fflush(stdout);
  for (int64_t end = now_ns() + (int64_t)(seconds * 1e9); now_ns() < end;) {
    memset(m, 0, sizeof m);
    for (int i = 0; i < BATCH; i++) {
      part[i] = (struct iovec){data[i], sizeof data[i]};
      m[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &part[i], .msg_iovlen = 1};
    }
    int got = recvmmsg(s, m, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) part[i].iov_len = m[i].msg_len;
    in += got > 0 ? got : 0;
    for (int sent = 0, k; sent < got; sent += k) {
      k = sendmmsg(s, m + sent, got - sent, 0);
      if (k <= 0) break;
      out += k;
    }
  }
  printf("%ld %ld\n", in, out);
}

static void flood(uint32_t ip, int port, double seconds, int s) {
  static uint8_t data[BATCH][2048];
  struct mmsghdr m[BATCH];
  struct iovec part[BATCH];
  struct sockaddr_in a = place(ip, port);
  size_t size = fread(data[0], 1, sizeof data[0], stdin);
  static uint8_t back[BATCH][2048];
  struct mmsghdr r[BATCH];
  struct iovec room[BATCH];
  long sent = 0, got = 0;
  if (s < 0) s = udp();
  memset(m, 0, sizeof m);
  memset(r, 0, sizeof r);
  for (int i = 0; i < BATCH; i++) {
    room[i] = (struct iovec){back[i], sizeof back[i]};
    r[i].msg_hdr = (struct msghdr){.msg_iov = &room[i], .msg_iovlen = 1};
  }
  for (int i = 0; i < BATCH; i++) {
    memcpy(data[i], data[0], size);
    part[i] = (struct iovec){data[i], size};
    m[i].msg_hdr = (struct msghdr){.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &part[i], .msg_iovlen = 1};
  }
  for (int64_t end = now_ns() + (int64_t)(seconds * 1e9); now_ns() < end;) {
    int k = sendmmsg(s, m, BATCH, MSG_DONTWAIT);
    sent += k > 0 ? k : 0;
    while ((k = recvmmsg(s, r, BATCH, MSG_DONTWAIT, NULL)) > 0) got += k;
  }
  printf("%ld %ld\n", sent, got);
}

/* Up to BATCH datagrams with the first byte of RTP and new last bytes each (xorshift64). Returns how many left. */
static int noise(int s, struct sockaddr_in *to, int count, size_t size) {
  static uint8_t data[BATCH][2048];
  static uint64_t dice = 88172645463325252ULL;
  struct mmsghdr m[BATCH];
  struct iovec part[BATCH];
  memset(m, 0, sizeof m);
  for (int i = 0; i < count; i++) {
    data[i][0] = 0x80;
    for (int b = 0; b < 2; b++) {
      dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
      memcpy(data[i] + size - 16 + 8 * b, &dice, 8);
    }
    part[i] = (struct iovec){data[i], size};
    m[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &part[i], .msg_iovlen = 1};
  }
  int k = sendmmsg(s, m, count, MSG_DONTWAIT);
  return k > 0 ? k : 0;
}

static void calls(uint32_t ip, const char *file, const char *to, double rate) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct head h;
  FILE *f = fopen(file, "rb");
  if (!f || fread(&h, sizeof h, 1, f) != 1) fail(file);
  struct call *c = calloc(h.calls, sizeof *c);
  size_t bytes = (size_t)h.calls * h.packets * h.size;
  uint8_t *data = malloc(bytes);
  int *s = calloc(h.calls, sizeof *s);
  size_t room = (size_t)h.calls * h.packets * 2, got = 0;
  struct came *came = malloc(room * sizeof *came);
  memset(came, 1, room * sizeof *came); /* touched now, not while the clock runs */
  if (!c || !data || !s || fread(c, sizeof *c, h.calls, f) != h.calls || fread(data, 1, bytes, f) != bytes) fail(file);
  int e = epoll_create1(0);
  for (uint32_t i = 0; i < h.calls; i++) {
    struct sockaddr_in from = place(c[i].source, 0), far = place(ip, c[i].port);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    s[i] = udp();
    if (bind(s[i], (void *)&from, sizeof from) || connect(s[i], (void *)&far, sizeof far)) fail("connect");
    if (epoll_ctl(e, EPOLL_CTL_ADD, s[i], &event)) fail("epoll");
  }
  struct sockaddr_in target = place(ip, c[0].port);
  int loud = udp();
  long noisy = 0;
  uint64_t total = (uint64_t)h.calls * h.packets, next = 0, sent = 0;
  int64_t late_max = 0, gap_ns = h.gap_us * 1000LL, start = now_ns() + 1000000;
  int64_t over = start + gap_ns * h.packets + 600000000; /* what is still due may come */
  static uint8_t in[2048];
  struct epoll_event ready[256];
  for (int64_t now; (now = now_ns()) < over;) {
    /* call i's n-th datagram is due at n gaps and i-th of a gap: evenly spread */
    for (int burst = 0; next < total && burst < BATCH; burst++, next++) {
      uint64_t n = next / h.calls, i = next % h.calls;
      int64_t due = start + gap_ns * (int64_t)n + gap_ns * (int64_t)i / h.calls;
      if (due > now) break;
      if (now - due > late_max) late_max = now - due;
      sent += send(s[i], data + next * h.size, h.size, MSG_DONTWAIT) == (ssize_t)h.size;
    }
    double due_noise = (now < over - 600000000 ? now - start : over - 600000000 - start) / 1e9 * rate - noisy;
    if (due_noise >= 1) noisy += noise(loud, &target, due_noise > BATCH ? BATCH : (int)due_noise, h.size);
    int k = epoll_wait(e, ready, 256, 0);
    now = now_ns();
    for (int j = 0; j < k; j++) {
      uint32_t i = ready[j].data.u32;
      ssize_t size = recv(s[i], in, sizeof in, MSG_DONTWAIT);
      if (size < TAIL || got == room) continue;
      came[got] = (struct came){.call = i, .ns = now - (start + gap_ns * (int64_t)i / h.calls)};
      memcpy(came[got++].tail, in + size - TAIL, TAIL);
    }
  }
  FILE *o = fopen(to, "wb");
  if (!o || fwrite(came, sizeof *came, got, o) != got || fclose(o)) fail(to);
  printf("%lu %ld %.3f\n", (unsigned long)sent, noisy, late_max / 1e6);
}

int main(int count, char **word) {
  if (count < 5) return 2;
  uint32_t ip = inet_addr(word[2]);
  if (!strcmp(word[1], "echo")) echo(ip, atoi(word[3]), atof(word[4]));
  else if (!strcmp(word[1], "flood") && count == 6) flood(ip, atoi(word[3]), atof(word[4]), atoi(word[5]));
  else if (!strcmp(word[1], "calls") && count == 6) calls(ip, word[3], word[4], atof(word[5]));
  else return 2;
  return 0;
}
