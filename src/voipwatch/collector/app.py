"""The collector's HTTP interface: one ASGI application (ASGI 3.0), five routes, every bound checked in order.

    POST   /api/v1/reports        one submission or an array of them
    DELETE /api/v1/reports/{id}   with the report's deletion key
    POST   /api/v1/enrolments     a token for a pseudonym and its month
    GET    /api/v1/health
    GET    /api/v1/openapi.json

Nothing about a sender is logged. His address lives in `Sender`, which lives as long as his request.
"""

import math
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from voipwatch.collector.body import GONE, Body, BodyError, Limits, discard_body, read_body
from voipwatch.collector.daykey import SharedHasher
from voipwatch.collector.desk import Committer, Desk, DeskFullError
from voipwatch.collector.geo import GeoSource
from voipwatch.collector.inflate import ENCODINGS
from voipwatch.collector.intake import INTERNAL, Accepted, Circumstances, Refused, Rules
from voipwatch.collector.judges import Judges
from voipwatch.collector.keys import Signer
from voipwatch.collector.limits import CARRIER_FACTOR, Buckets, Room
from voipwatch.collector.metrics import Metrics
from voipwatch.collector.openapi import openapi_document
from voipwatch.collector.opening import UnreadableError
from voipwatch.collector.prefixes import PrefixHasher, PrefixKinds
from voipwatch.collector.requests import check_enrolment, read_deletion
from voipwatch.collector.schema import SchemaError
from voipwatch.collector.spool import SpoolError
from voipwatch.collector.stopword import StopWord
from voipwatch.collector.streaming.relay import StreamBehindError
from voipwatch.collector.worker import Judged, Request
from voipwatch.model.sessionclaims import RegisterAwayError
from voipwatch.model.submission import Enrolment, PrefixKind, ReportResult, ReportsAnswer, ResultStatus, Stop
from voipwatch.wire.forwarded import Network, is_proxy, sender_address

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REPORTS: Final = "/api/v1/reports"
ENROLMENTS: Final = "/api/v1/enrolments"
HEALTH: Final = "/api/v1/health"
OPENAPI: Final = "/api/v1/openapi.json"
BUSY_RETRY_S: Final = 5
FULL_RETRY_S: Final = 300
REGISTER_RETRY_S: Final = 30
STREAM_RETRY_S: Final = 30
LATER: Final = frozenset({429, 503, 507})
JSON: Final = (b"content-type", b"application/json")
LINES: Final = b"application/x-ndjson"
"""One submission a line: what hands on the reports of many need not open them."""
_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, while he does."""

    address: str
    port: int | None
    prefix: str
    day: str
    kind: PrefixKind

    @property
    def factor(self) -> float:
        """How many times a household's share he may use."""
        return CARRIER_FACTOR if self.kind is PrefixKind.CARRIER else 1.0


@dataclass(slots=True)
class Parts:
    """What the application works with; `Collector` puts it together."""

    desk: Desk
    committer: Committer
    judges: Judges
    rules: Rules
    signer: Signer
    stop: StopWord
    geo: GeoSource
    hasher: PrefixHasher | SharedHasher
    kinds: PrefixKinds
    metrics: Metrics
    clock: Callable[[], float]
    """Unix seconds."""
    limits: Limits
    reports: Buckets
    enrolments: Buckets
    room: Room
    proxies: tuple[Network, ...] = ()
    """Whose X-Forwarded-For is believed."""
    version: str = ""
    document: bytes = field(default_factory=lambda: _ENCODER.encode(openapi_document()))


class _AnswerError(Exception):
    """The request as a whole is not taken."""

    def __init__(
        self, status: int, code: str, reason: str, *, retry_s: float | None = None, allow: str = ""
    ) -> None:
        super().__init__(reason)
        self.allow = allow
        self.status = status
        self.code = code
        self.reason = reason
        self.retry_s = retry_s


