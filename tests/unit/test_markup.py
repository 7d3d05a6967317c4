"""HTML as text: nothing is lost for how deep it stands."""

from __future__ import annotations

import pytest

from lakedocs.extract.text.markup import html_text


@pytest.mark.parametrize("levels", [1, 300, 3000])
def test_text_is_kept_however_deep_it_stands(levels: int) -> None:
    markup = "<p>before</p>" + "<div>" * levels + "deep &amp; dark" + "</div>" * levels + "<style>p {}</style><p>after</p>"
    assert html_text(f"<html><body>{markup}</body></html>").split("\n\n") == ["before", "deep & dark", "after"]
