"""An index of Azure AI Search as Lakedocs wants it: text searchable, what narrows a search filterable, vectors neither stored twice nor returned."""

from __future__ import annotations

from typing import Any

from azure.search.documents.indexes.models import (
    BinaryQuantizationCompression,
    HnswAlgorithmConfiguration,
    ScalarQuantizationCompression,
    SearchableField,
    SearchField,
    SearchFieldDataType,
    SearchIndex,
    SemanticConfiguration,
    SemanticField,
    SemanticPrioritizedFields,
    SemanticSearch,
    SimpleField,
    VectorSearch,
    VectorSearchProfile,
)

_FACETS = ("kind", "label", "language")
_COMPRESSIONS: dict[str, Any] = {"scalar": ScalarQuantizationCompression, "binary": BinaryQuantizationCompression}


def index_definition(name: str, dimensions: int, compression: str) -> SearchIndex:
    """The index.

    Args:
        dimensions: of the vectors.
        compression: of the vectors: none, scalar or binary.
    """
    text = SearchFieldDataType.STRING
    filterable = [SimpleField(name=field, type=text, filterable=True, facetable=field in _FACETS) for field in ("doc_id", *_FACETS)]
    vector = SearchField(
        name="vector", type=SearchFieldDataType.Collection(SearchFieldDataType.SINGLE), searchable=True, hidden=True, stored=False,
        vector_search_dimensions=dimensions, vector_search_profile_name="by-cosine",
    )  # fmt: skip
    kind = _COMPRESSIONS.get(compression)
    return SearchIndex(
        name=name,
        fields=[
            SimpleField(name="passage_id", type=text, key=True, filterable=True),
            *filterable,
            SimpleField(name="groups", type=SearchFieldDataType.Collection(text), filterable=True),
            SearchableField(name="title", type=text),
            SearchableField(name="heading_path", type=text),
            SimpleField(name="place", type=text),
            SearchableField(name="text", type=text, analyzer_name="standard.lucene"),
            SearchableField(name="summary", type=text),
            vector,
        ],
        vector_search=VectorSearch(
            algorithms=[HnswAlgorithmConfiguration(name="hnsw", parameters={"metric": "cosine"})],
            profiles=[
                VectorSearchProfile(name="by-cosine", algorithm_configuration_name="hnsw", compression_name="compressed" if kind else None)
            ],
            compressions=[kind(compression_name="compressed")] if kind else None,
        ),
        semantic_search=SemanticSearch(
            default_configuration_name="passages",
            configurations=[
                SemanticConfiguration(
                    name="passages",
                    prioritized_fields=SemanticPrioritizedFields(
                        title_field=SemanticField(field_name="title"), content_fields=[SemanticField(field_name="text")],
                        keywords_fields=[SemanticField(field_name="heading_path")],
                    ),
                )
            ],
        ),
    )  # fmt: skip
