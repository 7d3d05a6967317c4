"""What every reader of images promises, asked of the embedded engine and of Azure AI Vision; and how images are prepared for them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.fakes.server import Fault, serving
from tests.fakes.vision import FakeVision

from lakedocs.errors import RefusedError, ServiceError
from lakedocs.services.options import CallSettings, VisionSettings
from lakedocs.services.rates import UNLIMITED
from lakedocs.vision.azure_vision import AzureVisionReader
from lakedocs.vision.ocr import OcrReader
from lakedocs.vision.prepare import prepared
from lakedocs.vision.protocol import ImageReader

LINES = ("The lease of the office ends in May", "Total due 1,250 EUR")


def drawn(*lines: str, size: tuple[int, int] = (900, 200), kind: str = "PNG", mode: str = "RGB") -> bytes:
    image = Image.new("RGB", size, "white")
    font = ImageFont.load_default(32)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((20, 20 + 70 * number), line, fill="black", font=font)
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def service() -> Iterator[FakeVision]:
    with serving(FakeVision()) as running:
        assert isinstance(running, FakeVision)
        running.text_of = lambda image: "\n".join(LINES) if image.width == 900 else ""
        yield running


def azure(service: FakeVision, total_seconds: float = 10) -> AzureVisionReader:
    chosen = VisionSettings(engine="azure_ai_vision", endpoint=service.url)
    return AzureVisionReader(chosen, "key", CallSettings(seconds=1, total_seconds=total_seconds), UNLIMITED)


@pytest.fixture(scope="module")
def engine() -> OcrReader:
    return OcrReader(0.6)


@pytest.fixture(params=["ocr", "azure"])
def reader(request: pytest.FixtureRequest, service: FakeVision, engine: OcrReader) -> ImageReader:
    return engine if request.param == "ocr" else azure(service)


def test_text_is_read_line_by_line(reader: ImageReader) -> None:
    insight = reader.read(drawn(*LINES))
    assert [line.replace(" ", "") for line in insight.text.split("\n")] == [line.replace(" ", "") for line in LINES]
    assert json.loads(insight.raw)


def test_an_image_without_text_has_none(reader: ImageReader) -> None:
    assert reader.read(drawn(size=(300, 100))).text == ""


def test_pieces_of_a_line_are_joined_from_left_to_right(engine: OcrReader) -> None:
    image = Image.new("RGB", (900, 120), "white")
    font = ImageFont.load_default(32)
    ImageDraw.Draw(image).text((600, 20), "seven hundred", fill="black", font=font)
    ImageDraw.Draw(image).text((20, 22), "Rent", fill="black", font=font)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert engine.read(buffer.getvalue()).text.replace(" ", "") == "Rentsevenhundred"


def test_azure_says_what_an_image_shows(service: FakeVision) -> None:
    insight = azure(service).read(drawn())
    assert (insight.caption, insight.tags) == ("a picture on a wall", ("wall",))
    assert "features=caption%2Ctags%2Cread" in service.requests[0][1]


@pytest.mark.parametrize("fault", [Fault(429, {"Retry-After": "0"}), Fault(503), Fault(200, broken="half"), Fault(200, broken="garbage")])
def test_azure_is_asked_again(service: FakeVision, fault: Fault) -> None:
    service.faults.append(fault)
    assert azure(service).read(drawn(*LINES)).text
    assert len(service.requests) == 2


def test_azure_refuses_an_image_or_stays_away(service: FakeVision) -> None:
    with pytest.raises(RefusedError, match="400"):
        azure(service).read(drawn(size=(40, 40)))
    service.chaos = lambda: Fault(503)
    with pytest.raises(ServiceError, match="503"):
        azure(service, total_seconds=1).read(drawn())


@pytest.mark.parametrize(
    ("data", "size"),
    [
        pytest.param(drawn(size=(900, 200)), (900, 200), id="as it is"),
        pytest.param(drawn(size=(9000, 300)), (2400, 80), id="large"),
        pytest.param(drawn(size=(60, 20)), (60, 50), id="flat"),
        pytest.param(drawn(kind="GIF", mode="P"), (900, 200), id="gif"),
        pytest.param(drawn(kind="TIFF", mode="CMYK"), (900, 200), id="cmyk"),
        pytest.param(drawn(kind="PNG", mode="1"), (900, 200), id="black and white"),
        pytest.param(drawn(size=(39, 39)), None, id="too small"),
        pytest.param(b"no image", None, id="no image"),
        pytest.param(drawn()[:200], None, id="cut off"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_images_are_made_ready(data: bytes, size: tuple[int, int] | None) -> None:
    ready = prepared(data, VisionSettings())
    if size is None:
        assert ready is None
    else:
        assert ready is not None
        with Image.open(io.BytesIO(ready)) as image:
            assert (image.size, image.mode) == (size, "RGB")


def test_images_are_compressed_to_the_limit() -> None:
    noise = Image.effect_noise((1500, 1500), 100)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    ready = prepared(buffer.getvalue(), VisionSettings(max_mb=1))
    assert ready is not None
    assert len(ready) <= 2**20
