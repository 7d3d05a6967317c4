"""The embedded model that finds names: what it reads of a text, and what it says."""
