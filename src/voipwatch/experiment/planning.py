"""What a check is going to ask: sessions, legs, kinds, mutants and TCP trials, from the profiles.

Every choice that is free (order of arms, neutral port) is drawn from the check's seed by keyed
hashing, so that a run can be repeated and a middlebox cannot learn one fixed order.
"""

from collections.abc import Iterator
from hashlib import blake2b
from math import ceil, log2

from voipwatch.apps import Profile, ProfileSet, Script, kind_table, mutant_kinds
from voipwatch.apps.mediamutants import RTP_MUTANTS, RTP_NUMBERING
from voipwatch.apps.mutants import HALVING, asks_about
from voipwatch.apps.ports import well_known_ports
from voipwatch.apps.profile import Leg as ProfileLeg
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.events import ReflectorSession
from voipwatch.experiment.leg_plan import FIRST_BLOCKS, FIRST_BLOCKS_MIN, REPEAT_BLOCKS, LegPlan
from voipwatch.experiment.loudness import blocks_with_loud
from voipwatch.experiment.questions.leg import Leg
from voipwatch.experiment.questions.ports import Ports
from voipwatch.experiment.session import Session
from voipwatch.experiment.thin import voice_rate
from voipwatch.model.flows import HELD_REPLICATES, MUTANT_FORMAT, FlowKind
from voipwatch.model.ruleset import BLOCKS, THROTTLE_ALPHA
from voipwatch.model.vocabulary import LINE, Arm, Media, Stage

HYPOTHESES_PER_APP = 2 * 3
"""Directions x metrics, for each kind of media at each reflector: the family that the judge divides by."""
RESERVE = 1.5
"""Most plans can then lose a block and still make a claim; one app alone keeps the default."""
SCOUTED_FROM = 3
"""More apps than these are scouted first: a few are cheap enough without."""
UNUSED_ON_DEAD_LINE = 5
"""Unused ports asked beside a well-known one where the warm-up was not heard."""
ARMS = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)
DIRECT_ARMS = (Arm.A, Arm.C)
"""A peer's port is anybody's: a dead one says nothing of the app, so nothing is asked on another."""


def blocks_wanted(apps: int, *, media: int = 1, reflectors: int = 1) -> int:
    """Matched blocks so that the smallest sign-flip p (2**-n) passes Holm's first step in the whole check."""
    tests = HYPOTHESES_PER_APP * max(1, apps) * max(1, media) * max(1, reflectors)
    return max(BLOCKS, ceil(log2(RESERVE * tests / THROTTLE_ALPHA)))


