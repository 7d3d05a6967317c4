"""Which share of a mail's words and attachments is kept, beside what other code finds in the raw bytes; prints one table.

Usage: python benchmarks/mail_words.py [FOLDER]

Reference for .msg: the streams of the body, or else the HTML, and the storages of the attachments, as olefile shows them. For MIME: every text part
as a plain walk decodes it; of alternatives the one of which more is kept.
"""

from __future__ import annotations

import email
import hashlib
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import olefile

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document

_WORD = re.compile(r"\w{2,}")
_TAG = re.compile(r"(?is)<(script|style|title|head)\b.*?</\1>|<!--.*?-->|<[^>]+>|&\w+;|&#\d+;")


def words(text: str) -> Counter[str]:
    """How often each word stands in a text."""
    return Counter(_WORD.findall(text.lower()))


def kept(reference: Counter[str], found: Counter[str]) -> int:
    """How many of the reference's words were found, each as often as it stands there at most."""
    return (reference & found).total()


def words_of(document: Document, *, below: bool) -> Counter[str]:
    """All words of a document, with those of its attachments where asked for."""
    found = words("\n".join(element.text for element in document.elements))
    for child in document.children if below else ():
        found += words_of(child, below=True)
    return found


def bodies_of_msg(ole: olefile.OleFileIO, storage: list[str]) -> str:
    """The plain body of the item in a storage, or else its HTML without tags."""
    prefix = "/".join([*storage, "__substg1.0_"])
    for tag, encoding in (("1000001F", "utf-16-le"), ("1000001E", "cp1252"), ("1013001F", "utf-16-le"), ("10130102", "utf-8")):
        if ole.exists(prefix + tag) and (data := ole.openstream(prefix + tag).read()).strip(b"\x00 \r\n"):
            text = data.decode(encoding, "replace")
            if text.isascii() or encoding != "cp1252":
                return _TAG.sub(" ", text) if tag.startswith("1013") else text
    return ""


def attachments_of_msg(ole: olefile.OleFileIO) -> Iterator[tuple[str, bytes | None]]:
    """The attached items' bodies and the attached files' bytes, of the first level."""
    storages = sorted({entry[0] for entry in ole.listdir() if entry[0].startswith("__attach")})
    for storage in storages:
        if ole.exists(f"{storage}/__substg1.0_3701000D/__properties_version1.0"):
            yield bodies_of_msg(ole, [storage, "__substg1.0_3701000D"]), None
        elif ole.exists(f"{storage}/__substg1.0_37010102"):
            yield "", ole.openstream(f"{storage}/__substg1.0_37010102").read()


def texts_of_mime(part: Message) -> list[list[str]]:
    """The texts of a message: one list of alternatives for each place where there is text."""
    if part.get_content_type() == "multipart/alternative":
        return [[text for child in _children(part) for texts in texts_of_mime(child) for text in texts]]
    if part.is_multipart():
        return [texts for child in _children(part) for texts in texts_of_mime(child)]
    if part.get_content_maintype() != "text":
        return []
    data = part.get_payload(decode=True)
    raw = data if isinstance(data, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        text = raw.decode("latin-1")
    return [[_TAG.sub(" ", text) if part.get_content_subtype() == "html" else text]]


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/corpus")
    figures: dict[str, list[int]] = {}
    lost: Counter[str] = Counter()

    def note(row: str, path: Path, reference: int, found: int) -> None:
        total = figures.setdefault(row, [0, 0, 0])
        total[0] += 1
        total[1] += reference
        total[2] += found
        if found < reference:
            lost[f"{row}: {path.name}"] = reference - found

    start = time.perf_counter()
    documents = {path: read_document(str(path), path.name, Limits(), None) for path in sorted(folder.glob("msg/*")) + sorted(folder.glob("eml/*"))}
    seconds = time.perf_counter() - start
    for path, document in documents.items():
        data = path.read_bytes()
        everything = words_of(document, below=True)
        if data.startswith(olefile.MAGIC):
            with olefile.OleFileIO(str(path)) as ole:
                reference = words(bodies_of_msg(ole, []))
                note("msg: body, words", path, reference.total(), kept(reference, words_of(document, below=False)))
                hashes = {child.content_hash for child in document.children}
                for text, file in attachments_of_msg(ole):
                    if file is None:
                        note("msg: attached items, words", path, words(text).total(), kept(words(text), everything))
                    elif file:
                        note("msg: attached files, identical bytes", path, 1, int(hashlib.sha256(file).hexdigest() in hashes))
        else:
            for texts in texts_of_mime(email.message_from_bytes(data)):
                scores = [(words(text).total(), kept(words(text), everything)) for text in texts]
                total, found = max(scores, key=lambda score: score[1] / max(score[0], 1), default=(0, 0))
                note("mime: text parts, words", path, total, found)
    print(f"{len(documents)} files, {seconds:.2f} s")
    print(f"{'what':40} {'places':>7} {'of':>8} {'kept':>8} {'share':>7}")
    for row, (places, total, found) in sorted(figures.items()):
        print(f"{row:40} {places:7} {total:8} {found:8} {found / max(total, 1):7.1%}")
    for name, number in lost.most_common(12):
        print(f"  {number:5} lost, {name}")


if __name__ == "__main__":
    main()
