"""Personal data out: recognisers, operators, audit. Pure text in, redacted text out, no Spark."""
