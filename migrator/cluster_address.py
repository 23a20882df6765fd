"""Where a scheduler is, and what Dask's own settings must say of the way to it."""

from typing import TYPE_CHECKING

from migrator.errors import UsageError
from migrator.target_address import shown, split_url

if TYPE_CHECKING:
    from distributed import Security

_TLS = "tls"
_SCHEMES = ("tcp", _TLS)
_PREFIX = "DASK_DISTRIBUTED__COMM__"
_FILES = ", ".join(f"{_PREFIX}TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))


def address_problem(text: str) -> str:
    """What is wrong with a scheduler's address and what would be right, or the empty text."""
    right = "write tcp://HOST:PORT, or tls://HOST:PORT"
    parts = split_url(text, "scheduler's address", right)
    if isinstance(parts, str):
        return parts
    bare = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if parts.scheme not in _SCHEMES or not parts.hostname or not parts.port or not bare:
        return f"{shown(text)} is no scheduler's address; {right}"
    return ""


def security(address: str) -> "Security":
    """What Dask's own settings say of the way to a scheduler: see https://distributed.dask.org/en/stable/tls.html.

    Raises:
        UsageError: They do not fit its address.
    """
    from distributed import Security

    try:
        found = Security()
        given = found.get_connection_args("client")
    except (OSError, ValueError) as error:
        raise UsageError(f"--cluster: Dask's TLS settings cannot be used: {error}; {_FILES} name PEM files") from None
    encrypted = address.startswith(f"{_TLS}://")
    if encrypted and given["ssl_context"] is None:
        raise UsageError(f"--cluster {address} needs a certificate and the authority's; let {_FILES} name PEM files")
    if given["require_encryption"] and not encrypted:
        raise UsageError(f"--cluster {address} is not encrypted, and {_PREFIX}REQUIRE_ENCRYPTION is set; give tls://")
    return found
