"""Lakedocs: a lake of office documents as a redacted, labelled, searchable index."""

__version__ = "0.1.0"
