"""The element's file: small, named by its digest, with nothing in it that a policy or a filter list stops."""

import gzip
import re
from base64 import b64decode
from hashlib import sha256, sha384

from voipwatch.site.counter.module import current_module, module_of, modules


def test_it_is_under_four_kilobytes_on_the_wire() -> None:
    assert len(gzip.compress(current_module().body, 9)) < 4096


def test_its_name_is_its_digest_and_its_integrity_the_other() -> None:
    module = current_module()
    assert module.name == f"counter-{sha256(module.body).hexdigest()[:16]}.js"
    assert module.integrity.startswith("sha384-")
    assert b64decode(module.integrity[7:]) == sha384(module.body).digest()
    assert module_of(b"else").name != module.name
    assert modules()[0] is module


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
