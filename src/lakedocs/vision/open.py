"""Who reads images, as the settings say, once per process."""

from __future__ import annotations

from functools import lru_cache

from lakedocs.errors import ModelError
from lakedocs.keys import read_key
from lakedocs.services.options import CallSettings, VisionSettings
from lakedocs.services.prices import Price, load_prices, shared_rate
from lakedocs.settings import Settings, fingerprint
from lakedocs.vision.protocol import ImageReader

PRICE = "ai-vision"
_SIDE_BY_SIDE = 5
"""01-05 run at the same time: each has a fifth of the rate."""
_OCR_READS = {"min_px", "max_px", "max_mb", "min_score"}
_VERSIONS = {"none": "", "ocr": "ocr/1", "azure_ai_vision": "vision/1"}


def reader_key(settings: VisionSettings) -> str:
    """Identifies the engine and how it reads; empty: images are not read."""
    version = _VERSIONS[settings.engine]
    read_by = _OCR_READS if settings.engine == "ocr" else set(VisionSettings.model_fields) - {"endpoint", "min_score"}
    return f"{version}:{fingerprint(settings.model_dump(include=read_by))[:16]}" if version else ""


def vision_price(settings: Settings) -> Price | None:
    """What the service costs by the image; none where nobody is paid."""
    return load_prices(settings).get(PRICE) if settings.vision.engine == "azure_ai_vision" else None


def open_reader(settings: Settings) -> ImageReader:
    """The engine of these settings.

    Raises:
        ModelError: when it is not installed, or its service has no address.
        MissingKeyError: when its service needs a key that is not there.
    """
    price = vision_price(settings)
    key = read_key(settings.keys.vision_api, settings.storage.root).decode() if settings.vision.engine == "azure_ai_vision" else ""
    return _open(settings.vision, settings.calls, key, price)


@lru_cache(maxsize=1)
def _open(vision: VisionSettings, calls: CallSettings, api_key: str, price: Price | None) -> ImageReader:
    if vision.engine == "ocr":
        from lakedocs.vision.ocr import OcrReader

        return OcrReader(vision.min_score)
    from lakedocs.vision.azure_vision import AzureVisionReader

    if not vision.endpoint:
        raise ModelError("vision.endpoint must name the Azure AI Vision resource: https://NAME.cognitiveservices.azure.com")
    return AzureVisionReader(vision, api_key, calls, shared_rate(price, calls.workers * _SIDE_BY_SIDE, 1))
