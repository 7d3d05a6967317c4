"""All settings, read once and validated: conf/pipeline.yml, then the target's overlay, then overrides of this run.

The only module that looks at the environment, and it does so for keys alone.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakedocs.answer.options import AnswerSettings
from lakedocs.classify.options import ClassificationSettings
from lakedocs.errors import SettingsError
from lakedocs.extract.limits import Limits
from lakedocs.redact.options import RedactionSettings
from lakedocs.services.options import (
    OUTSIDE,
    AzureMLSettings,
    CallSettings,
    ChatSettings,
    EmbeddingSettings,
    SearchSettings,
    ServingSettings,
    SpendingSettings,
    VisionSettings,
)
from lakedocs.summarise.options import SummarySettings
from lakedocs.train.options import TrainingSettings

Target = Literal["local", "dev", "staging", "prod"]
_PACKAGE = Path(__file__).parent
_PACKAGED = _PACKAGE / "_bundle"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Storage(_Part):
    """Where everything lands. With a catalog, tables are Unity Catalog's; without one they are folders below `root`."""

    root: str = Field(".lakedocs", description="Folder (or volume) for work files, images, index, keys and the report.")
    catalog: str = Field("", description="Unity Catalog catalog; empty: Delta folders below root/warehouse.")
    schema_raw: str = "raw"
    schema_docs: str = "docs"
    image_folder: str = Field("", description="Where embedded images are kept; empty: root/images.")

    @property
    def path(self) -> Path:
        return Path(self.root).absolute()

    @property
    def warehouse(self) -> Path:
        return self.path / "warehouse"

    @property
    def staging(self) -> Path:
        return self.path / "work" / "staging"

    @property
    def unfinished(self) -> Path:
        """Where a task leaves a mark that it takes away at its end."""
        return self.path / "work" / "unfinished"

    @property
    def is_volume(self) -> bool:
        """Whether it lies in a Unity Catalog volume, which takes whole files only: no appending, no locks."""
        return self.path.parts[1:2] == ("Volumes",)

    @property
    def progress_folder(self) -> str:
        """Where workers count what they have done; empty where nobody watches."""
        return "" if self.is_volume else str(self.progress)

    @property
    def models(self) -> Path:
        """Where converted models are kept."""
        return Path(tempfile.gettempdir()) / "lakedocs-models" if self.is_volume else self.path / "models"

    @property
    def progress(self) -> Path:
        return self.path / "work" / "progress"

    def images(self, kind: str) -> Path:
        return (Path(self.image_folder).absolute() if self.image_folder else self.path / "images") / kind


class Source(_Part):
    """The folder of documents, when its emptiness is believed, and how often a slow file is tried."""

    path: str = ""
    name: str = Field("", description="Fixed name of the source; empty: its path. Keep it when a folder moves.")
    discovery: Literal["listing", "file_stream", "auto_loader"] = Field(
        "listing", description="How new files are found: by listing all, or told by Spark's own file stream or by Databricks Auto Loader."
    )
    listing_days: float = Field(7, ge=0, description="With a stream the source is listed whole so often: a listing alone shows what is gone.")
    removal_max_share: float = Field(0.3, ge=0, le=1, description="More gone than this share stops the task before it removes any.")
    removal_free: int = Field(20, ge=0, description="So many may always go.")
    time_out_tries: int = Field(3, gt=0, description="Runs that try to read a file which takes longer than limits.seconds, before it is left.")
    read_again: Literal["all", "failed"] = Field(
        "all", description="What a new version of a parser, or another limit, concerns: all files that it reads, or those that were not read whole."
    )
    allow_removal: bool = Field(False, description="Says that a person has looked: remove whatever is gone.")


class Slices(_Part):
    """How much is done between two commits, and over how many partitions."""

    documents: int = Field(5000, gt=0)
    megabytes: int = Field(2048, gt=0)
    partitions: int = Field(8, gt=0)


class PassageSettings(_Part):
    """How redacted elements become passages."""

    max_tokens: int = Field(0, ge=0, description="0: the smallest limit of the models of 07 and 08.")
    overlap_tokens: int = Field(24, ge=0)
    regions_left_out: tuple[str, ...] = ("deletion", "insertion", "comment_copy", "formula", "field")


class Tracking(_Part):
    """MLflow."""

    uri: str = Field("", description="Empty: SQLite below root; `databricks` in a workspace.")
    registry_uri: str = Field("", description="Empty: the tracking server; `databricks-uc` for Unity Catalog.")
    experiment: str = "lakedocs"


