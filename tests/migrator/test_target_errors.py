"""What answers mean."""

import pytest

from migrator.errors import KeyRefused, KeyTaken, TargetRefused
from migrator.target_errors import (
    Answer,
    Missing,
    NoRange,
    NoSuchUpload,
    NotSupported,
    Outage,
    Scrubber,
    judge,
)

PLAIN = Scrubber("the-secret")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "SlowDown", Outage),
        (503, "", Outage),
        (500, "InternalError", Outage),
        (507, "XMinioStorageFull", Outage),
        (400, "XMinioAdminBucketQuotaExceeded", Outage),
        (502, "", Outage),
        (504, "", Outage),
        (501, "NotImplemented", Outage),
        (429, "", Outage),
        (408, "", Outage),
        (499, "ClientDisconnected", Outage),
        (400, "RequestTimeout", Outage),
        (400, "BadDigest", Outage),
        (400, "XAmzContentSHA256Mismatch", Outage),
        (409, "ConditionalRequestConflict", Outage),
        (409, "OperationAborted", Outage),
        (403, "InvalidAccessKeyId", TargetRefused),
        (403, "SignatureDoesNotMatch", TargetRefused),
        (400, "ExpiredToken", TargetRefused),
        (400, "InvalidToken", TargetRefused),
        (401, "", TargetRefused),
        (404, "NoSuchBucket", TargetRefused),
        (400, "InvalidBucketName", TargetRefused),
        (403, "RequestTimeTooSkewed", TargetRefused),
        (400, "AuthorizationHeaderMalformed", TargetRefused),
        (301, "PermanentRedirect", TargetRefused),
        (307, "", TargetRefused),
        (412, "PreconditionFailed", KeyTaken),
        (412, "", KeyTaken),
        (403, "AccessDenied", KeyRefused),
        (403, "", KeyRefused),
        (400, "EntityTooLarge", KeyRefused),
        (413, "", KeyRefused),
        (400, "XMinioInvalidObjectName", KeyRefused),
        (400, "KeyTooLongError", KeyRefused),
        (400, "MetadataTooLarge", KeyRefused),
        (404, "", KeyRefused),
        (404, "NoSuchUpload", NoSuchUpload),
    ],
)
def test_the_answer_to_a_put_means(status, code, kind):
    assert type(judge(Answer(status, code, "words"), "put a", PLAIN)) is kind


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "NoSuchKey", Missing),
        (404, "", Missing),
        (404, "NoSuchBucket", TargetRefused),
        (416, "InvalidRange", NoRange),
        (412, "", Outage),
    ],
)
def test_the_answer_to_a_read_means(status, code, kind):
    assert type(judge(Answer(status, code, ""), "read a", PLAIN, reads=True)) is kind


def test_what_a_server_cannot_do_is_told_where_there_is_another_way():
    assert type(judge(Answer(501, "NotImplemented", ""), "put a", PLAIN, optional=True)) is NotSupported


def test_a_refusal_of_the_bucket_is_everybodys():
    assert type(judge(Answer(403, "AccessDenied", ""), "list b", PLAIN, of_key=False)) is TargetRefused


def test_a_message_names_what_was_asked_and_what_was_said_in_one_line():
    error = judge(Answer(403, "AccessDenied", "No\n way"), "put a\nb", PLAIN)
    assert str(error) == "put a b: AccessDenied (403): No way"


@pytest.mark.parametrize(
    "text",
    [
        "it is the-secret",
        "http://host/?X-Amz-Signature=the1signature&x",
        "http://host/?X-Amz-Security-Token=the1signature",
        "Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=the1signature",
        '{"authorization": "the1signature"}',
        "AWS4-HMAC-SHA256 the1signature",
        "http://somebody:the-secret@host/",
    ],
)
def test_secrets_are_taken_out(text):
    shown = PLAIN(text)
    assert "the-secret" not in shown
    assert "the1signature" not in shown


def test_words_that_only_look_like_secrets_stay():
    text = "The request signature we calculated does not match the signature you provided. Check the credentials."
    assert PLAIN(text) == text


def test_a_body_that_is_no_xml_has_no_code():
    assert Answer.of_body(404, "<html><body>nginx</body></html>") == Answer(404, "", "")
    assert Answer.of_body(400, "<Error><Code>A</Code><Message>&lt;b&gt;</Message>") == Answer(400, "A", "<b>")
