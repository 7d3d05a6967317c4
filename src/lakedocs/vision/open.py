"""Who reads images and pages, as the settings say, once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lakedocs.errors import ModelError
from lakedocs.keys import read_key
from lakedocs.records import Shows
from lakedocs.services.options import CallSettings, VisionSettings
from lakedocs.services.prices import Price, load_prices, shared_rate
from lakedocs.settings import Settings, fingerprint
from lakedocs.vision.protocol import ImageReader

PRICE, LAYOUT_PRICE = "ai-vision", "document-intelligence-layout"
_SIDE_BY_SIDE = 5
"""01-05 run at the same time: each has a fifth of the rate."""
_OCR_READS = {"min_px", "max_px", "max_mb", "min_score"}
_LAYOUT_READS = {"layout_api_version", "min_px", "max_px", "max_mb"}
_VISION_READS = set(VisionSettings.model_fields) - {"endpoint", "min_score", "layout", "layout_endpoint", "layout_api_version"}
_VERSIONS = {"none": "", "ocr": "ocr/1", "azure_ai_vision": "vision/1"}
_LAYOUT_VERSION = "layout/1"
_SCANS, _TABLES = ("scans", "both"), ("tables", "both")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One who reads.

    Attributes:
        key: identifies it and how it reads.
        shows: what it is given.
        is_layout: it is the service that reads pages; else `vision.engine` reads.
        is_embedded: it takes a core, and nobody is paid.
    """

    key: str
    shows: tuple[Shows, ...]
    is_layout: bool = False
    is_embedded: bool = False


def readers(settings: VisionSettings) -> tuple[Chosen, ...]:
    """All who read, each its own; none where images are not read."""
    pages = tuple(shows for shows in Shows if is_for_layout(settings, shows))
    left = tuple(shows for shows in (Shows.PICTURE, Shows.PAGE) if shows not in pages)
    found = [Chosen(reader_key(settings), left, is_embedded=settings.engine == "ocr"), Chosen(layout_key(settings), pages, is_layout=True)]
    return tuple(chosen for chosen in found if chosen.key)


def is_for_layout(settings: VisionSettings, shows: Shows) -> bool:
    """Whether the service that reads pages is given such images; it never is given pictures."""
    return (shows is Shows.PAGE and settings.layout in _SCANS) or (shows is Shows.TABLE_PAGE and settings.layout in _TABLES)


def reader_key(settings: VisionSettings) -> str:
    """Identifies the engine and how it reads; empty: images are not read."""
    version = _VERSIONS[settings.engine]
    read_by = _OCR_READS if settings.engine == "ocr" else _VISION_READS
    return f"{version}:{fingerprint(settings.model_dump(include=read_by))[:16]}" if version else ""


def layout_key(settings: VisionSettings) -> str:
    """Identifies how the service reads a page, whichever pages it is given; empty: it is given none."""
    return f"{_LAYOUT_VERSION}:{fingerprint(settings.model_dump(include=_LAYOUT_READS))[:16]}" if settings.layout != "none" else ""


def price_of(settings: Settings, chosen: Chosen) -> Price | None:
    """What the service costs by the image or page; none where nobody is paid."""
    return prices(settings)[chosen.is_layout]


def prices(settings: Settings) -> dict[bool, Price | None]:
    """What the service for pages (true) costs, and `vision.engine` (false) if anybody is paid for that."""
    known = load_prices(settings)
    return {True: known.get(LAYOUT_PRICE), False: known.get(PRICE) if settings.vision.engine == "azure_ai_vision" else None}


def open_reader(settings: Settings, chosen: Chosen) -> ImageReader:
    """One of `readers`.

    Raises:
        ModelError: when it is not installed, or its service has no address.
        MissingKeyError: when its service needs a key that is not there.
    """
    name = settings.keys.layout_api if chosen.is_layout else settings.keys.vision_api
    key = "" if chosen.is_embedded else read_key(name, settings.storage.root).decode()
    return _open(settings.vision, settings.calls, chosen, key, price_of(settings, chosen))


@lru_cache(maxsize=2)
def _open(vision: VisionSettings, calls: CallSettings, chosen: Chosen, api_key: str, price: Price | None) -> ImageReader:
    if chosen.is_embedded:
        from lakedocs.vision.ocr import OcrReader

        return OcrReader(vision.min_score)
    rate = shared_rate(price, calls.workers * _SIDE_BY_SIDE, 1)
    if chosen.is_layout:
        if not vision.layout_endpoint:
            raise ModelError("vision.layout_endpoint must name the Azure AI Document Intelligence resource: https://NAME.cognitiveservices.azure.com")
        try:
            from lakedocs.vision.layout import LayoutReader
        except ImportError as error:
            raise ModelError("vision.layout needs azure-ai-documentintelligence.") from error
        return LayoutReader(vision, api_key, calls, rate)
    from lakedocs.vision.azure_vision import AzureVisionReader

    if not vision.endpoint:
        raise ModelError("vision.endpoint must name the Azure AI Vision resource: https://NAME.cognitiveservices.azure.com")
    return AzureVisionReader(vision, api_key, calls, rate)
