"""Object stores: what fsspec needs for an address, and how their own tools name it."""

from frostnode.snippets.place import Place
from frostnode.snippets.quoting import literal

_PACKAGES = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "abfs": "adlfs",
    "az": "adlfs",
    "http": "aiohttp",
    "https": "aiohttp",
}


def filesystem_package(place: Place) -> str:
    """The package by which fsspec reaches it."""
    return _PACKAGES.get(place.scheme, "fsspec")


def to_open(place: Place) -> str:
    """The address as a literal, with its scheme in the spelling that fsspec knows."""
    return literal(f"{place.scheme}://{place.rest}")


def options(place: Place) -> dict[str, str]:
    """What fsspec needs to read without an account, as literals by name; nothing where nothing is needed."""
    match place.scheme:
        case "s3":
            return {"anon": "True"}
        case "gs":
            return {"token": '"anon"'}
        case "abfs" | "az":
            return {"account_name": literal(place.account or "ACCOUNT")}
        case _:
            return {}


def call(function: str, place: Place) -> list[str]:
    """A call of a function that takes an address and `storage_options`; over several lines where there are any."""
    needed = options(place)
    if not needed:
        return [f"{function}({to_open(place)})"]
    named = ", ".join(f'"{name}": {value}' for name, value in needed.items())
    return [f"{function}(", f"    {to_open(place)},", f"    storage_options={{{named}}},", ")"]