class Planner:
    """Reads profiles and options; holds no state of a running check."""

    def __init__(self, config: CheckConfig, profiles: ProfileSet, seed: bytes) -> None:
        self._config = config
        self._profiles = profiles
        self._seed = seed
        self._kinds = kind_table(profiles)
        self._reflectors = 1
        self._loud_blocks: dict[tuple[int, FlowKind, int], int] = {}
        self._by_reflector: dict[int, Session] = {}

    def draw(self, purpose: str) -> int:
        """A number of 64 bits that the seed gives for a purpose."""
        digest = blake2b(purpose.encode(), key=self._seed[:64], person=b"vw-plan", digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def sessions(self, reflectors: list[ReflectorSession]) -> list[Session]:
        """One session for every reflector that gave a ticket and plays the same profiles."""
        self._reflectors = len(reflectors)  # the judge divides by all, those that failed too
        out = []
        for index, offered in enumerate(reflectors):
            offer = offered.offer
            if offer is None or offered.ticket is None or not offer.neutral_ports:
                continue
            neutral = offer.neutral_ports[self.draw(f"neutral {index}") % len(offer.neutral_ports)]
            mutants = mutant_kinds(self._profiles, min(max(0, offer.mutants), MUTANT_FORMAT))
            out.append(Session(index, self._profiles, self._kinds, offered, neutral, mutants=mutants))
        self._by_reflector = {session.reflector: session for session in out}
        return out

    def warmup_kind(self, session: Session) -> FlowKind:
        """The built-in warm-up kind; the same for every session."""
        return next(kind for kind in session.kinds if kind.app == LINE and kind.arm is Arm.W)

    def digests(self) -> dict[str, str]:
        """Digest of each profile that the check was asked to use."""
        return {p.id: p.digest for p in self._profiles.profiles if p.id in self._config.apps}

    def tcp_trials(self) -> dict[str, str]:
        """Name -> arm of the TCP trials of all apps: the messaging path (G), else fallbacks (F)."""
        trials: dict[str, str] = {}
        for profile in self._asked():
            for path in profile.fallbacks:
                trials.setdefault(path.name, "F")
            for path in profile.messaging:
                trials[path.name] = "G"
        if not trials:
            trials = {"tcp-443": "F", "tls-443": "F"}
        return trials

    def _asked(self) -> list[Profile]:
        return [p for app in self._config.apps if (p := self._profiles.get(app)) is not None]

    def _in_order(self) -> list[Profile]:
        """The profiles asked for, in the seed's order."""
        return sorted(self._asked(), key=lambda profile: self.draw(f"order {profile.id}"))

    def not_tested(self) -> dict[str, list[str]]:
        """By app: what a replay cannot show, and what this check was not asked to do."""
        out: dict[str, list[str]] = {}
        for app in self._config.apps:
            profile = self._profiles.get(app)
            if profile is None:
                out[app] = ["no-profile"]
                continue
            out[app] = list(profile.not_testable)
            for dialect in profile.dialects:
                if dialect.id != profile.default_dialect:
                    heard = any(leg.run and leg.rounds for leg in profile.legs if dialect.id in leg.dialects)
                    out[app].append(f"dialect-{dialect.id}-media" if heard else f"dialect-{dialect.id}")
            out[app] += [f"leg-{leg.id}" for leg in profile.legs if not leg.run]
            if not self._config.video:
                out[app].append("video")
            if not self._config.long:
                out[app].append("longer-call")
            out[app] = list(dict.fromkeys(out[app]))
        return out

    def with_direct_legs(self) -> set[str]:
        """The apps asked for whose profile has a direct leg that is run."""
        return {p.id for p in self._asked() if any(leg.run and p.is_direct(leg) for leg in p.legs)}

    def preparation(self, sessions: list[Session]) -> Iterator[None]:
        """Compiles, one at a step, the scripts that the legs will want: half a millisecond each.

        Done while the warm-up runs, so that no packet of a call waits for it later.
        """
        most = max(BLOCKS + FIRST_BLOCKS, self._blocks())
        for replicate in (*range(most), HELD_REPLICATES[0]):
            for session in sessions:
                for profile in self._asked():
                    for leg in profile.legs:
                        for plan in self._plans(session, profile, leg) if leg.run else []:
                            if plan.brief and replicate >= FIRST_BLOCKS + REPEAT_BLOCKS:
                                continue
                            for kind in plan.kinds.values():
                                session.script(kind, replicate)
                                yield

    def _blocks(self) -> int:
        """Matched blocks of each leg: as many as the family of tests needs, or more where asked for."""
        media = 1 + self._config.video
        needed = blocks_wanted(len(self._config.apps), media=media, reflectors=self._reflectors)
        return max(needed, self._config.blocks)

    def _enough_blocks(self, session: Session, kind: FlowKind) -> int:
        """So many that as many as the tests need are loud."""
        wanted = self._blocks()
        key = (session.reflector, kind, wanted)
        if kind.media is not Media.NONE and key not in self._loud_blocks:
            self._loud_blocks[key] = blocks_with_loud(
                lambda replicate: session.script(kind, replicate), wanted
            )
        return self._loud_blocks.get(key, wanted)

    def mutants(self, app: str, leg: str, stage: Stage, session: Session) -> list[FlowKind]:
        """The mutants of an app's leg that ask about a dead stage, for the trigger question. Of many apps a
        label is asked for and no property: where all are dead, halving each would double the check.
        """
        left_out = HALVING if len(self._asked()) > SCOUTED_FROM else ()
        return [
            kind
            for kind in (*session.kinds, *session.mutants)
            if (kind.app, kind.leg, kind.arm) == (app, leg, Arm.D)
            and kind.mutant not in left_out
            and asks_about(kind, stage)
            and session.serves(session.script(kind, 0))
        ]

    def ports(self, app: str, session: Session, *, line_dead: bool = False) -> Ports:
        """The question which other ports are dead beside the app's own; of a line on which nothing came back,
        whether a well-known one lives, with a few unused ones.

        Ports of apps asked for have their own arms. Kinds of apps asked for come last: a leg with very many
        blocks might play them itself.
        """
        asked = set(self._config.apps)
        bare = [
            kind
            for kind in session.kinds
            if kind.app != LINE and kind.media is Media.NONE and not session.script(kind, 0).early_rounds
        ]
        own = {session.script(k, 0).port for k in session.kinds if k.app in asked}
        of_apps = {
            session.script(kind, 0).port: kind
            for kind in reversed(bare)
            if kind.arm is Arm.C and kind.app not in asked and session.serves(session.script(kind, 0))
        }
        anywhere = [k for k in bare if k.arm is Arm.C_NEUTRAL and session.serves(session.script(k, 0))]
        unused = [port for port in session.unused_ports if port != session.neutral_port]
        unused.sort(key=lambda port: self.draw(f"ports {session.reflector} {port}"))
        if line_dead:
            unused = unused[:UNUSED_ON_DEAD_LINE]
            of_apps = {port: kind for port, kind in of_apps.items() if port in well_known_ports}
        return Ports(
            app,
            session.reflector,
            kinds=sorted(anywhere, key=lambda k: (k.app in asked, session.script(k, 0).bytes_up)),
            neutral=unused,
            of_apps=[(port, kind) for port, kind in of_apps.items() if port is not None and port not in own],
        )

    def media_mutants(self, plan: LegPlan) -> list[FlowKind]:
        """The mutants of a leg's media. Of many apps the one that names a label, no other property."""
        left_out = set(RTP_MUTANTS) - {RTP_NUMBERING} if len(self._asked()) > SCOUTED_FROM else set()
        session = self._by_reflector[plan.reflector]
        return [
            kind
            for kind in session.mutants
            if (kind.app, kind.leg, kind.media) == (plan.app, plan.leg, plan.media)
            and kind.mutant in RTP_MUTANTS
            and kind.mutant not in left_out
            and session.serves(session.script(kind, 0))
        ]

    def rates(self, script: Script) -> tuple[float, float]:
        """Planned IP bytes a second (up, down) while the script's media runs."""
        seconds = max(script.media_s, 1.0)
        return script.bytes_up / seconds, script.bytes_down / seconds

    def voice_rate(self, plan: LegPlan) -> float:
        """IP bytes a second of a leg's media, the busier way, the mean over its blocks; 0 without media."""
        if plan.media is Media.NONE or Arm.A not in plan.kinds:
            return 0.0
        session = self._by_reflector[plan.reflector]
        return voice_rate([session.script(plan.kinds[Arm.A], n) for n in range(plan.blocks)])

    def legs(self, sessions: list[Session]) -> list[Leg]:
        """Every leg to run with its share of its app's budget; of one app those first that decide it."""
        out: list[Leg] = []
        for session in sessions:
            for profile in self._in_order():
                runs = [leg for leg in profile.legs if leg.run]
                plans = [plan for leg in runs for plan in self._plans(session, profile, leg)]
                own = self._budgeted(plans, self._config.budget_bytes // len(sessions))
                out += sorted(own, key=lambda leg: leg.plan.secondary)
        return out

    def _budgeted(self, plans: list[LegPlan], left: int) -> list[Leg]:
        """An app's legs and their budgets: first what is light, then the direct legs, then the rest."""
        own: list[Leg] = []
        for plan in (plan for plan in plans if plan.light and not plan.relay):
            planned = plan.first_bytes()
            own.append(Leg(plan, min(left, 2 * planned)))
            left -= planned
        heavy = [plan for plan in plans if not plan.light]
        needed = sum(2 * plan.first_bytes(FIRST_BLOCKS_MIN) for plan in heavy)
        blocks = FIRST_BLOCKS_MIN if len(self._asked()) > SCOUTED_FROM else FIRST_BLOCKS
        for plan in (plan for plan in plans if plan.relay):
            # The repeat is set aside too: where a direct leg is dead the relay's goes on, nothing is saved.
            first, whole = plan.first_bytes(blocks), plan.first_bytes(blocks + REPEAT_BLOCKS)
            paid = left - whole >= needed
            own.append(Leg(plan, 2 * first if paid else 0))
            left -= whole if paid else 0
        return [*own, *(Leg(plan, max(0, left // len(heavy))) for plan in heavy)]

    def scouts(self, sessions: list[Session]) -> list[LegPlan]:
        """The set-up alone of each app's first leg that has one; empty for a check of few apps."""
        if len(self._asked()) <= SCOUTED_FROM:
            return []
        found = []
        for session in sessions:
            for profile in self._in_order():
                fit = [each for each in profile.legs if self._has_set_up(profile, each)]
                # A leg that carries media says more of a call than a test of ports.
                leg = min(fit, key=lambda each: not each.media, default=None)
                kinds = {
                    kind.arm: kind
                    for kind in session.kinds
                    if leg is not None
                    and (kind.app, kind.leg, kind.dialect, kind.media)
                    == (profile.id, leg.id, profile.default_dialect, Media.NONE)
                    and kind.arm in ARMS
                    and session.serves(session.script(kind, 0))
                }
                if {Arm.A, Arm.C} <= kinds.keys():
                    found.append(self._plan(session, profile.id, kinds, secondary=False, brief=True))
        return found

    def _has_set_up(self, profile: Profile, leg: ProfileLeg) -> bool:
        return leg.run and bool(leg.rounds) and not leg.after and profile.default_dialect in leg.dialects

    def _plans(self, session: Session, profile: Profile, leg: ProfileLeg) -> list[LegPlan]:
        """The default dialect with its media; the others by their set-up alone, where they have one."""
        plans = []
        direct = profile.is_direct(leg)
        arms = DIRECT_ARMS if direct else ARMS
        for dialect in self._dialects(profile, leg):
            kinds = [
                kind
                for kind in session.kinds
                if (kind.app, kind.leg, kind.dialect) == (profile.id, leg.id, dialect) and kind.arm in arms
            ]
            for media in self._carried(kinds, default=dialect == profile.default_dialect):
                by_arm = {kind.arm: kind for kind in kinds if kind.media is media}
                by_arm = {arm: k for arm, k in by_arm.items() if session.serves(session.script(k, 0))}
                if by_arm and (not direct or len(by_arm) == len(arms)):
                    plans.append(
                        self._plan(
                            session,
                            profile.id,
                            by_arm,
                            secondary=dialect != profile.default_dialect or bool(leg.after),
                            brief=direct,
                            relay=leg.after if direct else "",
                        )
                    )
        return plans

    def _dialects(self, profile: Profile, leg: ProfileLeg) -> tuple[str, ...]:
        """The leg's dialects; of a direct one among many apps that of today alone."""
        if profile.is_direct(leg) and len(self._asked()) > SCOUTED_FROM:
            return tuple(dialect for dialect in leg.dialects if dialect == profile.default_dialect)
        return leg.dialects

    def _carried(self, kinds: list[FlowKind], *, default: bool) -> list[Media]:
        wanted = [Media.VOICE, Media.VIDEO] if self._config.video else [Media.VOICE]
        there = {kind.media for kind in kinds}
        carried = [media for media in wanted if media in there] if default else []
        return carried or [media for media in (Media.NONE,) if media in there]

    def _plan(
        self,
        session: Session,
        app: str,
        kinds: dict[Arm, FlowKind],
        *,
        secondary: bool,
        brief: bool,
        relay: str = "",
    ) -> LegPlan:
        def shuffled(replicate: int, arms: list[Arm]) -> list[Arm]:
            return sorted(arms, key=lambda arm: self.draw(f"arms {app} {replicate} {arm}"))

        def flow_bytes(kind: FlowKind, replicate: int) -> int:
            script = session.script(kind, replicate)
            return script.bytes_up + script.bytes_down

        first = next(iter(kinds.values()))
        script = session.script(first, 0)
        return LegPlan(
            app=app,
            reflector=session.reflector,
            kinds={arm: kinds[arm] for arm in ARMS if arm in kinds},
            stages=tuple(step.stage for step in script.rounds),
            copies=script.rounds[0].copies if script.rounds else 0,
            blocks=self._blocks() if brief else self._enough_blocks(session, first),
            long=self._config.long,
            secondary=secondary,
            brief=brief,
            relay=relay,
            flow_bytes=flow_bytes,
            shuffled=shuffled,
        )
