"""Formats by media types, endings and words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.formats import FORMATS, SUBJECTS, format_of, format_of_address


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("image/tiff; application=geotiff; profile=cloud-optimized", "cog"),
        ('image/tiff;application=geotiff;profile="cloud-optimized"', "cog"),
        ("Cloud-Optimized GeoTIFF", "cog"),
        ("Cloud Optimized GeoTIFF (COG)", "cog"),
        ("image/tiff; application=geotiff", "geotiff"),
        ("IMAGE/TIFF", "tiff"),
        ("image/tiff; charset=utf-8", "tiff"),
        ("text/csv; charset=utf-8; header=present", "csv"),
        ("  NetCDF 4", "netcdf"),
        ("GRIB edition 2", ""),
        ("HDF5 1.8", "hdf5"),
        ("HDF-4", "hdf4"),
        ("NetCDF4", "netcdf"),
        ("Zarr", "zarr"),
        ("json lines", "json-lines"),
        ("application/vnd+zarr", "zarr"),
        ("", ""),
        (";;;", ""),
        ("application/octet-stream", ""),
    ],
)
def test_a_format_has_one_name(text: str, name: str) -> None:
    assert format_of(text) == name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("s3://bucket/a/b.zarr/", "zarr"),
        ("https://example.org/A.COPC.LAZ?sig=x.csv", "copc"),
        ("https://example.org/a.laz#part", "las"),
        ("https://example.org/a.tar.gz", "tar"),
        ("https://example.org/a.csv.gz", "csv"),
        ("data/a.v1.2.nc", "netcdf"),
        ("https://example.org/", ""),
        ("https://example.org/a.zarr/b", ""),
        ("x" * 3000 + ".nc", ""),
        (".nc", "netcdf"),
        ("", ""),
    ],
)
def test_an_ending_tells_a_format(address: str, name: str) -> None:
    assert format_of_address(address) == name


def test_nothing_stands_for_two_formats() -> None:
    known: dict[str, str] = {}
    for name, others in FORMATS.items():
        for text in {name, name.replace("-", " "), *others.split(" | ")}:
            assert text == text.lower() == " ".join(text.split()), text
            assert known.setdefault(text, name) == name, text
            assert (format_of_address(f"a{text}") if text.startswith(".") else format_of(text)) == name
    assert set(FORMATS) >= SUBJECTS


@given(st.text())
def test_any_text_is_a_format_or_none(text: str) -> None:
    assert format_of(text) in ("", *FORMATS)
    assert format_of_address(text) in ("", *FORMATS)
