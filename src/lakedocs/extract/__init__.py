"""Bytes of office documents in, elements with place out; one module a format, no Spark."""
