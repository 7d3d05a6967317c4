"""Texts into vectors: the packaged MiniLM, any sentence-transformers model, or Azure OpenAI, behind one protocol."""
