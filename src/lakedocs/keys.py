"""Keys: from the environment, which clusters fill from the secret scope, or on a laptop from files that it makes itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from pathlib import Path

from lakedocs.errors import MissingKeyError, SettingsError
from lakedocs.settings import Settings


def keyed_hash(key: bytes, *parts: str) -> str:
    """32 hex digits of an HMAC over the parts: the same on every worker and in every run, and nothing can be guessed from them without the key."""
    return hmac.new(key, "\x00".join(parts).encode("utf-8", "backslashreplace"), hashlib.sha256).hexdigest()[:32]


def read_key(name: str, storage_root: str) -> bytes:
    """The bytes of a key, from the environment or a file below `storage_root`/keys.

    Raises:
        MissingKeyError: saying where it was looked for.
    """
    if not re.fullmatch(r"[a-z_]+", name):
        raise SettingsError("A key's name has lower-case letters and underscores only.")
    variable = f"LAKEDOCS_{name.upper()}"
    value = os.environ.get(variable, "")
    if value:
        return value.encode("utf-8")
    file = Path(storage_root).absolute() / "keys" / name
    if file.is_file() and (found := file.read_bytes().strip()):
        return found
    raise MissingKeyError(
        f"The key {name} is missing: on a cluster set it in the secret scope, which hands it over as {variable}; on a laptop set that variable, "
        f"or write it to keys/{name} in the run's folder (--root)."
    )


def document_passwords(settings: Settings) -> tuple[str, ...]:
    """The passwords that are tried on encrypted documents, in order; none where the key is not set.

    Raises:
        SettingsError: where the key begins like a JSON list and is none.
    """
    try:
        found = read_key(settings.keys.document_passwords, settings.storage.root)
    except MissingKeyError:
        return ()
    if not found.startswith(b"["):
        return tuple(filter(None, found.decode("utf-8", "replace").splitlines()))
    try:
        return tuple(map(str, json.loads(found)))
    except ValueError:
        # without what json quotes of it
        raise SettingsError(f"The key {settings.keys.document_passwords} begins with a bracket, but is no JSON list of passwords.") from None


def make_local_keys(settings: Settings) -> None:
    """Create the keys that a laptop needs at first use, readable by their owner only."""
    folder = settings.storage.path / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (settings.keys.document_id, settings.keys.redaction, *([settings.keys.vault] if settings.redaction.is_reversible else ())):
        file = folder / name
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as handle:
                handle.write(secrets.token_hex(32))
