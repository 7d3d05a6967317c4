"""Settings come in once, validated, and say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakedocs.errors import MissingKeyError, SettingsError
from lakedocs.keys import make_local_keys, read_key
from lakedocs.settings import fingerprint, load_settings, parse_overrides


@pytest.mark.parametrize("target", ["local", "dev", "staging", "prod"])
def test_every_target_has_valid_settings(target: str) -> None:
    assert load_settings(target).target == target


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("redaction.default_treshold", "0.5", "redaction.default_treshold"),
        ("redaction.default_threshold", "1.5", "less than or equal to 1"),
        ("search.engine", "elastic", "search.engine"),
        ("slices.documents", "many", "slices.documents"),
        ("slices.documents.more", "1", "slices"),
        ("redaction.thresholds", "{a: [", "not YAML"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_settings("local", {name: value})


def test_text_stays_text_and_other_values_are_parsed() -> None:
    settings = load_settings(
        "local", {"answer.question": "is it: yes or {no}?", "answer.enabled": "false", "redaction.thresholds.X": "0.3", "source.path": "/a: b/2024"}
    )
    assert settings.answer.question == "is it: yes or {no}?"
    assert settings.answer.enabled is False
    assert settings.redaction.thresholds["X"] == 0.3
    assert settings.source.path == "/a: b/2024"


@pytest.mark.parametrize(("text", "expected"), [("", {}), ("a.b=1; c=x=y ;", {"a.b": "1", "c": "x=y"})])
def test_overrides(text: str, expected: dict[str, str]) -> None:
    assert parse_overrides(text) == expected


def test_an_override_without_a_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="section"):
        parse_overrides("redaction")


def test_pipeline_yml_names_every_setting() -> None:
    import yaml

    from lakedocs.settings import Settings, bundle_folder

    written = yaml.safe_load((bundle_folder() / "conf" / "pipeline.yml").read_text(encoding="utf-8"))
    for section, field in Settings.model_fields.items():
        if section in ("target", "conf_folder"):
            continue
        assert set(written[section]) == set(field.annotation.model_fields), section  # type: ignore[union-attr]


def test_keys_come_from_the_environment_before_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path)})
    with pytest.raises(MissingKeyError, match="LAKEDOCS_REDACTION_KEY"):
        read_key("redaction_key", str(tmp_path))
    make_local_keys(settings)
    first = read_key("redaction_key", str(tmp_path))
    make_local_keys(settings)
    assert (tmp_path / "keys" / "redaction_key").stat().st_mode & 0o077 == 0
    assert read_key("redaction_key", str(tmp_path)) == first
    monkeypatch.setenv("LAKEDOCS_REDACTION_KEY", "from the scope")
    assert read_key("redaction_key", str(tmp_path)) == b"from the scope"


def test_an_empty_key_is_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "redaction_key").write_text("\n")
    with pytest.raises(MissingKeyError):
        read_key("redaction_key", str(tmp_path))


@pytest.mark.parametrize(
    ("target", "given", "complaint"),
    [
        ("dev", {}, "search_endpoint"),
        ("prod", {"search.endpoint": "https://s"}, "openai_endpoint"),
        ("prod", {"search.endpoint": "https://s", "embedding.endpoint": "https://o", "embedding.deployment": "d"}, ""),
        ("local", {}, ""),
        ("local", {"vision.layout": "scans"}, "vision.layout_endpoint must name the Azure AI Document Intelligence resource"),
        ("local", {"vision.layout": "scans", "vision.layout_endpoint": "https://l"}, ""),
    ],
)
def test_a_service_without_an_address_is_told_before_any_work(target: str, given: dict[str, str], complaint: str) -> None:
    settings = load_settings(target, given)
    if not complaint:
        settings.check_services()
        return
    with pytest.raises(SettingsError, match=complaint):
        settings.check_services()


def test_a_fingerprint_changes_with_any_part() -> None:
    one = load_settings("local")
    other = load_settings("local", {"limits.seconds": "61"})
    assert fingerprint("v", one.limits) != fingerprint("v", other.limits)
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("chat.enginee", "chat.enginee: there is no such setting; is chat.engine meant?"),
        ("visoin.engine", "visoin: there is no such setting; is vision meant?"),
        ("search.nonsense_at_all", "search.nonsense_at_all: there is no such setting."),
        ("classification.model.endpont", "is classification.model.endpoint meant?"),
    ],
)
def test_a_misspelt_setting_says_which_one_may_be_meant(name: str, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings("local", {name: "x"})
    assert says in str(raised.value)


def test_a_chat_model_must_have_room_for_passages() -> None:
    with pytest.raises(SettingsError, match="1,500 more"):
        load_settings("local", {"chat.context_tokens": "2000", "chat.answer_tokens": "1500"})


def test_a_key_is_no_connection_of_the_container() -> None:
    named = "ResourceId=/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a;"
    assert load_settings("local", {"search.pull": {"connection": named}}).search.pull.connection == named
    with pytest.raises(SettingsError, match="keys do not belong in settings"):
        load_settings("local", {"search.pull": {"connection": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc"}})
