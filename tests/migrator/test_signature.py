"""Signatures: the examples of AWS's manual, and whatever botocore signs."""

from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from migrator.access import Keys
from migrator.signature import query_text, signed

# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature calculations"
EXAMPLE_KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EXAMPLE_HOST = "examplebucket.s3.amazonaws.com"
EXAMPLE_TIME = datetime(2013, 5, 24, tzinfo=UTC)

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ({"lifecycle": ""}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ({"prefix": "J", "max-keys": "2"}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_manuals_examples_have_the_signatures_that_stand_there(query, signature):
    headers = signed("GET", EXAMPLE_HOST, "/", query_text(query), EXAMPLE_KEYS, "us-east-1", EXAMPLE_TIME)
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
    )


@given(st.dictionaries(any_text.filter(bool), any_text, max_size=5), st.none() | st.just("a/token+="), st.booleans())
def test_any_query_is_signed_as_botocore_does(query, token, with_port):
    host = "127.0.0.1:9000" if with_port else "s3.example.org"
    text = query_text(query)
    ours = signed("GET", host, "/a%20b/bucket", text, Keys("the-key", "a/secret", token), "eu-west-1")
    request = AWSRequest("GET", f"http://{host}/a%20b/bucket?{text}")
    request.context["timestamp"] = ours["X-Amz-Date"]
    theirs = S3SigV4Auth(Credentials("the-key", "a/secret", token), "s3", "eu-west-1")
    for name, value in ours.items():
        if name not in {"Host", "Authorization"}:
            request.headers[name] = value
    canonical = theirs.canonical_request(request)
    signature = theirs.signature(theirs.string_to_sign(request, canonical), request)
    assert ours["Authorization"].rpartition("=")[2] == signature
