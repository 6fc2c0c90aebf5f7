"""The canary: what this reflector's own network sees of the providers' servers, for a probe to compare.

Asked by id of the packaged target list and by nothing else: no name and no address comes from a caller, so
that nobody can make the reflector ask for anything. Looks are kept for ten minutes, shared by whoever asks,
bounded in number and rate, and made in threads of their own.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from voipwatch.apps.targets import Target, TargetSet
from voipwatch.experiment.events import CanaryView

SCHEMA: Final = "voipwatch.reach/1"
KEPT_S: Final = 600.0
FRESH_MIN_S: Final = 1.0
"""Nobody can ask for a fresher look than this."""
ANSWER_S: Final = 7.0
"""A request waits this long for its looks; what is not seen by then is left out."""
IDS_MAX: Final = 32
WORKERS: Final = 8
LOOKS_PER_S: Final = 4.0
LOOKS_BURST: Final = 128
"""All callers together: a check of every app looks at some thirty servers, once or twice."""
SITE_REQUESTS: Final = 12
SITE_S: Final = 60.0
"""One /24 or /56 may ask this often in this time: a check asks two to four times."""
SITES_MAX: Final = 4096

Look = Callable[[Target], CanaryView]


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    view: CanaryView


class ReachDesk:
    """Looks at targets when asked. `targets` is called at every request: the list ends on a day."""

    def __init__(self, targets: Callable[[], TargetSet], look: Look) -> None:
        self._targets = targets
        self._look = look
        self._pool: ThreadPoolExecutor | None = None
        self._seen: dict[str, _Seen] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._tokens = float(LOOKS_BURST)
        self._filled_at: float | None = None
        self._sites: dict[str, tuple[float, int]] = {}

    async def answer(self, ids: Sequence[str], max_age_s: float, ip: str) -> dict[str, object] | None:
        """The answer's document; None when the caller asks too often. Unknown ids are left out of it."""
        loop = asyncio.get_running_loop()
        if not self._grant_site(ip, loop.time()):
            return None
        targets = self._targets()
        wanted = [t for i in dict.fromkeys(ids[:IDS_MAX]) if (t := targets.get(i)) is not None]
        oldest = loop.time() - min(max(max_age_s, FRESH_MIN_S), KEPT_S)
        waiting = [task for t in wanted if (task := self._begin(t, oldest, loop.time())) is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=ANSWER_S)
        now = loop.time()
        views = {
            t.id: {
                "resolved": list(seen.view.resolved),
                "alive": list(seen.view.alive),
                "age_s": round(now - seen.at, 3),
            }
            for t in wanted
            if (seen := self._seen.get(t.id)) is not None and now - seen.at <= KEPT_S
        }
        return {"schema": SCHEMA, "digest": targets.digest, "targets": views}

    def close(self) -> None:
        """Begin no more looks."""
        for task in self._under_way.values():
            task.cancel()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, target: Target, oldest: float, now: float) -> "asyncio.Task[None] | None":
        """The look that will tell, None where a kept one does, or where there may be no more looks."""
        seen = self._seen.get(target.id)
        if seen is not None and seen.at >= oldest:
            return None
        task = self._under_way.get(target.id)
        if task is None:
            if not self._grant_look(now):
                return None
            task = asyncio.get_running_loop().create_task(self._see(target))
            self._under_way[target.id] = task
            task.add_done_callback(lambda _: self._under_way.pop(target.id, None))
        return task

    async def _see(self, target: Target) -> None:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="reach")
        view = await loop.run_in_executor(self._pool, self._look, target)
        # Ids are those of the packaged list, so that this cannot grow.
        self._seen[target.id] = _Seen(loop.time(), view)

    def _grant_look(self, now: float) -> bool:
        passed = 0.0 if self._filled_at is None else now - self._filled_at
        self._filled_at = now
        self._tokens = min(LOOKS_BURST, self._tokens + passed * LOOKS_PER_S)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _grant_site(self, ip: str, now: float) -> bool:
        site = site_of(ip)
        since, count = self._sites.get(site, (now, 0))
        if now - since >= SITE_S:
            since, count = now, 0
        if site not in self._sites and len(self._sites) >= SITES_MAX:
            self._sites = {s: v for s, v in self._sites.items() if now - v[0] < SITE_S}
            if len(self._sites) >= SITES_MAX:
                return False
        self._sites[site] = (since, count + 1)
        return count < SITE_REQUESTS


def site_of(ip: str) -> str:
    """The /24 or /56 of an address; what is none stands for itself."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    return str(ip_network((address, 24 if address.version == 4 else 56), strict=False))
