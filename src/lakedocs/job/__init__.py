"""The bundle's job file, and its run on this machine."""
