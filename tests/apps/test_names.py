from voipwatch.apps.library import load_profiles
from voipwatch.apps.names import app_names
from voipwatch.model.vocabulary import APP_IDS


def test_every_app_has_the_name_of_its_profile() -> None:
    assert list(app_names()) == list(APP_IDS)
    for profile in load_profiles().profiles:
        name = app_names()[profile.id]
        assert profile.name in {name, f"{name} (synthetic)"}


def test_names_are_as_their_makers_write_them() -> None:
    assert app_names()["whatsapp"] == "WhatsApp"
    assert app_names()["imo"] == "imo"
    assert app_names()["facetime"] == "FaceTime"
    assert app_names()["meet"] == "Google Meet"
