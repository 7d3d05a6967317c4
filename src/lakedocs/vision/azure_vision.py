"""Azure AI Vision, Image Analysis 4.0, over REST: caption, tags and text of an image in one call."""

from __future__ import annotations

import json
from typing import Any

import requests

from lakedocs.services.calls import Caller, judge_requests
from lakedocs.services.options import CallSettings, VisionSettings
from lakedocs.services.rates import Rate
from lakedocs.vision.protocol import Insight

_PATH = "/computervision/imageanalysis:analyze"


class AzureVisionReader:
    """Asks the service about each image."""

    def __init__(self, settings: VisionSettings, api_key: str, bounds: CallSettings, rate: Rate) -> None:
        self._url = settings.endpoint.rstrip("/") + _PATH
        self._params = {"api-version": settings.api_version, "features": ",".join(settings.features)}
        if settings.language:
            self._params["language"] = settings.language
        self._seconds = bounds.seconds
        self._caller = Caller("Azure AI Vision", judge_requests, bounds, [rate])
        self._session = requests.Session()
        self._session.headers.update({"Ocp-Apim-Subscription-Key": api_key, "Content-Type": "application/octet-stream"})

    def read(self, image: bytes) -> Insight:
        return self._caller.call(lambda _: self._asked(image))

    def _asked(self, image: bytes) -> Insight:
        answer = self._session.post(self._url, params=self._params, data=image, timeout=self._seconds)
        answer.raise_for_status()
        try:
            return _insight(answer.json())
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not the answer of Image Analysis 4.0") from error


def _insight(said: dict[str, Any]) -> Insight:
    lines = [line["text"] for block in said.get("readResult", {}).get("blocks", []) for line in block["lines"]]
    caption = said.get("captionResult", {}).get("text", "")
    tags = tuple(tag["name"] for tag in said.get("tagsResult", {}).get("values", []))
    return Insight("\n".join(lines), caption, tags, raw=json.dumps(said, ensure_ascii=False))
