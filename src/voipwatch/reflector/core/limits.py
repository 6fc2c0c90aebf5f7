"""Every bound of the reflector's core, so that no caller can make its memory or traffic grow."""

from typing import Final

TICKETS_LIVE_MAX: Final = 4096
"""One in sixteen numbers: random bytes name a live ticket that rarely, which keeps garbage cheap."""
TICKETS_SITE_MAX: Final = 64
"""Unused tickets of one /24 or /48: who asks for more gives up the oldest of them."""
TICKETS_BATCH_MAX: Final = 8
PRIVATE_LIVE_MAX: Final = 64
"""Live tickets with a private profile, some 100 kB each."""
PRIVATE_SITE_MAX: Final = 4
"""Of one /24 or /48; the oldest unused one gives way."""
TICKET_S: Final = 7 * 86_400
"""A ticket may wait this long on the probe's disk."""
SESSION_S: Final = 3600.0
"""From a ticket's first use: the longest check takes minutes."""
LOG_S: Final = 7200.0
"""From a ticket's first use: how long its log may be fetched, then all of it is forgotten."""
TICKET_BYTES_MAX: Final = 64 << 20
"""Both ways; a check of 14 apps with video and the default budget needs about 30 MB."""

PREFIX_S: Final = 3600.0
PREFIX_TICKETS_MAX: Final = 256
"""Tickets an hour to one /24 or /56: a carrier's NAT puts many people behind one address."""
PREFIX_BYTES_MAX: Final = 1 << 30
PREFIXES_MAX: Final = 8192

FLOWS_MAX: Final = 2048
"""Flows a session: 14 apps with four arms and 32 replicates are 1,792."""
FLOWS_TOTAL_MAX: Final = 200_000
"""Flows of all sessions, about 2 kB each once their script is dropped."""
REST_S: Final = 90.0
"""A flow unheard for this long rests: its script is dropped (the longest media is 60 s)."""
SOURCES_MAX: Final = 16
"""Source addresses a session, and source endpoints a flow."""
SESSION_PACKETS_MAX: Final = 200_000
PACKETS_MAX: Final = 8_000_000
"""Logged packets of all sessions, about 18 bytes each."""
UNPROVED_FLOWS_MAX: Final = 4
UNPROVED_WAIT_S: Final = 3.0
UNPROVED_QUEUE_MAX: Final = 64
"""Datagrams that wait for a proof, a session."""

NEIGHBOURS_MAX: Final = 16
"""Sessions that one datagram of garbage is counted for: what it costs is bounded."""

SILENCE_S: Final = 2.0
"""Downlink media stops when nothing authenticated of the session arrived for this long."""
LATE_SEND_S: Final = 0.5
"""A media packet that is later than this (the machine slept) is not sent at all."""
TCP_ANSWERS_MAX: Final = 4
"""Answers to one trial: a hello that somebody replays is answered no more often."""
TCP_TRIALS_MAX: Final = 64
LOG_FETCHES_MAX: Final = 32
HOUSEKEEPING_S: Final = 60.0
