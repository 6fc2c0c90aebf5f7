"""Censors as pure rules: `(direction, packet, state, now) -> Action`.

No clock, dice or socket: time comes in, randomness is a keyed hash of the seed and a count, and all that a
box remembers is in the `State` that its owner holds. One file a family; `catalogue` names them for
`lab/table`, `combine` puts them together.
"""

from voipwatch.lab.policy.catalogue import POLICIES as POLICIES
from voipwatch.lab.policy.catalogue import UnknownPolicyError as UnknownPolicyError
from voipwatch.lab.policy.catalogue import make_policy as make_policy
from voipwatch.lab.policy.packet import DROP as DROP
from voipwatch.lab.policy.packet import PASS as PASS
from voipwatch.lab.policy.packet import Action as Action
from voipwatch.lab.policy.packet import Delay as Delay
from voipwatch.lab.policy.packet import Inject as Inject
from voipwatch.lab.policy.packet import Packet as Packet
from voipwatch.lab.policy.packet import Plain as Plain
from voipwatch.lab.policy.packet import Policy as Policy
from voipwatch.lab.policy.packet import Reject as Reject
from voipwatch.lab.policy.state import State as State
