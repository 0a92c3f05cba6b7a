"""One way to keep files, on a disk and in a bucket."""

import re
import secrets
import signal
import sys
from pathlib import Path

import boto3
import pytest
import requests
from flask import Flask
from pydantic import ValidationError

from inbox import storage
from inbox.config import Settings
from tests.conftest import settings_for
from tests.engines import ended, launched, launched_on_a_free_port, wait_for

CONTENT = bytes(range(256)) * 4000


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A server that speaks S3; gives what names it in the environment."""
    log = tmp_path_factory.mktemp("s3") / "log"
    state = {}

    def launch(port):
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        state.update(url=url, process=launched(command, log, signal.SIGKILL))
        wait_for(lambda: answers(url), state["process"], log)

    launched_on_a_free_port(launch)
    environment = {
        "AWS_ENDPOINT_URL": state["url"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    names = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    boto3.client("s3", endpoint_url=state["url"], region_name="us-east-1", **names).create_bucket(
        Bucket="files"
    )
    yield environment
    ended(state["process"], signal.SIGKILL)


def answers(url):
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture(params=["disk", "bucket"])
def place(request, tmp_path, monkeypatch):
    """An app whose files are kept there."""
    media_url = None
    if request.param == "bucket":
        for name, value in request.getfixturevalue("bucket").items():
            monkeypatch.setenv(name, value)
        media_url = f"s3://files/{secrets.token_hex(4)}/ours"
    app = Flask("test")
    app.config["SETTINGS"] = settings_for(tmp_path, media_url=media_url)
    storage.init_app(app)
    with app.app_context():
        yield request.param


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "lamp of Carol.jpg"
    file.write_bytes(CONTENT)
    return file


def test_what_is_kept_is_read_again(place, file):
    name = storage.keep(file, ".jpg")

    assert storage.size(name) == len(CONTENT)
    assert b"".join(storage.read(name)) == CONTENT
    assert file.exists()


@pytest.mark.parametrize(("start", "end"), [(0, 1), (10, 300), (500_000, len(CONTENT))])
def test_a_part_is_read(place, file, start, end):
    assert b"".join(storage.read(storage.keep(file), start, end)) == CONTENT[start:end]


def test_a_name_says_nothing_and_is_never_given_twice(place, file):
    first, second = storage.keep(file, ".jpg"), storage.keep(file, ".jpg")

    assert re.fullmatch(r"([0-9a-f]{2})/\1[0-9a-f]{30}\.jpg", first)
    assert first != second


def test_what_is_deleted_is_gone_and_can_be_deleted_again(place, file):
    name = storage.keep(file)
    assert storage.size(name)

    storage.delete(name)
    storage.delete(name)

    assert storage.size(name) is None
    with pytest.raises(storage.StorageError):
        storage.read(name)


def test_a_large_file_is_not_held_in_memory(place, tmp_path):
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(40_000_000)

    chunks = [len(chunk) for chunk in storage.read(storage.keep(file))]

    assert sum(chunks) == 40_000_000
    assert max(chunks) <= 8 * 1024 * 1024


@pytest.mark.parametrize("suffix", ["/../x", ".jpg/..", "jpg", ".JPG", ".a-b"])
def test_a_suffix_is_no_path(place, file, suffix):
    with pytest.raises(ValueError, match="suffix"):
        storage.keep(file, suffix)


def test_a_disk_that_takes_nothing_is_an_error_of_the_storage(tmp_path, file):
    app = Flask("test")
    app.config["SETTINGS"] = settings_for(tmp_path)
    storage.init_app(app)
    (tmp_path / "files").rmdir()
    (tmp_path / "files").write_text("not a folder")

    with app.app_context(), pytest.raises(storage.StorageError):
        storage.keep(file)


def test_without_a_setting_files_lie_with_the_data(tmp_path):
    settings = settings_for(tmp_path / "my data")

    assert settings.media == f"file://{tmp_path.resolve()}/my%20data/files"


@pytest.mark.parametrize(
    "url", ["files", "/files", "file://", "file://host/x", "s3://", "ftp://x/y"]
)
def test_a_place_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(ValidationError, match="media_url"):
        settings_for(tmp_path, media_url=url)


def test_a_folder_is_made(tmp_path):
    app = Flask("test")
    app.config["SETTINGS"] = Settings(
        _env_file=None, data_dir=tmp_path, media_url=f"file://{tmp_path}/some%20where"
    )

    storage.init_app(app)

    assert Path(tmp_path, "some where").is_dir()
