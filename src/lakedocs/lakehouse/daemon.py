"""Spark's Python daemon with the modules of every stage imported before it forks, so that no worker imports them again.

Named by `spark.python.daemon.module` in local sessions; a cluster's own daemon does as well, only later.
"""

from __future__ import annotations

import numpy  # noqa: F401 - imported for the workers
import pyarrow  # noqa: F401
import pyspark.sql.functions  # noqa: F401
from pyspark.daemon import manager

import lakedocs.lakehouse.ingest
import lakedocs.lakehouse.vectors  # noqa: F401

if __name__ == "__main__":
    manager()
