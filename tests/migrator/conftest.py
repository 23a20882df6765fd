"""What tests of the migrator share."""

import pytest

from tests.migrator.s3_fake import FakeS3


@pytest.fixture
def s3(monkeypatch):
    """An S3 server within this process, with credentials for it in the environment."""
    for name, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    server = FakeS3()
    yield server
    server.close()
