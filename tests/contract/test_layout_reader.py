"""The layout of a page: an operation that is begun once, however often asking after it fails; its text and its tables, each once."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator

import pytest
from PIL import Image
from tests.fakes.document_intelligence import FakeLayout, Page
from tests.fakes.server import Fault, serving

from lakedocs.errors import RefusedError, ServiceError
from lakedocs.services.options import CallSettings, VisionSettings
from lakedocs.services.rates import UNLIMITED, Rate
from lakedocs.vision.layout import LayoutReader

RENTS = [["Office", "Rent", ""], ["Rotterdam", "1,250", "EUR"], ["", "900", "EUR"]]


@pytest.fixture
def service() -> Iterator[FakeLayout]:
    with serving(FakeLayout()) as running:
        assert isinstance(running, FakeLayout)
        running.page_of = lambda image: Page(["The rents are due in May.", RENTS, "Yours,\nthe landlord"])
        yield running


def reader(service: FakeLayout, total_seconds: float = 10, rate: Rate = UNLIMITED) -> LayoutReader:
    chosen = VisionSettings(layout="both", layout_endpoint=service.url)
    return LayoutReader(chosen, "key", CallSettings(seconds=1, total_seconds=total_seconds), rate, poll_seconds=0.05)


def page(width: int = 600, height: int = 800) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), "white").save(buffer, "PNG")
    return buffer.getvalue()


def test_text_and_tables_stand_once(service: FakeLayout) -> None:
    service.running = 3
    insight = reader(service).read(page())
    assert insight.text == "The rents are due in May.\nYours,\nthe landlord"
    assert insight.tables == (tuple(map(tuple, RENTS)),)
    raw = json.loads(insight.raw)
    assert raw["modelId"] == "prebuilt-layout"
    assert raw["content"].startswith("The rents are due in May.\nOffice\nRent\n")
    assert [method for method, _, _ in service.requests] == ["POST", "GET", "GET", "GET", "GET"]
    assert "Rotterdam" not in repr(insight)


def test_a_page_that_shows_nothing_has_no_text_and_no_tables(service: FakeLayout) -> None:
    service.page_of = lambda image: Page()
    insight = reader(service).read(page())
    assert (insight.text, insight.tables) == ("", ())


@pytest.mark.parametrize(
    "fault",
    [Fault(503), Fault(429, {"Retry-After": "0"}), *(Fault(200, broken=kind) for kind in ("reset", "half", "garbage", "stalled"))],
    ids=["503", "429", "reset", "half", "garbage", "stalled"],
)
@pytest.mark.parametrize("before", [1, 2], ids=["at once", "while running"])
def test_what_fails_is_asked_after_again_and_never_begun_again(service: FakeLayout, fault: Fault, before: int) -> None:
    asked = iter(range(100))
    service.chaos = lambda: fault if next(asked) == before else None
    assert reader(service).read(page()).text
    assert [method for method, _, _ in service.requests].count("POST") == 1
    assert len(service.images) == 1


def test_a_beginning_that_is_put_off_is_tried_again(service: FakeLayout) -> None:
    service.faults.extend([Fault(429, {"Retry-After": "0"}), Fault(503)])
    assert reader(service).read(page()).text
    assert len(service.images) == 1


def test_a_page_is_refused(service: FakeLayout) -> None:
    with pytest.raises(RefusedError, match="answered 400"):
        reader(service).read(page(40, 40))
    service.failing = [{"code": "InvalidRequest", "message": "m", "innererror": {"code": "InvalidContent", "message": "m"}}]
    with pytest.raises(RefusedError, match="refused a page"):
        reader(service).read(page())
    assert len(service.images) == 1


def test_an_operation_that_the_service_failed_in_is_begun_once_more(service: FakeLayout) -> None:
    failed = {"code": "InternalServerError", "message": "m"}
    service.failing = [failed]
    assert reader(service).read(page()).text
    assert len(service.images) == 2
    service.failing = [failed] * 5
    with pytest.raises(RefusedError, match="failed on a page"):  # each try is paid: the page is known as refused, and keeps no other back
        reader(service).read(page())
    assert len(service.images) == 4


def test_a_wrong_key_is_told(service: FakeLayout) -> None:
    chosen = VisionSettings(layout="both", layout_endpoint=service.url)
    with pytest.raises(ServiceError, match=r"answered 401; .* Check the key"):
        LayoutReader(chosen, "other", CallSettings(), UNLIMITED).read(page())


def test_an_operation_without_end_is_given_up_in_time(service: FakeLayout) -> None:
    service.running = 1_000_000
    start = time.monotonic()
    with pytest.raises(ServiceError, match="has not read a page in time") as raised:
        reader(service, total_seconds=0.5).read(page())
    assert not isinstance(raised.value, RefusedError)
    assert time.monotonic() - start < 3
    assert len(service.images) == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("LROPoller")], "nobody asks on"


def test_a_service_that_stays_away_is_given_up_in_time(service: FakeLayout) -> None:
    service.chaos = lambda: Fault(503) if service.images else None
    with pytest.raises(ServiceError, match="answered 503"):
        reader(service, total_seconds=1).read(page())
    assert len(service.images) == 1


def test_each_page_takes_from_the_rate_once(service: FakeLayout) -> None:
    class Counted:
        taken = 0

        def take(self, tokens: int) -> float:
            self.taken += 1
            return 0.0

    rate, service.running = Counted(), 4
    reader(service, rate=rate).read(page())
    assert rate.taken == 1
