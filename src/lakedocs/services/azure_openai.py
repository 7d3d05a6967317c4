"""Deployments of Azure OpenAI, and what the errors of the openai package mean; for embeddings and chat alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from openai import APIConnectionError, APIStatusError, AzureOpenAI, OpenAIError

from lakedocs.services.calls import Caller, Verdict, answered, unreachable, unreadable
from lakedocs.services.options import CallSettings
from lakedocs.services.rates import Rate

_SCOPE = "https://cognitiveservices.azure.com/.default"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model at a resource; without a key it is asked with the cluster's identity."""

    endpoint: str
    name: str
    api_key: str = field(repr=False)


class Deployments:
    """The deployments of one model: the first is asked, and those after it where it fails.

    Args:
        deployments: in the order in which they are asked.
        rate: makes what may be asked of a deployment in a minute.
    """

    def __init__(self, deployments: Sequence[Deployment], api_version: str, bounds: CallSettings, rate: Callable[[], Rate]) -> None:
        self.names = [deployment.name for deployment in deployments]
        self.clients = [_client(deployment, api_version, bounds) for deployment in deployments]
        self.caller = Caller("Azure OpenAI", judge, bounds, [rate() for _ in deployments])


def _client(deployment: Deployment, api_version: str, bounds: CallSettings) -> AzureOpenAI:
    options = {"azure_endpoint": deployment.endpoint, "api_version": api_version, "timeout": bounds.seconds, "max_retries": 0}
    if deployment.api_key:
        return AzureOpenAI(api_key=deployment.api_key, **options)
    return AzureOpenAI(azure_ad_token_provider=get_bearer_token_provider(DefaultAzureCredential(), _SCOPE), **options)


def judge(error: BaseException) -> Verdict | None:
    """What an error of the openai package means, or of reading its answer."""
    if isinstance(error, APIStatusError):
        return answered(error.status_code, error.response.headers)
    if isinstance(error, APIConnectionError):
        return unreachable(error)
    if isinstance(error, OpenAIError | ValueError):
        return unreadable(error)
    return None
