"""The bucket: objects are staged, committed, found, listed and taken back; nothing is ever overwritten.

How size and checksum are confirmed. A small object's put carries a checksum that the server verifies before it
stores anything (SHA-256, or Content-MD5 for odd keys); each part of a bigger one carries its CRC-32. Then the ETag
that the server gives must be the MD5 of what was sent (for parts: the MD5 of their MD5s), which also settles the
size. Where an ETag is no MD5 (encrypted buckets), the server is asked for the size, and what nothing has confirmed is
read back and compared.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from migrator import footer
from migrator.budget import Budget
from migrator.errors import KeyRefused, KeyTaken, TargetUnavailable
from migrator.lanes import Stored
from migrator.listing import Listed, all_uploads
from migrator.multipart import Multipart, Senders
from migrator.patience import Patience
from migrator.server import Server
from migrator.staging import MEMORY_BYTES, Spool, StagedUpload
from migrator.target_address import Address, TargetSettings
from migrator.target_errors import Missing, NoSuchUpload, NotSupported

__all__ = ["Address", "Found", "Listed", "Receipt", "Target", "TargetSettings"]

_log = logging.getLogger(__name__)
_NOT_ABORTED = "multipart uploads that earlier runs left over cannot be aborted: %s"


@dataclass(frozen=True)
class Receipt:
    """What the server confirmed: size in bytes, ETag without quotes, version where the bucket is versioned."""

    key: str
    size: int
    etag: str
    version: str | None


@dataclass(frozen=True)
class Found:
    """An object in the bucket; rows and footer texts where it is parquet, else None and nothing."""

    key: str
    size: int
    etag: str
    version: str | None
    rows: int | None = None
    footer: dict[str, str] = field(default_factory=dict)


class Target:
    """A bucket. Every method may be called from many threads at once.

    No request is made before the first method that needs one, so a run with nothing to upload never asks the target.

    Args:
        address: The bucket; keys are given whole, with the prefix.
        settings: How it is reached.
    """

    def __init__(self, address: Address, settings: TargetSettings) -> None:
        self.address = address
        self._settings = settings
        self._patience = Patience(settings.retry_for, settings.stop)
        self._budget = Budget(MEMORY_BYTES)
        self._senders = Senders()
        self._server = Server(address.bucket, settings.endpoint_url)

    def stage(self, key: str, metadata: Mapping[str, str]) -> StagedUpload:
        """Begin an object."""
        return StagedUpload(
            key,
            metadata,
            lambda: Spool(self._budget, self._settings.scratch),
            lambda: Multipart(key, metadata, self._server.plain, self._patience, self._senders),
        )

    def commit(self, upload: StagedUpload) -> Receipt:
        """Make a closed upload's object appear, unless its key holds one.

        An object of exactly these bytes that appeared while an answer was lost is this upload's own.

        Raises:
            KeyTaken: The key holds an object already.
            KeyRefused: The target refuses this object.
            TargetRefused: The target refuses everybody.
            TargetUnavailable: It was out for longer than `retry_for`; the object may still appear.
            Stopped: A stop was asked for while it was out; the object may still appear.
        """
        try:
            upload.close()
            stored = self._commit_parts(upload, upload.multipart) if upload.multipart else self._commit_small(upload)
        except (Missing, NoSuchUpload) as error:
            upload.abort()
            raise TargetUnavailable(f"somebody else took away what was stored: {error}") from None
        except BaseException:
            upload.abort()
            raise
        upload.spool.discard()
        return Receipt(upload.key, upload.size, stored.etag, stored.version)

    def find(self, key: str) -> Found | None:
        """What the key holds now; reads only the object's end.

        Raises:
            KeyRefused, TargetRefused, TargetUnavailable, Stopped: It cannot be told.
        """
        try:
            tail = self._patience.run(lambda: self._server.tail(key, footer.TAIL_BYTES))
            wanted = footer.footer_bytes(tail.data, tail.size)
            if wanted > len(tail.data):
                tail = self._patience.run(lambda: self._server.tail(key, wanted))
        except Missing:
            return None
        end = footer.parse(tail.data)
        return Found(key, tail.size, tail.stored.etag, tail.stored.version, end.rows, end.texts)

    def take_back(self, key: str, version: str | None) -> None:
        """Delete exactly this version, so that no delete marker stays; without one, what the key holds now.

        Raises:
            KeyRefused, TargetRefused, TargetUnavailable, Stopped: It may still be there.
        """
        try:
            if version is None:
                # In a versioned bucket a delete that names no version would only hide the object.
                version = self._patience.run(lambda: self._server.tail(key, 1)).stored.version
            self._patience.run(lambda: self._server.plain().delete(key, version), write=True)
        except Missing:
            return

    def listing(self, under: str = "") -> Iterator[Listed]:
        """Every object whose key starts with `under` (such as `address.under`), in pages as they are needed."""
        after: str | None = None
        while True:
            token = after
            page, after = self._patience.run(lambda: self._server.lister().page(under, token))  # noqa: B023 (called at once)
            yield from page
            if after is None:
                return

    def uploads(self, under: str = "") -> list[tuple[str, str]]:
        """Key and id of the multipart uploads that were left over, whose key starts with `under`.

        Where the credentials may not list uploads, or the server cannot, there are none and a warning is logged.
        """
        lister = self._server.lister
        try:
            found = all_uploads(lambda after: self._patience.run(lambda: lister().uploads(after)))
            return [each for each in found if each[0].startswith(under)]
        except (KeyRefused, NotSupported) as error:
            _log.warning(_NOT_ABORTED, error)
            return []

    def abort_uploads(self, uploads: Iterable[tuple[str, str]]) -> None:
        """Abort what `uploads` has found; where the credentials may not, a warning is logged."""
        try:
            for key, upload in uploads:
                self._abort_one(key, upload)
        except (KeyRefused, NotSupported) as error:
            _log.warning(_NOT_ABORTED, error)

    def _abort_one(self, key: str, upload: str) -> None:
        try:
            self._patience.run(lambda: self._server.plain().abort(key, upload))
        except NoSuchUpload:
            return

    def _commit_small(self, upload: StagedUpload) -> Stored:
        body = upload.spool.whole()
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()

        def put() -> Stored:
            stored = self._server.put(upload.key, body, upload.metadata)
            if stored.etag != md5:
                self._server.confirm(upload.key, upload.size, upload.crc, stored)
            return stored

        return self._patience.run(self._or_own(upload, md5, put), write=True)

    def _commit_parts(self, upload: StagedUpload, parts: Multipart) -> Stored:
        parts.wait()
        etag = parts.etag()

        def complete() -> Stored:
            stored = self._server.unless_taken(upload.key, lambda conditional: parts.complete(conditional=conditional))
            if stored.etag != etag or not parts.confirmed:
                self._server.confirm(upload.key, upload.size, None if parts.confirmed else upload.crc, stored)
            return stored

        stored = self._patience.run(self._or_own(upload, etag, complete), write=True)
        parts.completed()
        return stored

    def _or_own(self, upload: StagedUpload, etag: str | None, attempt: Callable[[], Stored]) -> Callable[[], Stored]:
        """The attempt, which from the second time on knows the object that the one before has stored."""
        repeated = False

        def knowing() -> Stored:
            nonlocal repeated
            before, repeated = repeated, True
            try:
                return attempt()
            except (KeyTaken, NoSuchUpload):
                own = self._server.own(upload.key, upload.size, upload.crc, etag) if before else None
                if own is None:
                    raise
                return own

        return knowing