class Maintenance(_Part):
    """What the maintenance job removes."""

    history_hours: int = Field(168, ge=0, description="Older versions of tables are removed; below 168 Delta asks for its safety check off.")
    raw_retention_days: int = Field(0, ge=0, description="Raw text older than this is removed; 0 keeps it.")


class Keys(_Part):
    """Names of the keys; each comes from the environment (LAKEDOCS_<NAME>, filled from the secret scope) or, locally, a file."""

    document_id: str = "document_id_key"
    document_passwords: str = Field("document_passwords", description="Passwords of documents, tried in order: a line each, or a JSON list.")
    redaction: str = "redaction_key"
    vault: str = "vault_key"
    vault_previous: str = Field("vault_key_previous", description="While keys are rotated: the one that sealed what is there.")
    search_api: str = "search_api_key"
    openai_api: str = "openai_api_key"
    openai_api_second: str = Field("openai_api_second_key", description="Of the second resource.")
    chat_api: str = Field("chat_api_key", description="Of a chat model that is neither Azure OpenAI's nor the workspace's.")
    vision_api: str = "vision_api_key"
    layout_api: str = "layout_api_key"
    serving: str = "serving_token"


class Settings(_Part):
    """Everything that a task may know."""

    target: Target = "local"
    storage: Storage = Storage()
    source: Source = Source()
    slices: Slices = Slices()
    limits: Limits = Limits()
    redaction: RedactionSettings = RedactionSettings()
    passages: PassageSettings = PassageSettings()
    classification: ClassificationSettings = ClassificationSettings()
    training: TrainingSettings = TrainingSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    chat: ChatSettings = ChatSettings()
    vision: VisionSettings = VisionSettings()
    search: SearchSettings = SearchSettings()
    summaries: SummarySettings = SummarySettings()
    answer: AnswerSettings = AnswerSettings()
    tracking: Tracking = Tracking()
    calls: CallSettings = CallSettings()
    serving: ServingSettings = ServingSettings()
    azureml: AzureMLSettings = AzureMLSettings()
    maintenance: Maintenance = Maintenance()
    spending: SpendingSettings = SpendingSettings()
    keys: Keys = Keys()
    conf_folder: str = ""

    def check_services(self, *, searches: bool = True) -> None:
        """Nothing, where every chosen service has an address.

        Args:
            searches: the job has an index, and embeds for it; else 07's model alone counts.

        Raises:
            SettingsError: before hours of work end at a service that nobody named.
        """
        if searches and self.search.engine == "azure_ai_search" and not self.search.endpoint:
            raise SettingsError(
                "search.endpoint must name the Azure AI Search service: https://NAME.search.windows.net (deploy with --var search_endpoint=...)"
            )
        if searches and self.search.feed == "pull":
            pull = self.search.pull
            if self.search.engine != "azure_ai_search" or not (pull.folder and pull.connection and pull.container):
                raise SettingsError(
                    "search.feed is pull: search.engine must be azure_ai_search, and search.pull needs folder, connection and container."
                )
        if searches and self.chat.engine != "none" and not self.chat.endpoint:
            raise SettingsError("chat.endpoint must name the chat model's service: an Azure OpenAI resource, or the base URL of another API.")
        if searches and self.chat.engine == "azure_openai" and not self.chat.deployment:
            raise SettingsError("chat.deployment must name the deployment of the chat model at chat.endpoint.")
        if searches and self.classification.method == "llm" and self.chat.engine == "none":
            raise SettingsError("classification.method is llm, but chat.engine is none: choose a chat model.")
        if self.classification.summary_above and not self.summaries.enabled:
            raise SettingsError("classification.summary_above labels long documents by their summaries: set summaries.enabled=true, too.")
        if searches and self.vision.engine == "azure_ai_vision" and not self.vision.endpoint:
            raise SettingsError("vision.endpoint must name the Azure AI Vision resource: https://NAME.cognitiveservices.azure.com")
        if searches and self.vision.layout != "none" and not self.vision.layout_endpoint:
            raise SettingsError(
                "vision.layout_endpoint must name the Azure AI Document Intelligence resource: https://NAME.cognitiveservices.azure.com"
            )
        models = (self.embedding, self.classification.model) if searches else (self.classification.model,)
        if any(model.engine == "serving" and not model.endpoint for model in models):
            raise SettingsError("The engine `serving` needs `endpoint`: the URL of a serving endpoint, which ends in /invocations.")
        if any(model.engine == "azure_openai" for model in models) and not (self.embedding.endpoint and self.embedding.deployment):
            raise SettingsError(
                "embedding.endpoint must name the Azure OpenAI resource: deploy with --var openai_endpoint=https://NAME.openai.azure.com"
            )

    @property
    def asks_for_labels(self) -> bool:
        """Whether labels need a service, which may refuse some texts."""
        chosen = self.classification
        by_summary = bool(chosen.summary_above) and self.chat.engine != "none"
        return chosen.method == "llm" or by_summary or chosen.model.engine in OUTSIDE

    @property
    def asks_services(self) -> bool:
        """Whether 07's labels or 08 do."""
        return self.asks_for_labels or self.embedding.engine in OUTSIDE

    @property
    def champion_name(self) -> str:
        """The registered model; in Unity Catalog it lies in the schema of the tables, so that no target moves another's."""
        name = self.classification.champion
        in_catalog = self.storage.catalog and self.tracking.registry_uri == "databricks-uc" and "." not in name
        return f"{self.storage.catalog}.{self.storage.schema_docs}.{name}" if in_catalog else name

    def conf_file(self, name: str) -> Path:
        """The path of a file in conf/."""
        return Path(self.conf_folder) / name


