"""Cutting redacted elements into passages that fit the models."""
