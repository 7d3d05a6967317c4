"""As much of Azure as a deployment touches: a workspace's resource manager, its blob container, and endpoints that really answer.

An endpoint's deployment loads the model out of the blobs that were uploaded for it, so what is answered is what was deployed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from lakedocs.serving.text_model import TextModel
from tests.fakes.server import FakeService

ACCOUNT, CONTAINER = "store", "container"
_WORKSPACE = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.MachineLearningServices/workspaces/[^/]+(/.*)?$")


class FakeAzure(FakeService):
    """Resources by their path below the workspace; what is made is `Creating` for one look, as long as it does not fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.resources: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, dict[str, str]] = {}
        self.fails: set[str] = set()
        """Deployments whose machines never come up."""
        self.mute = False
        """Whether deployments answer 500."""
        self.bearers: set[str] = set()

    def answer(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests.append((method, path, None))
        if self.faults:
            fault = self.faults.popleft()
            return fault.status, fault.headers, json.dumps(fault.body).encode()
        address = unquote(urlsplit(path).path)
        if headers["host"].startswith(f"{ACCOUNT}.blob"):
            return self._blob(method, path, address, headers, raw)
        if address.startswith("/score/"):
            self.bearers.add(headers.get("authorization", ""))
            return self._scored(address.removeprefix("/score/"), headers.get("azureml-model-deployment", ""), raw)
        if address.startswith("/operations/"):
            failed = address.removeprefix("/operations/") in self.fails
            told: dict[str, Any] = (
                {"status": "Failed", "error": {"code": "Unhealthy", "message": "secret words"}} if failed else {"status": "Succeeded"}
            )
            return 200, {}, json.dumps(told).encode()
        found = _WORKSPACE.match(address)
        assert found, path
        status, headers_out, told = self._managed(method, address, (found[1] or "").strip("/"), json.loads(raw) if raw else None)
        return status, headers_out, json.dumps(told).encode() if told is not None else b""

    def _managed(self, method: str, address: str, name: str, body: Any) -> tuple[int, dict[str, str], Any]:
        kind = name.split("/")[-2] if "/" in name else ""
        if not name:
            return 200, {}, {"id": address, "name": "workspace", "location": "westeurope", "properties": {"storageAccount": ACCOUNT}}
        if name.endswith("/listSecrets"):
            return 200, {}, {"secretsType": "Sas", "sasToken": "sv=2021&sig=x"}
        if name.endswith("/listKeys"):
            return 200, {}, {"primaryKey": "first", "secondaryKey": "second"}
        if name.endswith("/startPendingUpload"):
            container = f"https://{ACCOUNT}.blob.{self.url.removeprefix('https://')}/uploads-{len(self.resources)}"
            credential = {"credentialType": "SAS", "sasUri": f"{container}?sv=2021&sig=x"}
            reference = {"blobUri": container, "storageAccountArmId": "", "credential": credential}
            return 200, {}, {"pendingUploadId": "1", "pendingUploadType": "TemporaryBlobReference", "blobReferenceForConsumption": reference}
        if name.startswith("datastores"):
            return 200, {}, self._datastore(address)
        if method == "GET" and name.endswith(("/deployments", "/versions")):
            return 200, {}, {"value": [told for path, told in self.resources.items() if path.startswith(f"{name}/")]}
        if method == "PUT":
            told = self.resources[name] = {**body, "id": address, "name": name.split("/")[-1]}
            if kind not in ("onlineEndpoints", "deployments"):
                told["properties"] |= {"flavors": {}}  # Azure fills what was not said
                return 201, {}, told
            told["properties"] |= {"provisioningState": "Failed" if told["name"] in self.fails else "Succeeded"}
            if kind == "deployments":
                told["properties"]["scaleSettings"] = {"scaleType": "Default"}
            if kind == "onlineEndpoints":
                told["properties"]["scoringUri"] = f"{self.url}/score/{told['name']}"
            operation = {"azure-asyncoperation": f"{self.url}/operations/{told['name']}", "retry-after": "0"}
            return 201, operation, {**told, "properties": {**told["properties"], "provisioningState": "Creating"}}
        if name not in self.resources:
            return 404, {}, {"error": {"code": "ResourceNotFound", "message": "not there"}}
        if method == "DELETE":
            for path in [path for path in self.resources if path == name or path.startswith(f"{name}/")]:
                del self.resources[path]
            return 202, {"location": f"{self.url}/operations/deletion", "retry-after": "0"}, None
        return 200, {}, self.resources[name]

    def _datastore(self, address: str) -> dict[str, Any]:
        properties = {
            "datastoreType": "AzureBlob", "accountName": ACCOUNT, "containerName": CONTAINER, "endpoint": "core", "protocol": "https",
            "credentials": {"credentialsType": "Sas"}, "isDefault": True,
        }  # fmt: skip
        return {"id": address, "name": "workspaceblobstore", "properties": properties}

    def _blob(self, method: str, path: str, address: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        name = address.strip("/")
        metadata = {key.lower(): value for key, value in headers.items() if key.lower().startswith("x-ms-meta-")}
        stamps = {"etag": '"1"', "last-modified": "Wed, 25 Nov 2026 00:00:00 GMT", "x-ms-request-id": "1", "x-ms-version": "2021-12-02"}
        if method == "PUT" and "comp=metadata" in path:
            self.blobs[name] |= metadata
            return 200, stamps, b""
        if method == "PUT":
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
            self.blobs[name] = metadata
            return 201, stamps, b""
        if name not in self.blobs:
            return 404, {**stamps, "x-ms-error-code": "BlobNotFound"}, b""
        return 200, {**stamps, **self.blobs[name], "x-ms-blob-type": "BlockBlob"}, b""

    def _scored(self, endpoint: str, deployment: str, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        traffic = self.resources[f"onlineEndpoints/{endpoint}"]["properties"].get("traffic") or {}
        chosen = deployment or next((name for name, share in traffic.items() if share), "")
        if self.mute or not chosen:
            return 500, {}, json.dumps({"error": {"message": "secret words"}}).encode()
        model_id = self.resources[f"onlineEndpoints/{endpoint}/deployments/{chosen}"]["properties"]["model"]
        model_id = model_id if isinstance(model_id, str) else model_id["assetId"]
        uri = self.resources[model_id.split("/workspaces/")[1].split("/", 1)[1]]["properties"]["modelUri"]
        model = TextModel()
        model.load(self.folder / CONTAINER / uri.split("/paths/")[1])
        split = json.loads(raw)["dataframe_split"]
        rows = model.predict(None, pd.DataFrame(split["data"], columns=split["columns"])).to_dict("records")
        return 200, {}, json.dumps({"predictions": rows}).encode()
