"""Services that answer on loopback as the real ones do, keep state, and throw faults on a script."""
