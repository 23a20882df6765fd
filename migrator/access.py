"""Endpoint, region and credentials: from the option, the usual AWS environment variables, and the shared files.

botocore is asked only where the environment alone does not tell, because importing it takes longer than a small run.
Sources and their order: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrator.errors import TargetRefused
from migrator.target_address import endpoint_problem
from migrator.target_errors import Scrubber

DEFAULT_REGION = "us-east-1"
_NO_CREDENTIALS = (
    "no credentials for the target: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in AWS_PROFILE"
)


@dataclass(frozen=True)
class Keys:
    """Credentials of one moment; nothing of it is shown."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Access:
    """What a client needs to be told.

    Args:
        endpoint: None for AWS itself.
        region: Where requests are signed for.
        keys: The credentials as they are now; they may change while a role is used.
        lasting: Whether the credentials never change.
        ca_bundle: A file of certificate authorities to trust besides the system's.
    """

    endpoint: str | None
    region: str
    keys: Callable[[], Keys] = field(repr=False)
    lasting: bool = True
    ca_bundle: str | None = None

    def scrubber(self) -> Scrubber:
        """What takes these credentials out of a text."""
        keys = self.keys()
        return Scrubber(keys.secret_key, keys.token)


def resolve(endpoint_url: str | None, environ: Mapping[str, str] | None = None) -> Access:
    """Endpoint, region and credentials in the order that AWS's own tools keep: option, environment, profile, role.

    Raises:
        TargetRefused: There are no credentials, the profile does not exist, or the configured endpoint is no URL.
    """
    env = os.environ if environ is None else environ
    if _environment_suffices(endpoint_url, env):
        keys = Keys(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN") or None)
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        return Access(
            _checked(endpoint_url or _endpoint_of(env)), region, lambda: keys, ca_bundle=env.get("AWS_CA_BUNDLE")
        )
    return _resolved_by_botocore(endpoint_url, env)


def _environment_suffices(endpoint_url: str | None, env: Mapping[str, str]) -> bool:
    if env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE"):
        return False
    if not (env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY")):
        return False
    told = (env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")) and (endpoint_url or _endpoint_of(env))
    return bool(told) or not Path(env.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser().exists()


def _endpoint_of(env: Mapping[str, str]) -> str | None:
    if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    return env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or None


def _checked(endpoint: str | None) -> str | None:
    problem = endpoint_problem(endpoint) if endpoint else ""
    if problem:
        raise TargetRefused(f"the endpoint that the environment or the profile names {problem}")
    return endpoint or None


def _resolved_by_botocore(endpoint_url: str | None, env: Mapping[str, str]) -> Access:
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        session = Session()
        config = session.get_scoped_config()
        credentials = session.get_credentials()
        region = env.get("AWS_REGION") or session.get_config_variable("region") or DEFAULT_REGION
        endpoint = endpoint_url or _endpoint_of(env) or _endpoint_of_profile(session, config, env)
        ca_bundle = session.get_config_variable("ca_bundle")
    except BotoCoreError as error:
        raise TargetRefused(f"no credentials for the target: {error}; check AWS_PROFILE and the shared files") from None
    if credentials is None:
        raise TargetRefused(_NO_CREDENTIALS)

    def keys() -> Keys:
        try:
            frozen = credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise TargetRefused(f"no credentials for the target: {error}") from None
        if not (frozen.access_key and frozen.secret_key):
            raise TargetRefused(_NO_CREDENTIALS)
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    keys()
    # Credentials that botocore renews have a `refresh_needed`; those of files and environment do not.
    lasting = not hasattr(credentials, "refresh_needed")
    return Access(_checked(endpoint), region, keys, lasting, ca_bundle)


def _endpoint_of_profile(session: object, config: Mapping[str, object], env: Mapping[str, str]) -> str | None:
    if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    if str(config.get("ignore_configured_endpoint_urls", "")).lower() == "true":
        return None
    services = getattr(session, "full_config", {}).get("services", {})
    of_service = services.get(config.get("services"), {}).get("s3", {})
    of_service = of_service if isinstance(of_service, Mapping) else {}
    found = of_service.get("endpoint_url") or config.get("endpoint_url")
    return str(found) if found else None
