"""The one error tree. Each class says who must act; no message ever carries document text, names or secrets.

LakedocsError
├── SettingsError          whoever wrote the setting or parameter
├── JobFileError           whoever edited the bundle's YAML
├── SourceError            whoever owns the folder of documents
├── MissingKeyError        whoever owns the secret scope
├── RedactionQualityError  whoever signs for what is hidden
├── ModelError             whoever installed or chose the model
├── ServiceError           whoever operates the outside service
│   └── RefusedError       whoever looks into docs.failures: the service refuses one item, not all
├── BudgetError            whoever pays
├── LakeError              whoever operates the tables (or a second run at the same time)
├── TaskError              us: a task failed for a reason that has no name here yet
└── DocumentError          nobody: it becomes the status of one document
"""


class LakedocsError(Exception):
    """Root of every error that Lakedocs raises on purpose."""


class SettingsError(LakedocsError):
    """A setting or parameter is unknown or has a value that can't be; mend conf/ or the parameter."""


class JobFileError(LakedocsError):
    """The bundle's YAML names something that does not exist; mend resources/ or databricks.yml."""


class SourceError(LakedocsError):
    """The folder of documents can't be listed, or has lost so much that nothing is removed before a person says so."""


class MissingKeyError(LakedocsError):
    """A key that must come from the secret scope is not there; nothing has been written."""


class RedactionQualityError(LakedocsError):
    """On the labelled sample less is hidden than the settings demand; nothing of this run has been redacted."""


class ModelError(LakedocsError):
    """A model can't be loaded, or is not the one that was promised."""


class ServiceError(LakedocsError):
    """An outside service stayed away after all bounded retries; finished work is kept, run again later."""


class RefusedError(ServiceError):
    """An outside service refuses what it was asked, and will again; others may be answered."""


class BudgetError(LakedocsError):
    """What is left to do costs more than the budget allows; what was paid for is kept, and another run goes on from there."""


class LakeError(LakedocsError):
    """A table is not as this version needs it, or another run holds the lake."""


class TaskError(LakedocsError):
    """A task failed for a reason that no other class names; type and place of the cause are told, its text is not."""


class DocumentError(LakedocsError):
    """One document can't be read; `status` says why in a word, `reason` in a sentence without its content."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
