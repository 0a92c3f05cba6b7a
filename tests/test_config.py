import stat

import pytest

from inbox import config
from inbox.config import BadSettings


def load(**given):
    return config.load(_env_file=None, **given)


def test_nothing_has_to_be_set(monkeypatch, tmp_path):
    settings = load(data_dir=tmp_path)

    assert settings.database == f"sqlite:///{tmp_path}/inbox.db"
    assert settings.public == "http://127.0.0.1:5000"


def test_all_wrong_settings_are_told_at_once_without_their_secrets(monkeypatch):
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db/x")
    monkeypatch.setenv("BLOOIO_WEBHOOK_SECRET", "whsec_hidden")

    with pytest.raises(BadSettings) as told:
        load()

    assert [problem.split()[0] for problem in told.value.problems] == [
        "BLOOIO_WEBHOOK_SECRET",
        "DATABASE_URL",
        "PORT",
    ]
    assert "hunter2" not in str(told.value) and "whsec_hidden" not in str(told.value)


def test_every_problem_has_its_mend():
    for name in ("host", "data_dir", "secret_key"):
        assert name in config.Settings.model_fields
    assert set(config.MENDS) <= set(config.Settings.model_fields)


def test_several_webhook_secrets_are_split():
    settings = load(blooio_api_key="k", blooio_webhook_secret="new, old,")

    assert settings.webhook_secrets == ["new", "old"]


def test_secrets_are_not_in_the_settings_picture():
    assert "k3y" not in repr(load(blooio_api_key="k3y"))


def test_the_secret_key_is_made_once_and_private(tmp_path):
    settings = load(data_dir=tmp_path)

    assert config.keep_secret_key(settings) == config.keep_secret_key(settings)
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
