"""Deployments of models that the openai package asks, and what its errors mean; for embeddings and chat alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from openai import APIConnectionError, APIStatusError, AzureOpenAI, OpenAI, OpenAIError

from lakedocs.errors import ModelError
from lakedocs.keys import read_key
from lakedocs.services.calls import Caller, Verdict, answered, unreachable, unreadable
from lakedocs.services.options import AzureModel, CallSettings
from lakedocs.services.rates import Rate
from lakedocs.settings import Keys

_SCOPE = "https://cognitiveservices.azure.com/.default"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model at a resource.

    Attributes:
        endpoint: of an Azure resource; else the base URL of an API like OpenAI's.
        name: of the deployment, or of the model.
        api_key: empty: the cluster's identity is used (Azure).
        api_version: Azure's; empty for other services.
    """

    endpoint: str
    name: str
    api_key: str = field(repr=False)
    api_version: str = ""


class Deployments:
    """The deployments of one model: the first is asked, and those after it where it fails.

    Args:
        service: its name in messages.
        deployments: in the order in which they are asked.
        rate: makes what may be asked of a deployment in a minute.
    """

    def __init__(self, service: str, deployments: Sequence[Deployment], bounds: CallSettings, rate: Callable[[], Rate]) -> None:
        self.names = [deployment.name for deployment in deployments]
        self.clients = [_client(deployment, bounds) for deployment in deployments]
        hosts = " and ".join(dict.fromkeys(urlsplit(deployment.endpoint).netloc or deployment.endpoint for deployment in deployments))
        self.caller = Caller(f"{service} at {hosts}", judge, bounds, [rate() for _ in deployments])


def _client(deployment: Deployment, bounds: CallSettings) -> OpenAI:
    common = {"timeout": bounds.seconds, "max_retries": 0}
    if not deployment.api_version:
        return OpenAI(base_url=deployment.endpoint, api_key=deployment.api_key or "none", **common)
    azure = {"azure_endpoint": deployment.endpoint, "api_version": deployment.api_version, **common}
    if deployment.api_key:
        return AzureOpenAI(api_key=deployment.api_key, **azure)
    return AzureOpenAI(azure_ad_token_provider=get_bearer_token_provider(DefaultAzureCredential(), _SCOPE), **azure)


def azure_deployments(chosen: AzureModel, keys: Keys, root: str) -> list[Deployment]:
    """The deployments that settings of a model name, with their keys.

    Raises:
        ModelError: when no resource is named.
        MissingKeyError: when a key is not there.
    """
    if not chosen.endpoint or not chosen.deployment:
        raise ModelError(f"The settings of {chosen.model} must name its Azure OpenAI resource and deployment: `endpoint`, `deployment`.")
    places = [(chosen.endpoint, chosen.deployment, keys.openai_api)]
    if chosen.second_endpoint:
        places.append((chosen.second_endpoint, chosen.second_deployment or chosen.deployment, keys.openai_api_second))
    return [
        Deployment(endpoint, name, "" if chosen.credential == "entra" else read_key(key, root).decode(), chosen.api_version)
        for endpoint, name, key in places
    ]


def judge(error: BaseException) -> Verdict | None:
    """What an error of the openai package means, or of reading its answer."""
    if isinstance(error, APIStatusError):
        return answered(error.status_code, error.response.headers)
    if isinstance(error, APIConnectionError):
        return unreachable(error)
    if isinstance(error, OpenAIError | ValueError):
        return unreadable(error)
    return None
