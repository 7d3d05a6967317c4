"""serve_champion: the champion onto its serving endpoint, where conf names one.

Reads: the registry's alias champion. Writes: the endpoint, through the workspace's interface. A run with nothing new changes nothing.
An endpoint can't stand in the bundle: before the first promotion there is no version to serve.
"""

from __future__ import annotations

from lakedocs.classify.champion import present_champion
from lakedocs.lakehouse.stage import Figures, TaskContext


def run(context: TaskContext) -> Figures:
    """Create or update the endpoint; nothing while zero-shot is the champion."""
    settings = context.settings
    name = settings.serving.classifier
    version = present_champion(settings) if name else ""
    if not version:
        return Figures()
    from databricks.sdk import WorkspaceClient

    from lakedocs.serving.endpoints import put_endpoint

    context.announce(1)
    outcome = put_endpoint(WorkspaceClient(), name, settings.champion_name, version, settings.serving)
    return Figures(stale=int(outcome != "as it was"), kept=int(outcome == "as it was"))
