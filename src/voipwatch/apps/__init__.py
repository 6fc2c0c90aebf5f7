"""Call profiles: how each app's calls look on the wire, and the scripts that both ends play from them.

`load_profiles` reads the packaged files of `catalogue`, `kind_table` numbers every kind of flow that they
describe, `compile_script` turns one flow into rounds and media packets, `build` makes a datagram and
`read_down` finds the token in one that came back. Nothing here knows the time, draws dice or keeps state.
"""

from voipwatch.apps.describe import describe
from voipwatch.apps.kinds import compile_script, flow_id, kind_of, kind_table, mutant_kinds
from voipwatch.apps.library import ProfileSet, load_profiles, tcp_ports, udp_ports
from voipwatch.apps.loader import load_profile_file
from voipwatch.apps.messages import BuildContext, Message, Place, PlaceKind, answers, build, read_down
from voipwatch.apps.ports import fresh_ports, neutral_ports
from voipwatch.apps.profile import Profile
from voipwatch.apps.schema import Problem, ProfileError
from voipwatch.apps.scripts import MediaPacket, Round, Script, family_of

__all__ = [
    "BuildContext",
    "MediaPacket",
    "Message",
    "Place",
    "PlaceKind",
    "Problem",
    "Profile",
    "ProfileError",
    "ProfileSet",
    "Round",
    "Script",
    "answers",
    "build",
    "compile_script",
    "describe",
    "family_of",
    "flow_id",
    "fresh_ports",
    "kind_of",
    "kind_table",
    "load_profile_file",
    "load_profiles",
    "mutant_kinds",
    "neutral_ports",
    "read_down",
    "tcp_ports",
    "udp_ports",
]
