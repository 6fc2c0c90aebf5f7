"""The reflector's pure core: bytes and `now` in, datagrams and a deadline out.

`engine` is the core itself; `tickets` who may measure, `part` at which of several workers;
`uplink` and `downlink` the two ways;
`sessions` the table of them, `session` and `packets` what was seen;
`proof` how much may be sent to an address that has proved nothing; `receipts` what a downlink
tells of the uplink; `log` the signed log; `limits` every bound in one place.
"""

from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.engine import ReflectorCore
from voipwatch.reflector.core.identity import Identity
from voipwatch.reflector.core.log import seal
from voipwatch.reflector.core.part import ALONE, Part
from voipwatch.reflector.core.scripts import ProfileScripts, Scripts
from voipwatch.reflector.core.tickets import join_states

__all__ = [
    "ALONE",
    "Counters",
    "Identity",
    "Part",
    "ProfileScripts",
    "ReflectorCore",
    "Scripts",
    "join_states",
    "seal",
]
