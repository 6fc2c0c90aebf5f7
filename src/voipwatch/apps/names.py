"""What each app of the catalogue is called: the one table of names, the profiles' own."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from voipwatch.model.vocabulary import APP_IDS


@cache
def app_names() -> Mapping[str, str]:
    """`WhatsApp` by whatsapp, for every packaged profile, in the order of `APP_IDS`.

    A profile says in brackets that it is synthetic: that is said of its shape and is no part of the name.
    Whoever names an app needs no checked profile, so none is.
    """
    folder = files("voipwatch.apps").joinpath("catalogue")
    found = {}
    for app in APP_IDS:
        place = folder.joinpath(f"{app}.toml")
        if place.is_file():
            name = str(tomllib.loads(place.read_text(encoding="utf-8"))["name"])
            found[app] = name.partition(" (")[0]
    return MappingProxyType(found)
