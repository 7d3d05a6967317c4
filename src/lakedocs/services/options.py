"""The settings of outside services, part of all settings."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CallSettings(_Part):
    """How every outside service is called."""

    seconds: float = Field(60, gt=0, description="Time-out of one try.")
    total_seconds: float = Field(600, gt=0, description="Bound of a call with all its tries; waiting for the rate does not count.")
    workers: int = Field(4, gt=0, description="Partitions that call at the same time; each has its share of the rates in prices.yml.")
    at_once: int = Field(4, gt=0, description="Calls of one partition at the same time.")


class ServingSettings(_Part):
    """The model serving endpoints of a workspace."""

    classifier: str = Field("", description="Endpoint that gets the champion after its promotion; empty: none.")
    embedder: str = Field("multilingual_e5_base_service", description="Endpoint that `lakedocs models publish --serve` creates or updates.")
    agent: str = Field("lakedocs_agent", description="Endpoint that `lakedocs models agent --serve` creates or updates.")
    secret_scope: str = Field("", description="Where the agent's endpoint gets its keys from: lakedocs-<target>.")
    environment: tuple[Annotated[str, Field(pattern=r"^\w+=")], ...] = Field(
        (), description="More variables of that endpoint, NAME=value each; a secret as {{secrets/SCOPE/KEY}}."
    )
    workload_size: Literal["Small", "Medium", "Large"] = "Small"
    scale_to_zero: bool = True
    batch_texts: int = Field(64, gt=0, description="Texts of one request.")


class AzureMLSettings(_Part):
    """The Azure Machine Learning workspace that `lakedocs models azureml` deploys to."""

    subscription: str = Field("", description="Id of the subscription.")
    resource_group: str = ""
    workspace: str = ""
    endpoint: str = Field("lakedocs-classifier", pattern=r"^[a-zA-Z][a-zA-Z0-9-]{2,31}$", description="Unique in its Azure region.")
    instance_type: str = "Standard_DS3_v2"
    instances: int = Field(1, gt=0)
    image: str = Field("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", description="Base image, on which environment.yml is installed.")
    seconds: int = Field(60, gt=0, le=180, description="Time-out of one request.")
    auth: Literal["aad_token", "key"] = Field("aad_token", description="How the endpoint knows its callers.")


class AzureModel(_Part):
    """Where a model of Azure OpenAI is; other services need the endpoint alone."""

    model: str = ""
    endpoint: str = Field("", description="Azure OpenAI's resource; of a serving endpoint for vectors the URL that ends in /invocations.")
    deployment: str = ""
    second_endpoint: str = Field("", description="Azure OpenAI: another resource with a deployment of the same model, asked where the first fails.")
    second_deployment: str = ""
    credential: Literal["key", "entra"] = Field("key", description="key: from the secret scope; entra: the cluster's identity.")
    api_version: str = "2024-10-21"


OUTSIDE = frozenset({"azure_openai", "serving"})
"""The engines of embedding models that are services."""


class EmbeddingSettings(AzureModel):
    """The model that turns passages and questions into vectors."""

    engine: Literal["packaged", "sentence_transformers", "azure_openai", "serving"] = "packaged"
    model: str = Field("all-MiniLM-L6-v2", description="Name, path or volume; for a service the model's name.")
    dimensions: int = Field(0, ge=0, description="0: as the model has it.")
    batch_tokens: int = Field(8192, gt=0, description="Tokens of one batch, padding included (local); of one request (service).")
    precision: Literal["auto", "float32", "bfloat16", "int8"] = "auto"
    runtime: Literal["auto", "openvino", "onnx", "torch"] = Field("auto", description="auto: OpenVINO where its vectors agree, else PyTorch.")
    min_agreement: float = Field(0.999, ge=0, le=1, description="Mean cosine from which `auto` trusts a converted model.")


class ChatSettings(AzureModel):
    """The language model that answers, labels and summarises; without one, answers and summaries are made of the documents' own sentences."""

    engine: Literal["none", "azure_openai", "openai_compatible", "serving"] = "none"
    model: str = Field("gpt-4o", description="Its name, as in prices.yml.")
    answer_tokens: int = Field(1000, gt=0, description="Longest reply.")
    context_tokens: int = Field(12_000, gt=500, description="Longest request, reply included.")
    structured: Literal["schema", "object"] = Field("schema", description="schema: replies by JSON schema; object: any JSON, for older models.")

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.context_tokens < self.answer_tokens + 1500:
            raise ValueError("context_tokens must be 1,500 more than answer_tokens at least: it holds the reply, the rules and the passages.")
        return self


