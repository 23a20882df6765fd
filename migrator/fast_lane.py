"""Small objects by obstore: several times as many a second as boto3 can, because nothing of it runs in Python.

Every put carries a SHA-256 checksum that the server verifies, and its payload is signed.
obstore refuses or normalises some keys (control characters, empty and dot segments); they take the plain lane.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from migrator.access import Access
from migrator.errors import TargetRefused
from migrator.lanes import ANSWER_SECONDS, CONNECT_SECONDS, CONTENT_TYPE, Stored, Tail, bare
from migrator.target_errors import Answer, NoRange, Outage, Scrubber, judge, not_s3, untrusted

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Credential

# At half a megabit a second this much still fits into an attempt; obstore can bound only the whole request.
MAX_BYTES = 1024 * 1024
_KEYS_LAST = timedelta(minutes=5)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Only the client's own debug text stands on lines of this form; a key or a server's text is escaped in it.
_STATUS = re.compile(r"^ *status: (\d{3}),$", re.MULTILINE)
_BODY = re.compile(r'^ *body: Some\(\n *"(.*)",$', re.MULTILINE)


def speaks(key: str) -> bool:
    """Whether this lane sends exactly `key`."""
    return _CONTROL.search(key) is None and all(segment not in {"", ".", ".."} for segment in key.split("/"))


class FastLane:
    """Puts and reads small objects; may be used by many threads at once.

    Args:
        bucket: The bucket's name.
        access: Endpoint, region, credentials.
    """

    def __init__(self, bucket: str, access: Access) -> None:
        self._scrub: Scrubber = access.scrubber()
        options: ClientConfig = {
            "allow_http": True,
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=ANSWER_SECONDS),
        }
        if access.ca_bundle:
            try:
                options["root_certificate"] = Path(access.ca_bundle).read_bytes()
            except OSError as error:
                raise TargetRefused(f"AWS_CA_BUNDLE cannot be read: {error}") from None

        def credentials() -> "S3Credential":
            keys = access.keys()
            return {
                "access_key_id": keys.access_key,
                "secret_access_key": keys.secret_key,
                "token": keys.token,
                "expires_at": None if access.lasting else datetime.now(UTC) + _KEYS_LAST,
            }

        # Everything is told outright: obstore would else take it from the environment, in an order of its own.
        config: S3Config = {
            "region": access.region,
            "checksum_algorithm": "sha256",
            "conditional_put": "etag",
            "skip_signature": False,
            "unsigned_payload": False,
            "virtual_hosted_style_request": not access.endpoint and "." not in bucket,
        }
        if access.endpoint:
            config |= {"endpoint": access.endpoint, "aws_endpoint_url_s3": access.endpoint}
        self._store = S3Store(
            bucket,
            config=config,
            client_options=options,
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=ANSWER_SECONDS)},
            credential_provider=credentials,
        )

    def put(self, key: str, body: bytes | bytearray, metadata: Mapping[str, str], *, conditional: bool) -> Stored:
        """Store an object in one request.

        Raises:
            KeyTaken, KeyRefused, TargetRefused, Outage, NotSupported: As `judge` tells them apart.
        """
        try:
            result = obstore.put(
                self._store,
                key,
                body,
                attributes={"Content-Type": CONTENT_TYPE, **metadata},
                mode="create" if conditional else "overwrite",
                use_multipart=False,
            )
        except (BaseError, OSError) as error:
            raise _meant(error, f"put {key}", self._scrub, optional=conditional) from None
        return Stored(bare(result["e_tag"]), result["version"])

    def tail(self, key: str, length: int) -> Tail | None:
        """The last `length` bytes (at most); None where only the plain lane can tell (an object without bytes)."""
        try:
            result = obstore.get(self._store, key, options={"range": {"suffix": length}})
            data = bytes(result.bytes())
        except (BaseError, OSError) as error:
            meant = _meant(error, f"read {key}", self._scrub, reads=True)
            if isinstance(meant, NoRange):
                return None
            raise meant from None
        meta = result.meta
        if not meta["e_tag"]:
            raise not_s3(f"read {key}")
        return Tail(data, meta["size"], Stored(bare(meta["e_tag"]), meta["version"]))


def _status(text: str) -> str | None:
    found = _STATUS.findall(text)
    return str(found[-1]) if found else None


def _meant(error: Exception, what: str, scrub: Scrubber, *, reads: bool = False, optional: bool = False) -> Exception:
    text = str(error)
    status = _status(text)
    if status:
        bodies = _BODY.findall(text)
        body = bodies[-1].replace('\\"', '"').replace("\\n", "\n") if bodies else ""
        return judge(Answer.of_body(int(status), body), what, scrub, reads=reads, optional=optional)
    if "ParseContentRange" in text or "NotPartial" in text:
        return NoRange(scrub(what))
    if "BareRedirect" in text or "TooManyRedirects" in text:
        return judge(Answer(301, "PermanentRedirect", "the endpoint redirects"), what, scrub)
    if "InvalidCertificate" in text:
        return untrusted(what)
    if "MissingEtag" in text or "Metadata {" in text:
        return not_s3(what)
    return Outage(scrub(f"{what}: {_cause(text)}"))


def _cause(text: str) -> str:
    """The innermost cause in words: the first line says only that a request could not be sent."""
    for sign, words in (
        ("kind: Timeout", f"no answer within {ANSWER_SECONDS} s"),
        ("dns error", "the endpoint's name cannot be resolved"),
        ("ConnectionRefused", "the connection is refused"),
        ("kind: Connect", "no connection"),
    ):
        if sign in text:
            return words
    head, _, _ = text.partition("\n\nDebug source:")
    _, _, reason = head.rpartition(" - ")
    return f"the connection broke ({reason})"
