"""The chat model that the settings name, once per process."""

from __future__ import annotations

from functools import lru_cache

from lakedocs.errors import ModelError
from lakedocs.keys import read_key
from lakedocs.llm.protocol import ChatModel
from lakedocs.services.prices import load_prices, shared_rate
from lakedocs.settings import Settings


def open_chat(settings: Settings) -> ChatModel | None:
    """The chat model; none where none is chosen.

    Raises:
        ModelError: when its settings name no address.
        MissingKeyError: when its service needs a key that is not there.
    """
    return None if settings.chat.engine == "none" else _open(settings.model_dump_json())


@lru_cache(maxsize=2)
def _open(settings_json: str) -> ChatModel:
    from lakedocs.llm.openai_chat import OpenAIChat
    from lakedocs.services.openai_models import Deployment, azure_deployments

    settings = Settings.model_validate_json(settings_json)
    chosen, root = settings.chat, settings.storage.root
    price = load_prices(settings).get(chosen.model)
    if chosen.engine == "azure_openai":
        deployments = azure_deployments(chosen, settings.keys, root)
    else:
        if not chosen.endpoint:
            raise ModelError("chat.endpoint must be the base URL of the chat model: https://HOST/v1, or https://WORKSPACE/serving-endpoints.")
        key = settings.keys.serving if chosen.engine == "serving" else settings.keys.chat_api
        deployments = [Deployment(chosen.endpoint, chosen.deployment or chosen.model, read_key(key, root).decode())]
    return OpenAIChat(chosen, deployments, settings.calls, lambda: shared_rate(price, settings.calls.workers, chosen.context_tokens))
