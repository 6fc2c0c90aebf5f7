"""Sign the list of providers' servers, for whoever makes a release.

    .venv/bin/python scripts/sign_targets.py --key FILE          # sign with the key in FILE, which must exist
    .venv/bin/python scripts/sign_targets.py --key FILE --new    # make the key first; FILE must not exist
    .venv/bin/python scripts/sign_targets.py --throw-away        # a key that signs once and is forgotten

The key file holds 64 hexadecimal digits, mode 0600, and stays outside the repository. Its public half goes
into src/voipwatch/apps/targets/keys.toml, the signature into signature.toml beside it.
"""

import argparse
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from voipwatch.apps.targets import public_key_of, read_keys, read_targets, sign_targets

KEYS_HEAD = "# Who may sign targets.toml: Ed25519 public keys, 32 bytes in hex.\n"
REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "src/voipwatch/apps/targets"


def main(arguments: list[str]) -> int:
    """Returns 0 when the list is signed and reads well with the new signature."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--key", type=Path)
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--throw-away", action="store_true")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    if (options.key is None) != options.throw_away:
        parser.error("either --key FILE or --throw-away")
    if options.throw_away:
        key, note = secrets.token_bytes(32), "a development key, thrown away after it signed"
    else:
        if options.key.resolve().is_relative_to(REPOSITORY):
            parser.error("the key does not belong into the repository")
        key, note = _key(options.key, new=options.new), "a release key"
    return _sign(options.folder, key, note)


def _key(path: Path, *, new: bool) -> bytes:
    if new:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_bytes(32).hex() + "\n")
    return bytes.fromhex(path.read_text().strip())


def _sign(folder: Path, key: bytes, note: str) -> int:
    today = datetime.now(tz=UTC).date()
    content = (folder / "targets.toml").read_bytes()
    signature = sign_targets(content, key)
    public = public_key_of(key)
    keys = folder / "keys.toml"
    text = (
        keys.read_text()
        if keys.exists()
        else "# Who may sign targets.toml: Ed25519 public keys, 32 bytes in hex.\n"
    )
    if not keys.exists() or public not in read_keys(keys.read_bytes()):
        text += f'\n[[keys]]\npublic = "{public.hex()}"\nsince = "{today.isoformat()}"\nnote = "{note}"\n'
    found = read_targets(content, signature, (public,), on=today)
    for problem in found.problems:
        print(problem, file=sys.stderr)
    if found.state != "ok":
        return 1
    keys.write_text(text)
    (folder / "signature.toml").write_bytes(signature)
    print(f"{len(found.targets)} targets signed by {public.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
