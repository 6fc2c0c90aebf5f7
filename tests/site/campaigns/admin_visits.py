"""Keepers of an instance for tests: enrolled, with the telephone at hand, and signed in."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.site.campaigns.calling import Answered, call
from tests.support.clock import Clock
from voipwatch.civic.keepers import form_token
from voipwatch.civic.onetime import STEP_S, code_at
from voipwatch.civic.roles import Role
from voipwatch.site.campaigns.admin.section import AdminSection
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Enrolment, Keepers

ADMIN = "/campaigns/en/admin/"


def secret_of(made: Enrolment) -> bytes:
    """What the authenticator took from the URI."""
    return base64.b32decode(parse_qs(urlsplit(made.uri).query)["secret"][0])


@dataclass
class Visit:
    """One person with a browser: keeps the cookie that is set, and sends it."""

    app: CampaignsApp
    clock: Clock
    made: Enrolment
    cookie: str = ""
    client: str = "192.0.2.1"
    last: Answered | None = field(default=None, repr=False)

    def code(self) -> str:
        """Of now."""
        return code_at(secret_of(self.made), int(self.clock.now_s) // STEP_S)

    def next_code(self) -> str:
        """The telephone's next one: time goes on."""
        self.clock.now_s += STEP_S
        return self.code()

    @property
    def token(self) -> str:
        return self.cookie.partition("=")[2]

    def get(self, below: str = "", *, query: str = "", lang: str = "en", **headers: str) -> Answered:
        return self._keep(
            call(
                self.app, "GET", f"/campaigns/{lang}/admin/{below}", query=query, client=self.client,
                **self._sent(headers),
            )
        )  # fmt: skip

    def post(self, below: str, form: dict[str, str] | None = None, **headers: str) -> Answered:
        """With the form token, unless the form has one."""
        fields = {"form": form_token(self.token), **(form or {})}
        return self._keep(
            call(self.app, "POST", f"{ADMIN}{below}", fields, client=self.client, **self._sent(headers))
        )

    def sign_in(self, **changes: str) -> Answered:
        form = {"name": self.made.name, "passphrase": self.made.passphrase, "code": self.code(), **changes}
        return self.post("signin", form)

    def _sent(self, headers: dict[str, str]) -> dict[str, Any]:
        return ({"cookie": self.cookie} if self.cookie else {}) | headers

    def _keep(self, told: Answered) -> Answered:
        given = told.headers.get("set-cookie", "")
        if given:
            self.cookie = "" if "Max-Age=0" in given else given.partition(";")[0]
        self.last = told
        return told


def admin_app(desk: Desk, clock: Clock) -> CampaignsApp:
    """The application with the section; who has to wait waits in virtual time."""

    async def pause(seconds: float) -> None:
        clock.now_s += seconds

    return CampaignsApp(desk, clock, {"admin": AdminSection(desk, pause=pause)})


def enrolled(desk: Desk, clock: Clock, role: Role = Role.KEEPER, name: str = "amina") -> Enrolment:
    return Keepers(desk, "root").add(name, role, now_s=int(clock.now_s))


def signed_in(app: CampaignsApp, clock: Clock, role: Role = Role.KEEPER) -> Visit:
    """Somebody of that role, from a network of his own."""
    number = list(Role).index(role)
    visit = Visit(app, clock, enrolled(app.desk, clock, role, f"a-{role}"), client=f"198.51.{number}.1")
    assert visit.sign_in().status == 303
    return visit


def texts_of(page: Answered) -> str:
    """Without markup."""
    return re.sub(r"<[^>]+>", " ", page.text)
