"""Spark and Delta: the session, every table, the ledgers, and the shell that all stages share."""
