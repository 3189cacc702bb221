"""Where data lies, from its addresses: the name of a host, or of a bucket, which every spelling of its address shares.

Rules (spec/15-search.md#where-data-lies): a bucket is `s3:NAME`, `gs:NAME` or `az:CONTAINER`; what is no address is nowhere.
"""

import re
from collections.abc import Mapping
from typing import Final

from frostnode.protocol.limits import ADDRESS_CHARS_READ_MAX

_BUCKETS: Final[Mapping[str, str]] = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "abfss": "az",
    "adl": "az",
    "wasb": "az",
    "wasbs": "az",
}
_S3_HOST: Final = re.compile(r"(?:(.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com")
_GS_HOST: Final = re.compile(r"(?:(.+)\.)?storage\.googleapis\.com")
_STORES: Final = (("s3", _S3_HOST), ("gs", _GS_HOST))
_NAME: Final = re.compile(r"[\w.-]{1,255}")


def host_of(address: str) -> str:
    """Where an address leads: a host, or a bucket as `s3:NAME`, `gs:NAME`, `az:CONTAINER`; "" where it says neither."""
    scheme, slashes, rest = address[:ADDRESS_CHARS_READ_MAX].strip().partition("://")
    if not (scheme and slashes):
        return ""
    place, _, path = rest.replace("?", "/").replace("#", "/").partition("/")
    place = place.lower()
    if (store := _BUCKETS.get(scheme.lower())) is not None:
        bucket = place.partition("@")[0]
        return f"{store}:{bucket}" if _NAME.fullmatch(bucket) else ""
    host = place.rpartition("@")[2].partition(":")[0].rstrip(".")
    if _NAME.fullmatch(host) is None:
        return ""
    for store, form in _STORES:
        if (found := form.fullmatch(host)) is not None:
            bucket = found[1] or path.partition("/")[0].lower()
            return f"{store}:{bucket}" if _NAME.fullmatch(bucket) else host
    return host
