"""What tests of the migrator share."""

import signal

import pytest

from tests.migrator.fakes import FakeBucket, install
from tests.migrator.runs import World
from tests.migrator.s3_fake import FakeS3


@pytest.fixture
def s3(monkeypatch):
    """An S3 server within this process, with credentials for it in the environment."""
    for name, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    server = FakeS3()
    yield server
    server.close()


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    """A source, a bucket that is a folder, and runs of this process between them."""
    bucket = FakeBucket(tmp_path / "bucket")
    install(monkeypatch, bucket)
    root = tmp_path / "source"
    root.mkdir()
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield World(root, bucket, capsys)
    for number, handler in handlers:
        signal.signal(number, handler)
