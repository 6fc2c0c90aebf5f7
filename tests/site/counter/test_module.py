"""The element's file: small, named by its digest, with nothing in it that a policy or a filter list stops."""

import gzip
import re
from base64 import b64decode
from hashlib import sha256, sha384
from pathlib import Path

from voipwatch.site.counter.module import FORMER_BYTES_MAX, current_module, module_of, modules, modules_in


def test_it_is_under_four_kilobytes_on_the_wire() -> None:
    assert len(gzip.compress(current_module().body, 9)) < 4096


def test_its_name_is_its_digest_and_its_integrity_the_other() -> None:
    module = current_module()
    assert module.name == f"counter-{sha256(module.body).hexdigest()[:16]}.js"
    assert module.integrity.startswith("sha384-")
    assert b64decode(module.integrity[7:]) == sha384(module.body).digest()
    assert module_of(b"else").name != module.name
    assert modules()[0] is module


def test_modules_in_a_site_are_what_their_names_say(tmp_path: Path) -> None:
    for body in (b"one", b"two"):
        (tmp_path / module_of(body).name).write_bytes(body)
    (tmp_path / module_of(b"three").name).write_bytes(b"changed by somebody")
    (tmp_path / "counter-x.js").write_bytes(b"one")
    large = b"x" * (FORMER_BYTES_MAX + 1)
    (tmp_path / module_of(large).name).write_bytes(large)
    (tmp_path / module_of(b"folder").name).mkdir()
    assert {each.body for each in modules_in(tmp_path)} == {b"one", b"two"}
    assert list(modules_in(tmp_path / "none")) == []


def test_it_has_nothing_that_policies_refuse() -> None:
    text = current_module().body.decode()
    code = re.sub(r"^ *//.*$", "", text, flags=re.MULTILINE)
    refused = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval",
        "Function(",
        "<style",
    ]
    refused += ["localStorage", "sessionStorage", "indexedDB", "cookie", "sendBeacon", "import(", ".style"]
    for word in refused:
        assert word not in code
    assert 'credentials: "omit"' in code
    assert 'referrerPolicy: "no-referrer"' in code


def test_it_has_no_word_that_filter_lists_stop() -> None:
    """EasyPrivacy stops scripts by these words, in names as in paths."""
    module = current_module()
    for word in ("stats", "track", "analytics", "beacon", "pixel", "telemetry", "banner", "sponsor"):
        assert word not in module.name
        assert word not in module.body.decode().lower()
