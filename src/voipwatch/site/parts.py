"""What makes up the site beside its pages: each part of it is named here once."""

from typing import Final

from voipwatch.site.render import Parts

PARTS: Final = Parts()
