"""Questions to the index: redacted like the documents, answered with citations or with "I do not know"."""
