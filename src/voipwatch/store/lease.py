"""One writer to a store that many machines can reach: a lease in the store itself, which runs out by itself.

A server knows no lock that dies with its holder, and has no compare-and-set. So whoever wants to write
says so first and looks afterwards: he inserts his claim, then reads all claims, and goes on only where no
other one is alive. Of two at the same moment at least one sees the other, since an insert that has
returned is seen by every later query of the same server; both may see each other, and then neither goes
on (Lamport's bakery without its queue: `voipwatch serve` tries again). Times are the server's.

A lease dies in three ways: it is given back; it runs out `LEASE_S` after its last renewal, so that a
keeper that was killed is followed within that time; or its holder finds that he could not renew it in
time, after which he writes nothing any more and has to open the store again, for another may have worked
on it meanwhile.

A lease is of the whole store, or of named parts of the work, such as `loader-03`: two are against each other
where they share a name, or where one has none.

What it does not do: a statement that is on its way when its sender stops for longer than the lease is
still carried out. Then the ledger and its tokens are what is left (`segments`). It holds on one server,
and not over replicas.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa

from voipwatch.store.engine import Engine, Parameters
from voipwatch.store.errors import StoreError
from voipwatch.store.migrate import scripts, statements, version_of

LEASE_S: Final = 45.0
"""Longer than any pause of a healthy machine; shorter than the patience of `serve` at its start (90 s)."""
RENEW_S: Final = 10.0
MARGIN_S: Final = 5.0
"""Its holder counts it as over so much earlier: for the rates of two clocks and the way back of an answer."""
MIGRATIONS: Final = (2, 4)
"""The scripts that make the table."""
_CLAIM: Final = (
    "INSERT INTO leases (holder, who, names, until, version) SELECT {holder:String}, {who:String}, "
    "{names:Array(String)}, "
    "now64(3, 'UTC') + toIntervalMillisecond({ms:UInt32}), {version:UInt64}"
)
_OTHERS: Final = (
    "SELECT argMax(who, version) AS whose, argMax(until, version) AS ends FROM leases "
    "WHERE holder != {holder:String} "
    "AND (empty(names) OR empty({names:Array(String)}) OR hasAny(names, {names:Array(String)})) "
    "GROUP BY holder HAVING ends > now64(3, 'UTC') ORDER BY ends DESC"
)
_STANDS: Final = (
    "SELECT argMax(until, version) > now64(3, 'UTC') + toIntervalMillisecond({ms:UInt32}) AS stands "
    "FROM leases WHERE holder = {holder:String}"
)


def boot_time_s() -> float:
    """Seconds since this machine started, those of its sleep too, in which `time.monotonic` stands still."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux's
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Lease:
    """The right to write, from `take` to `release`. Methods raise StoreError."""

    def __init__(
        self,
        engine: Engine,
        *,
        holder: str,
        who: str,
        names: Sequence[str] = (),
        lease_s: float = LEASE_S,
        clock: Callable[[], float] = boot_time_s,
    ) -> None:
        """`holder`: drawn by lot; `who`: what others are told; `names`: of what it is, empty: of all."""
        self._engine = engine
        self._holder, self._who, self._names = holder, who, list(names)
        self._lease_s = lease_s
        self._clock = clock
        self._lock = threading.Lock()
        self._version = 0
        self._safe_until = float("-inf")

    def take(self) -> None:
        """Take it. Raises StoreError `locked`, with who has it."""
        with self._lock:
            if version_of(self._engine) < max(MIGRATIONS):
                self._make_table()
            asked = self._clock()
            self._claim(self._lease_s)
            about = {"holder": self._holder, "names": self._names}
            others = self._engine.select(_OTHERS, about)["whose"].to_pylist()
            if others:
                self._claim(0.0)
                raise StoreError("locked", str(others[0]))
            self._safe_until = asked + self._lease_s - MARGIN_S

    def renew(self) -> None:
        """Make it last again. Raises StoreError `lost` where it is too late for that."""
        with self._lock:
            asked = self._clock()
            self._require(asked)
            about = {"holder": self._holder, "ms": int(MARGIN_S * 1000)}
            if not self._engine.select(_STANDS, about)["stands"][0].as_py():
                self._safe_until = float(
                    "-inf"
                )  # by the server's clock it ran out, and another may have come
                raise StoreError("lost")
            self._claim(self._lease_s)
            self._require(self._clock())
            self._safe_until = asked + self._lease_s - MARGIN_S

    def require(self) -> None:
        """Raises StoreError `lost` unless it surely holds at this moment."""
        self._require(self._clock())

    def release(self) -> None:
        """Give it back. Where the server does not answer it runs out by itself."""
        with self._lock:
            if self._safe_until > self._clock():
                with contextlib.suppress(StoreError):
                    self._claim(0.0)
            self._safe_until = float("-inf")

    def _make_table(self) -> None:
        for number in MIGRATIONS:
            _, text = scripts()[number]
            for statement in statements(text):
                self._engine.command(statement)

    def _require(self, now_s: float) -> None:
        if now_s >= self._safe_until:
            self._safe_until = float("-inf")
            raise StoreError("lost")

    def _claim(self, lease_s: float) -> None:
        self._version += 1
        self._engine.command(
            _CLAIM,
            {
                "holder": self._holder,
                "who": self._who,
                "names": self._names,
                "ms": int(lease_s * 1000),
                "version": self._version,
            },
        )


class Renewal:
    """Renews a lease in a thread of its own, whatever its holder is busy with."""

    def __init__(self, lease: Lease, *, every_s: float = RENEW_S) -> None:
        self._lease = lease
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="lease")
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._lease.renew()
            except (
                StoreError
            ) as error:  # the server is away: tried again; the holder's next statement tells him
                if error.reason == "lost":
                    return

    def end(self) -> None:
        """No renewal after this."""
        self._ended.set()
        self._thread.join()


class Leased:
    """An engine that writes only while its lease holds."""

    writable = True

    def __init__(self, engine: Engine, lease: Lease) -> None:
        self._engine = engine
        self._lease = lease
        self.cluster = engine.cluster

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `Engine.select`; whoever reads needs no lease."""
        return self._engine.select(sql, parameters)

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """As `Engine.command`."""
        self._lease.require()
        self._engine.command(sql, parameters)

    def insert(self, table: str, rows: pa.Table, token: str = "") -> None:
        """As `Engine.insert`."""
        self._lease.require()
        self._engine.insert(table, rows, token)

    def export_native(self, sql: str, parameters: Parameters | None = None) -> bytes:
        """As `Engine.export_native`."""
        return self._engine.export_native(sql, parameters)

    def insert_native(self, table: str, blocks: bytes) -> None:
        """As `Engine.insert_native`."""
        self._lease.require()
        self._engine.insert_native(table, blocks)

    def close(self) -> None:
        """As `Engine.close`."""
        self._engine.close()
