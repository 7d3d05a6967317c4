"""What stood in a text, encrypted: only who has the key can turn a token back.

AES-SIV (RFC 5297): the same value under the same key gives the same ciphertext, and one that was changed is refused.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from lakedocs.errors import LakeError, MissingKeyError
from lakedocs.keys import read_key
from lakedocs.settings import Settings

_VERSION_DIGITS = 12
_FEWEST_BYTES = 32


class Vault:
    """Seals values with one key, and opens what any of its keys sealed.

    Args:
        key: of what is sealed from now on.
        previous: of what was sealed before, while keys are rotated.
    """

    def __init__(self, key: bytes, *previous: bytes) -> None:
        self._ciphers = {_version(secret): AESSIV(hashlib.sha512(secret).digest()) for secret in (key, *previous)}
        self.version = _version(key)

    def seal(self, entity: str, value: str) -> str:
        """The ciphertext of a value, in Base64."""
        return base64.b64encode(self._ciphers[self.version].encrypt(value.encode("utf-8", "surrogatepass"), [entity.encode()])).decode()

    def check(self, version: str) -> None:
        """Pass where a key of that version is here.

        Raises:
            MissingKeyError: when there is no key of that version here.
        """
        if version not in self._ciphers:
            raise MissingKeyError(
                "What was hidden was sealed with a key that is not here: set it as the previous vault key in the secret scope, "
                "or write it to keys/vault_key_previous in a local run's folder."
            )

    def open(self, entity: str, ciphertext: str, version: str) -> str:
        """The value again.

        Raises:
            MissingKeyError: when it was sealed with another key.
            LakeError: when it was changed since, or belongs to another type.
        """
        self.check(version)
        try:
            return self._ciphers[version].decrypt(base64.b64decode(ciphertext), [entity.encode()]).decode("utf-8", "surrogatepass")
        except (InvalidTag, ValueError) as error:
            raise LakeError("A sealed value was changed since it was written, or belongs to another type.") from error


def open_vault(settings: Settings) -> Vault:
    """The vault with the key of these settings, and the previous one where there is one.

    Raises:
        MissingKeyError: when the key is not there, or too short to keep anything.
    """
    key = read_key(settings.keys.vault, settings.storage.root)
    if len(key) < _FEWEST_BYTES:
        raise MissingKeyError(f"The vault's key has fewer than {_FEWEST_BYTES} characters: make one with `openssl rand -hex 32`.")
    try:
        return Vault(key, read_key(settings.keys.vault_previous, settings.storage.root))
    except MissingKeyError:  # it is there only while keys are rotated
        return Vault(key)


def _version(key: bytes) -> str:
    """Tells keys apart; says nothing of them."""
    return hashlib.sha256(b"vault\x00" + key).hexdigest()[:_VERSION_DIGITS]