class App:
    """The application. One event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        stop = self._parts.stop.current(self._parts.clock())
        try:
            status, content, headers = await self._served(scope, receive)
        except (_AnswerError, BodyError, UnreadableError) as error:
            if error.status == GONE:
                return
            if error.status == 413:
                await discard_body(receive, self._parts.limits)
            result = ReportResult(ResultStatus.REFUSED, code=error.code, reason=error.reason)
            status, content = error.status, _ENCODER.encode(ReportsAnswer([], result, stop))
            retry_s = getattr(error, "retry_s", None) or (BUSY_RETRY_S if status in LATER else None)
            headers = [] if retry_s is None else [(b"retry-after", b"%d" % math.ceil(retry_s))]
            if isinstance(error, _AnswerError) and error.allow:
                headers.append((b"allow", error.allow.encode()))
        self._parts.metrics.count("requests_total", str(status))
        length = (b"content-length", b"%d" % len(content))
        await send({"type": "http.response.start", "status": status, "headers": [JSON, length, *headers]})
        await send({"type": "http.response.body", "body": content})

    async def _served(self, scope: Scope, receive: Receive) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        try:
            return await self._route(scope, receive)
        except RegisterAwayError:
            raise _AnswerError(
                503,
                "register",
                "the register that collectors share does not answer: try again",
                retry_s=REGISTER_RETRY_S,
            ) from None

    async def _route(self, scope: Scope, receive: Receive) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        path, method = scope["path"], scope["method"]
        if path == REPORTS:
            _allow(method, "POST")
            status, content = await self._reports(scope, receive)
        elif path.startswith(f"{REPORTS}/"):
            _allow(method, "DELETE")
            status, content = await self._deletion(path[len(REPORTS) + 1 :], scope, receive)
        elif path == ENROLMENTS:
            _allow(method, "POST")
            status, content = await self._enrolment(scope, receive)
        elif path == HEALTH:
            _allow(method, "GET")
            status, content = 200, self._health()
        elif path == OPENAPI:
            _allow(method, "GET")
            status, content = 200, self._parts.document
        else:
            raise _AnswerError(404, "path", "there is nothing here; see /api/v1/openapi.json")
        return status, content, []

    # --- reports --------------------------------------------------------------------------------------------

    async def _reports(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        parts, now_s = self._parts, self._parts.clock()
        sender = await self._sender(scope, now_s)
        headers = dict(scope["headers"])
        encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
        if encoding not in ENCODINGS:
            raise _AnswerError(415, "encoding", f"one of {', '.join(ENCODINGS)} is understood")
        self._pay(parts.reports, sender, 1, now_s)
        if parts.committer.held >= parts.limits.waiting_max:
            raise _AnswerError(
                503, "busy", "more waits for the disk than is held: try again", retry_s=BUSY_RETRY_S
            )
        async with Body(parts.room, headers, parts.limits) as body:
            content = await read_body(body, receive)
            parts.metrics.count("body_bytes_total", by=len(content))
            lines = headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == LINES
            meant = b"via=explicit" in scope.get("query_string", b"").split(b"&")
            country, asn = parts.geo.find(sender.address)
            about = self._circumstances(sender, country, asn, via_meant=meant)
            judged = await parts.judges.judge(
                Request(content, encoding, about, now_s, lines),
                lambda more: self._pay(parts.reports, sender, more, parts.clock()),
            )
            results = await self._take(judged, sender, asn)
        for result in results:
            parts.metrics.count("reports_total", result.status.value)
            if result.status is ResultStatus.REFUSED:
                parts.metrics.count("refused_total", result.code)
        status = 200
        if judged.single and results[0].status is ResultStatus.REFUSED:
            if results[0].code == INTERNAL:  # no word about the report: it is not to be given up for that
                raise _AnswerError(503, INTERNAL, results[0].reason, retry_s=FULL_RETRY_S)
            status = 400 if results[0].code == "json" else 422
        answer = ReportsAnswer(results, stop=self._stop(now_s))
        return status, _ENCODER.encode(answer)

    def _circumstances(
        self, sender: Sender, country: str | None, asn: int | None, *, via_meant: bool
    ) -> Circumstances:
        return Circumstances(
            country=country,
            asn=asn,
            geo_version=self._parts.geo.version,
            prefix=sender.prefix,
            prefix_day=sender.day,
            prefix_kind=sender.kind,
            via_meant=via_meant,
        )

    async def _take(self, judged: Judged, sender: Sender, asn: int | None) -> list[ReportResult]:
        """One result each, in order. What is accepted is on disk when this returns."""
        accepted = [one for one in judged.results if isinstance(one, Accepted)]
        stored = iter(await self._store(accepted, sender, asn))
        return [_refusal(one) if isinstance(one, Refused) else next(stored) for one in judged.results]

    async def _store(self, accepted: list[Accepted], sender: Sender, asn: int | None) -> list[ReportResult]:
        parts = self._parts
        if not accepted:
            return []
        try:
            results = await parts.committer.submit(accepted)
        except DeskFullError:
            raise _AnswerError(
                503, "busy", "more waits for the disk than is held: try again", retry_s=BUSY_RETRY_S
            ) from None
        except StreamBehindError:
            # Its queue keeps it; the same report again is known, and is answered once the stream has it.
            raise _AnswerError(
                503,
                "stream",
                "the stream behind it takes nothing: try again",
                retry_s=STREAM_RETRY_S,
            ) from None
        except SpoolError as error:
            parts.metrics.count("groups_failed_total")
            status = 507 if error.full else 503
            reason = "the collector's disk is full" if error.full else "the collector's disk fails"
            raise _AnswerError(
                status, "disk", f"{reason}: nothing was kept, try again", retry_s=FULL_RETRY_S
            ) from None
        for item, result in zip(accepted, results, strict=True):
            if result.status is ResultStatus.ACCEPTED:
                parts.metrics.count("stored_bytes_total", by=len(item.intake.body))
                if item.intake.enrolled:
                    parts.kinds.observe(
                        sender.prefix, sender.day, asn=asn, pseudonym=item.pseudonym, port=sender.port
                    )
        return results

    # --- the smaller routes ---------------------------------------------------------------------------------

    async def _deletion(self, report_id: str, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        parts, now_s = self._parts, self._parts.clock()
        sender = await self._sender(scope, now_s)
        self._pay(parts.reports, sender, 1, now_s)
        async with Body(parts.room, dict(scope["headers"]), parts.limits.small()) as body:
            content = await read_body(body, receive)
        try:
            key = read_deletion(report_id, content)
        except SchemaError as error:
            raise _AnswerError(400, error.code, f"{error.field}: {error.reason}") from error
        try:
            done = await parts.committer.run(lambda: parts.desk.delete(report_id, key, now_s))
        except (SpoolError, OSError, sqlite3.Error):
            raise _AnswerError(
                503, "disk", "the collector's disk fails: try again", retry_s=FULL_RETRY_S
            ) from None
        parts.metrics.count("deletions_total", "unknown" if done is None else "done" if done else "refused")
        if done is None:
            raise _AnswerError(404, "unknown", "this collector has no such report")
        if not done:
            raise _AnswerError(403, "key", "not the deletion key of that report")
        return 200, _ENCODER.encode({"report_id": report_id, "deleted": True})

    async def _enrolment(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        parts, now_s = self._parts, self._parts.clock()
        sender = await self._sender(scope, now_s)
        async with Body(parts.room, dict(scope["headers"]), parts.limits.small()) as body:
            content = await read_body(body, receive)
        try:
            request = check_enrolment(content, now_s)
        except SchemaError as error:
            raise _AnswerError(422, error.code, f"{error.field}: {error.reason}") from error
        self._pay(parts.enrolments, sender, 1, now_s)
        token = parts.rules.enrolments.token(request.pseudonym, request.month)
        parts.metrics.count("enrolments_total")
        return 200, _ENCODER.encode(Enrolment(request.pseudonym, request.month, token, parts.signer.public))

    def _health(self) -> bytes:
        stop = self._stop(self._parts.clock())
        document = {
            "status": "ok" if stop is None else "stop",
            "version": self._parts.version,
            "collector": self._parts.signer.public,
            "reflectors": sorted(self._parts.rules.reflectors),
            "geo": self._parts.geo.version,
            "instance": self._parts.rules.instance,
            "stop": stop,
        }
        register = self._parts.desk.register
        if register is not None:
            document["register"] = "away" if register.away else "ok"
        return _ENCODER.encode(document)

    # --- the sender -----------------------------------------------------------------------------------------

    async def _sender(self, scope: Scope, now_s: float) -> Sender:
        """Raises RegisterAwayError where there is no key to hash his prefix with."""
        await self._parts.hasher.prepare(now_s)
        host, port = scope["client"] or ("0.0.0.0", 0)  # noqa: S104 -- the address of nobody
        address = sender_address(host, scope["headers"], self._parts.proxies)
        # A proxy's own port says nothing of the sender's.
        source_port = 0 if is_proxy(host, self._parts.proxies) else int(port)
        try:
            prefix, day = self._parts.hasher.hash(address, now_s)
        except ValueError:
            raise _AnswerError(400, "address", "X-Forwarded-For holds something that is no address") from None
        kind = self._parts.kinds.kind(address, prefix, day)
        return Sender(address, source_port or None, prefix, day, kind)

    def _pay(self, buckets: Buckets, sender: Sender, count: int, now_s: float) -> None:
        wait_s = buckets.take(sender.prefix, count, now_s, factor=sender.factor)
        if wait_s:
            raise _AnswerError(429, "rate", "too much from this network at once: try again", retry_s=wait_s)

    def _stop(self, now_s: float) -> Stop | None:
        return self._parts.stop.current(now_s)


def _allow(method: str, allowed: str) -> None:
    if method != allowed:
        # RFC 9110 section 15.5.6: a 405 names what is allowed
        raise _AnswerError(405, "method", f"only {allowed} is understood here", allow=allowed)


def _refusal(refused: Refused) -> ReportResult:
    return ReportResult(ResultStatus.REFUSED, code=refused.code, field=refused.field, reason=refused.reason)