class PullSettings(_Part):
    """Azure AI Search: the container from which an indexer of the service takes what 09 exports."""

    folder: str = Field("", description="Where 09 writes: a volume over the container, or a folder in it (/Volumes/...).")
    connection: str = Field(
        "",
        description="ResourceId=/subscriptions/.../storageAccounts/NAME; - the service's identity reads, no key is needed.",
    )
    container: str = ""
    container_folder: str = Field("", description="Which folder of the container `folder` is; empty: the container itself.")
    source_type: Literal["adlsgen2", "azureblob"] = "adlsgen2"
    minutes: int = Field(20, ge=5, le=1440, description="How often the indexer looks by itself.")
    wait_minutes: float = Field(120, gt=0, description="How long 09 waits for a run of it.")

    @field_validator("connection")
    @classmethod
    def _holds_no_key(cls, value: str) -> str:
        if value and not value.startswith("ResourceId="):
            raise ValueError("must name the storage account, ResourceId=/subscriptions/.../storageAccounts/NAME; - keys do not belong in settings.")
        return value


class SearchSettings(_Part):
    """The index and how it is asked."""

    engine: Literal["lancedb", "azure_ai_search"] = "lancedb"
    feed: Literal["push", "pull"] = Field("push", description="Azure: 09 sends entries, or exports them for an indexer of the service to pull.")
    pull: PullSettings = PullSettings()
    index: str = Field("lakedocs", pattern=r"^[a-z0-9][a-z0-9-]*$", description="Name; a fingerprint of the embedding model is added.")
    endpoint: str = ""
    credential: Literal["key", "entra"] = Field("key", description="key: from the secret scope; entra: the cluster's identity.")
    batch_documents: int = Field(1000, gt=0, le=1000)
    batch_mb: int = Field(15, gt=0, le=16)
    vector_index_rows: int = Field(100_000, gt=0, description="LanceDB: from here on an HNSW index is built.")
    fusion: Literal["weighted", "rrf"] = Field("weighted", description="LanceDB: weighted scores, or reciprocal ranks; Azure fuses ranks.")
    vector_weight: float = Field(0.5, gt=0, lt=1, description="Share of the vectors in the fused score.")
    semantic: bool = Field(False, description="Azure: rank the best hits again by meaning; the service's tier must have it.")
    compression: Literal["none", "scalar", "binary"] = Field("none", description="Azure: of the vectors.")
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Path prefixes in the source, and the groups that may read there.")


class VisionSettings(_Part):
    """Who reads images, and pages that hold none of their text."""

    engine: Literal["none", "ocr", "azure_ai_vision"] = "none"
    endpoint: str = Field("", description="https://NAME.cognitiveservices.azure.com: what an image shows leaves the workspace for it, unredacted.")
    api_version: str = "2024-02-01"
    features: tuple[Literal["caption", "denseCaptions", "tags", "read", "objects", "people"], ...] = ("caption", "tags", "read")
    language: str = Field("", description="Of captions and tags; empty: the service's default.")
    min_px: int = Field(40, gt=0, description="Images of which both sides are shorter are not read.")
    max_px: int = Field(2400, ge=100, le=16_000, description="Larger images are made smaller.")
    max_mb: int = Field(4, gt=0, le=20, description="Images of more bytes are compressed.")
    min_score: float = Field(0.6, ge=0, le=1, description="OCR: pieces of text less sure than this are left out.")
    layout: Literal["none", "scans", "tables", "both"] = Field(
        "none", description="PDF pages that Azure AI Document Intelligence reads: those without text, the tables of those with some, or both."
    )
    layout_endpoint: str = Field("", description="https://NAME.cognitiveservices.azure.com: these pages leave the workspace for it, unredacted.")
    layout_api_version: str = "2024-11-30"


class SpendingSettings(_Part):
    """What outside services may cost."""

    prices: str = Field("prices.yml", description="File in conf/ with prices and limits.")
    budget: float = Field(0, ge=0, description="US dollars that a task may spend in a run; 0: no bound.")
