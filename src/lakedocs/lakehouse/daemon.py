"""Spark's Python daemon with the modules of every stage imported before it forks, so that no worker imports them again.

Named by `spark.python.daemon.module` in local sessions; a cluster's own daemon does as well, only later.
"""

from __future__ import annotations

import sys
import zipimport
from importlib import import_module

_MODULES = ("numpy", "pyarrow", "pyspark.sql.functions", "lakedocs.lakehouse.ingest", "lakedocs.lakehouse.vectors")


def main() -> None:
    """Serve Spark's requests for workers until its Java process goes."""
    # Spark puts its jars on the path of every worker, and makes Python forget what it knows of the path before each task: so each task
    # would read the directories of all those archives anew, for half a second, to find no Python in them. What there is lies in folders.
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if hook is not zipimport.zipimporter]
    sys.path_importer_cache.clear()
    for name in _MODULES:
        import_module(name)
    import_module("pyspark.daemon").manager()


if __name__ == "__main__":
    main()
