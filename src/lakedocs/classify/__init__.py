"""Passages get labels: zero-shot by nearness to reference prompts, or by the registry's champion."""
