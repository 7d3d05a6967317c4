"""Documents in a few sentences: by a language model, or of their own most central ones."""
