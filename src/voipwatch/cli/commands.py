"""The tree of commands. Each is imported when it is called; what a person reads of it is in `locale/`."""

from typing import Final

from cyclopts import App, Parameter

COMMANDS: Final[dict[str, str]] = {
    "check": "voipwatch.cli.check:check",
    "verify": "voipwatch.cli.verify:verify",
    "explain": "voipwatch.cli.explain:explain",
    "reflector": "voipwatch.cli.reflector:reflector",
    "serve": "voipwatch.cli.serve:serve",
    "collector": "voipwatch.cli.collector:collector",
    "probe setup": "voipwatch.cli.probe_setup:setup",
    "probe run": "voipwatch.cli.probe_run:run",
    "probe status": "voipwatch.cli.probe_status:status",
    "probe delete": "voipwatch.cli.probe_end:delete",
    "probe wipe": "voipwatch.cli.probe_end:wipe",
    "probe systemd": "voipwatch.cli.probe_units:systemd",
    "tickets fetch": "voipwatch.cli.tickets:fetch",
    "fleet sign": "voipwatch.cli.fleet:sign",
    "fleet show": "voipwatch.cli.fleet:show",
    "fleet verify": "voipwatch.cli.fleet:verify",
    "apps list": "voipwatch.cli.apps:list_apps",
    "apps show": "voipwatch.cli.apps:show_app",
    "apps check": "voipwatch.cli.apps:check_file",
    "apps targets": "voipwatch.cli.targets:list_targets",
    "import": "voipwatch.cli.imports:import_capture",
    "ooni import": "voipwatch.cli.ooni:import_ooni",
    "ooni export": "voipwatch.cli.ooni:export_ooni",
    "detect": "voipwatch.cli.detect:detect",
    "publish": "voipwatch.cli.publish:publish",
    "store status": "voipwatch.cli.store:status",
    "store query": "voipwatch.cli.store:query",
    "store migrate": "voipwatch.cli.store:migrate",
    "store ddl": "voipwatch.cli.store_ddl:ddl",
    "store export": "voipwatch.cli.store:export",
    "chronicle list": "voipwatch.cli.chronicle:list_incidents",
    "chronicle show": "voipwatch.cli.chronicle:show",
    "chronicle review": "voipwatch.cli.chronicle_acts:review",
    "chronicle reply": "voipwatch.cli.chronicle_acts:reply",
    "chronicle dispute": "voipwatch.cli.chronicle_acts:dispute",
    "chronicle correct": "voipwatch.cli.chronicle_acts:correct",
    "chronicle withdraw": "voipwatch.cli.chronicle_acts:withdraw",
    "chronicle cite": "voipwatch.cli.chronicle_cite:cite",
    "chronicle source": "voipwatch.cli.chronicle_acts:source",
    "chronicle settings": "voipwatch.cli.chronicle_settings:settings",
    "chronicle key": "voipwatch.cli.chronicle_acts:key",
    "chronicle claims": "voipwatch.cli.chronicle:claims",
    "chronicle verify": "voipwatch.cli.chronicle:verify",
    "civic cost": "voipwatch.cli.civic_cost:cost",
    "civic minutes": "voipwatch.cli.civic_minutes:minutes",
    "civic law": "voipwatch.cli.civic_law:law",
    "civic turnout": "voipwatch.cli.civic_pledge:turnout",
    "civic reminder": "voipwatch.cli.civic_pledge:reminder",
    "civic doctor": "voipwatch.cli.civic_doctor:doctor",
    "civic account": "voipwatch.cli.civic_account:account",
    "civic audit": "voipwatch.cli.civic_audit:audit",
    "civic retention": "voipwatch.cli.civic_audit:retention",
    "reputation import": "voipwatch.cli.reputation:import_counts",
    "reputation fetch": "voipwatch.cli.reputation:fetch",
    "reputation show": "voipwatch.cli.reputation_show:show",
    "reputation effect": "voipwatch.cli.reputation_show:effect_of",
    "petition create": "voipwatch.cli.petition:create",
    "petition list": "voipwatch.cli.petition:list_petitions",
    "petition show": "voipwatch.cli.petition:show",
    "petition close": "voipwatch.cli.petition:close",
    "petition deliver": "voipwatch.cli.petition:deliver",
    "petition answer": "voipwatch.cli.petition:answer",
    "petition paper": "voipwatch.cli.petition:paper",
    "petition sheet": "voipwatch.cli.petition:sheet",
    "petition export": "voipwatch.cli.petition:export",
    "petition person": "voipwatch.cli.petition:person",
    "petition erase": "voipwatch.cli.petition:erase",
    "petition bounce": "voipwatch.cli.petition:bounce",
    "pledge create": "voipwatch.cli.pledge:create",
    "pledge list": "voipwatch.cli.pledge:list_boycotts",
    "pledge show": "voipwatch.cli.pledge:show",
    "pledge close": "voipwatch.cli.pledge:close",
    "pledge observe": "voipwatch.cli.pledge:observe",
    "pledge export": "voipwatch.cli.pledge:export",
    "wall list": "voipwatch.cli.wall:list_sites",
    "wall check": "voipwatch.cli.wall:check",
    "wall remove": "voipwatch.cli.wall:remove",
    "wall curve": "voipwatch.cli.wall:curve",
    "lab worlds": "voipwatch.cli.lab:worlds",
    "lab run": "voipwatch.cli.lab:run_world",
    "lab matrix": "voipwatch.cli.lab:matrix",
    "lab rules": "voipwatch.cli.lab_rules:print_rules",
    "lab replay": "voipwatch.cli.lab_replay:replay_run",
    "lab scenario": "voipwatch.cli.scenario:scenario",
    "demo": "voipwatch.cli.demo:demo",
}
"""Command -> where its function is; the order is the order of the help."""
GROUPS: Final = (
    "probe",
    "tickets",
    "fleet",
    "apps",
    "ooni",
    "store",
    "chronicle",
    "petition",
    "pledge",
    "wall",
    "civic",
    "reputation",
    "lab",
)


def build_app() -> App:
    """A fresh tree. Help and version are ours (`pages`), so that they speak the reader's language."""
    # A flag has no opposite: `--no-json` would be one more name to keep for ever.
    manners = Parameter(negative=())
    root = App(name="voipwatch", help_flags=[], version_flags=[])
    groups = {name: App(name=name, help_flags=[], version_flags=[]) for name in GROUPS}
    for group in groups.values():
        root.command(group)
    for command, place in COMMANDS.items():
        group_name, _, name = command.rpartition(" ")
        groups.get(group_name, root).command(
            place, name=name, help_flags=[], version_flags=[], default_parameter=manners
        )
    return root