def bundle_folder() -> Path:
    """Where databricks.yml, resources/ and conf/ stand: the checkout, else the copy inside the wheel."""
    checkout = _PACKAGE.parents[1]
    return checkout if (checkout / "databricks.yml").is_file() and (checkout / "conf").is_dir() else _PACKAGED


def load_settings(target: str, overrides: dict[str, Any] | None = None, conf_folder: str = "") -> Settings:
    """The validated settings of a run.

    Args:
        target: local, dev, staging or prod; its overlay is conf/targets/<target>.yml.
        overrides: dotted names to values (`redaction.default_threshold`), text or YAML values.
        conf_folder: the folder with pipeline.yml; empty: the bundle's own.

    Raises:
        SettingsError: naming each setting that is unknown or out of range.
    """
    folder = Path(conf_folder) if conf_folder else bundle_folder() / "conf"
    merged = _merge(_load(folder / "pipeline.yml"), _load(folder / "targets" / f"{target}.yml", required=False))
    for name, value in (overrides or {}).items():
        _place(merged, name, _parsed(name, value) if isinstance(value, str) else value)
    try:
        return Settings.model_validate({**merged, "target": target, "conf_folder": str(folder.absolute())})
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, problem['loc']))}: {_said(problem)}" for problem in error.errors()]
        raise SettingsError("These settings can't be used:\n" + "\n".join(lines)) from error


def _said(problem: Mapping[str, Any]) -> str:
    """What is wrong with a setting; of a name that there is not, which one may be meant."""
    if problem["type"] != "extra_forbidden":
        return str(problem["msg"])
    *section, name = problem["loc"]
    model: Any = Settings
    for part in section:
        field = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        model = field.annotation if field else None
    known = list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
    near = get_close_matches(str(name), known, 1)
    return "there is no such setting" + (f"; is {'.'.join(map(str, [*section, near[0]]))} meant?" if near else ".")


def parse_overrides(text: str) -> dict[str, str]:
    """`a.b=1; c.d=x` as a dictionary.

    Raises:
        SettingsError: for a piece without `=`.
    """
    found = {}
    for piece in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = piece.partition("=")
        if not equals:
            raise SettingsError("An override reads section.setting=value; several are separated by semicolons.")
        found[name.strip()] = value.strip()
    return found


def _load(path: Path, *, required: bool = True) -> dict[str, Any]:
    if not path.is_file():
        if required:
            raise SettingsError(f"There is no {path.name} in the folder of settings; pass --conf with the folder that holds it.")
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SettingsError(f"{path.name} is not YAML: {error}") from error
    return loaded or {}


def _parsed(dotted: str, text: str) -> Any:
    """Text as the setting's type wants it: a question stays text even where it happens to be YAML."""
    model: Any = Settings
    for name in dotted.split("."):
        field = model.model_fields.get(name) if isinstance(model, type) and issubclass(model, BaseModel) else None
        model = field.annotation if field else None
    if model is str:
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"The value of {dotted} is not YAML.") from error


def _merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in overlay.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merge(merged[name], value) if both else value
    return merged


def _place(tree: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, last = dotted.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise SettingsError(f"{dotted} names a setting inside another setting.")
    tree[last] = value


def fingerprint(*parts: object) -> str:
    """16 hex digits that change when any part does; settings count with all their values."""
    digest = hashlib.sha256()
    for part in parts:
        text = part.model_dump_json() if isinstance(part, BaseModel) else str(part)
        digest.update(text.encode("utf-8") + b"\x00")
    return digest.hexdigest()[:16]


def workers_use_this_python() -> None:
    """Spark's local workers start `python3` from the path otherwise, which lacks this environment's packages."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
