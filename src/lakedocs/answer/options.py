"""The settings of answers, part of all settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AnswerSettings(BaseModel):
    """10: questions and how sure an answer must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    question: str = ""
    questions_file: str = ""
    labels: tuple[str, ...] = Field((), description="Only passages of these labels; empty: all.")
    groups: tuple[str, ...] = Field((), description="Only what one of these groups may read (search.groups); empty: all.")
    passages: int = Field(8, gt=0)
    reranker: str = Field("", description="Cross-encoder (name, path or volume) that ranks what the search brings back again; empty: none.")
    candidates: int = Field(30, gt=0, description="Hits that the reranker is shown.")
    sentences: int = Field(3, gt=0)
    min_similarity: float = Field(0.3, ge=-1, le=1, description="Below this cosine of the best sentence the agent does not know.")
    min_keyword_share: float = Field(0.34, ge=0, le=1, description="So much of the question's words must stand near that sentence ...")
    sure_similarity: float = Field(0.55, ge=-1, le=1, description="... unless its cosine is at least this.")
    min_support: float = Field(0.6, ge=0, le=1, description="A language model's statement and what it quotes must be at least so near.")
    review_below: float = Field(0.5, ge=0, le=1, description="Answers of a language model less sure than this go to docs.answer_reviews.")
