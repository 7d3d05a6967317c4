"""The search index behind one protocol: LanceDB embedded, Azure AI Search in production."""
