"""Formats of data by one name each, whether told by a media type, the ending of a name, or in words.

Rules (spec/15-search.md#formats): a media type counts before words, words before endings; what is none of the table is left out.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import ADDRESS_CHARS_READ_MAX, DOCUMENT_VALUE_CHARS_MAX, FORMATS_CACHED_MAX

FORMATS: Final[Mapping[str, str]] = {
    "cog": (
        "cloud optimized geotiff | image/tiff; application=geotiff; profile=cloud-optimized | "
        "image/vnd.stac.geotiff; cloud-optimized=true"
    ),
    "geotiff": (
        ".tif | .tiff | image/tiff; application=geotiff | image/vnd.stac.geotiff | image/geotiff | geo tiff"
    ),
    "tiff": "image/tiff",
    "ome-tiff": ".ome.tif | .ome.tiff",
    "zarr": (
        ".zarr | application/vnd+zarr | application/vnd.zarr | application/x-zarr | "
        "application/zarr | zarr v2 | zarr v3 | zarr2 | zarr3 | ome-zarr | ome-ngff | geozarr "
        "| .zarr.zip"
    ),
    "icechunk": ".icechunk | application/vnd.icechunk",
    "kerchunk": "virtualizarr | kerchunk reference",
    "tiledb": "application/vnd.tiledb",
    "n5": ".n5",
    "netcdf": (
        ".nc | .nc4 | .cdf | application/x-netcdf | application/netcdf | "
        "application/x-netcdf4 | netcdf-3 | netcdf-4 | netcdf3 | netcdf4 | net cdf | "
        "cf-netcdf"
    ),
    "hdf5": (".h5 | .hdf5 | .he5 | application/x-hdf5 | application/hdf5 | hdf | hdf-5 | hdf-eos5"),
    "hdf4": (".hdf | .hdf4 | .h4 | application/x-hdf | application/x-hdf4 | hdf-4 | hdf-eos | hdf-eos2"),
    "grib": (
        ".grib | .grb | .grib2 | .grb2 | application/wmo-grib2 | application/wmo-grib | "
        "application/x-grib | application/x-grib2 | grib1 | grib2 | grib 2"
    ),
    "bufr": ".bufr | application/wmo-bufr | application/x-bufr",
    "parquet": (
        ".parquet | .parq | application/x-parquet | application/vnd.apache.parquet | "
        "application/parquet | apache parquet"
    ),
    "geoparquet": ".geoparquet | application/x-geoparquet | geo parquet",
    "iceberg": "apache iceberg | application/vnd.apache.iceberg | iceberg table",
    "delta": "delta lake | delta table",
    "hudi": "apache hudi",
    "arrow": (
        ".arrow | .feather | .ipc | application/vnd.apache.arrow.file | "
        "application/vnd.apache.arrow.stream | apache arrow | feather"
    ),
    "avro": ".avro | application/vnd.apache.avro | apache avro | avro/binary",
    "orc": ".orc | apache orc",
    "csv": (".csv | .csv.gz | text/csv | application/csv | comma separated values | comma-separated values"),
    "tsv": ".tsv | .tsv.gz | .tab | text/tab-separated-values | tab separated values",
    "excel": (
        ".xls | .xlsx | application/vnd.ms-excel | "
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet | xlsx | xls | ms "
        "excel"
    ),
    "json": ".json | .json.gz | application/json | text/json",
    "json-lines": (
        ".jsonl | .ndjson | application/x-ndjson | application/jsonl | application/jsonlines "
        "| ndjson | jsonl | newline delimited json"
    ),
    "json-ld": ".jsonld | application/ld+json",
    "geojson": ".geojson | application/geo+json | application/vnd.geo+json | geo json",
    "xml": ".xml | application/xml | text/xml",
    "rdf": (".ttl | .rdf | .nt | text/turtle | application/rdf+xml | application/n-triples"),
    "text": ".txt | text/plain | plain text | ascii",
    "html": ".html | .htm | text/html",
    "pdf": ".pdf | application/pdf",
    "shapefile": (
        ".shp | .shz | esri shapefile | application/x-shapefile | shape file | shp | application/vnd.shp"
    ),
    "geodatabase": ".gdb | file geodatabase | esri geodatabase | application/x-filegdb",
    "geopackage": (
        ".gpkg | application/geopackage+sqlite3 | application/geopackage+vnd.sqlite3 | gpkg | geo package"
    ),
    "flatgeobuf": ".fgb | application/vnd.flatgeobuf",
    "pmtiles": ".pmtiles | application/vnd.pmtiles",
    "mvt": ".mvt | application/vnd.mapbox-vector-tile | vector tiles",
    "kml": (".kml | .kmz | application/vnd.google-earth.kml+xml | application/vnd.google-earth.kmz | kmz"),
    "gml": ".gml | application/gml+xml",
    "copc": ".copc.laz | application/vnd.laszip+copc | cloud optimized point cloud",
    "las": ".las | .laz | application/vnd.las | application/vnd.laszip | laz | laszip",
    "e57": ".e57",
    "ply": ".ply",
    "sqlite": ".sqlite | .sqlite3 | application/vnd.sqlite3 | application/x-sqlite3",
    "duckdb": ".duckdb",
    "fits": ".fits | .fit | .fits.gz | application/fits | image/fits",
    "asdf": ".asdf",
    "root": ".root",
    "nifti": ".nii | .nii.gz | application/x-nifti",
    "dicom": ".dcm | .dicom | application/dicom",
    "edf": ".edf | .edf+",
    "mrc": ".mrc | .mrcs",
    "bam": ".bam | .sam | sam",
    "cram": ".cram",
    "vcf": ".vcf | .vcf.gz | .bcf | bcf",
    "fastq": ".fastq | .fq | .fastq.gz | .fq.gz",
    "fasta": ".fasta | .fa | .fna | .fasta.gz | .fa.gz",
    "bed": ".bed | .bed.gz",
    "bigwig": ".bw | .bigwig | bigbed",
    "h5ad": ".h5ad | anndata",
    "pdb": ".pdb | .cif | .mmcif | mmcif",
    "mat": ".mat | matlab",
    "numpy": ".npy | .npz",
    "tfrecord": ".tfrecord | .tfrecords",
    "webdataset": "web dataset",
    "png": ".png | image/png",
    "jpeg": ".jpg | .jpeg | image/jpeg | image/jpg | jpg",
    "jpeg2000": ".jp2 | .j2k | image/jp2 | image/jpx | jpeg 2000 | jp2",
    "audio": (
        ".wav | .flac | .mp3 | .ogg | audio/wav | audio/x-wav | audio/flac | audio/mpeg | "
        "audio/ogg | wav | flac | mp3"
    ),
    "video": ".mp4 | .avi | .mkv | .mov | video/mp4 | video/mpeg | mp4",
    "zip": ".zip | application/zip | application/x-zip-compressed",
    "tar": ".tar | .tar.gz | .tgz | .tar.bz2 | application/x-tar | application/gzip",
    "earth-engine": (
        "earth engine asset | google earth engine | earthengine | ee.image | "
        "ee.imagecollection | ee.featurecollection"
    ),
    "opendap": "dap | dap2 | dap4 | application/x-opendap",
    "wms": "ogc:wms | application/vnd.ogc.wms_xml | web map service",
    "wmts": "ogc:wmts | web map tile service",
    "wfs": "ogc:wfs | application/vnd.ogc.wfs_xml | web feature service",
    "wcs": "ogc:wcs | web coverage service",
    "edr": "ogc api edr | environmental data retrieval",
    "nwb": ".nwb | neurodata without borders",
}
"""Each format with its endings, media types and words; its own name is one of its words."""

SUBJECTS: Final = frozenset(
    {"arrow", "audio", "bed", "delta", "earth-engine", "edf", "las", "root", "text", "video"}
)
"""Names that as keywords are more likely what data is about, or comes from."""

_NAMES: Final = {
    known: name
    for name, others in FORMATS.items()
    for known in (name, name.replace("-", " "), *others.split(" | "))
}
_ENDINGS_LENGTH: Final = max(len(known) for known in _NAMES if known.startswith("."))
_PARAMETER: Final = re.compile(r"\s*;\s*")
_ASIDE: Final = re.compile(r"\([^()]*\)")
_VERSION: Final = re.compile(r"[ -]v?[0-9][0-9.]*$")


def format_of(text: str) -> str:
    """The name of the format that a media type, an ending or some words stand for; "" where it is not known."""
    return _format_of(text[:DOCUMENT_VALUE_CHARS_MAX])


def format_named(keyword: str) -> str:
    """The name of the format that a keyword stands for: as the table has it, and no subject."""
    name = _NAMES.get(keyword.lower(), "")
    return "" if name in SUBJECTS else name


@lru_cache(FORMATS_CACHED_MAX)
def _format_of(text: str) -> str:
    plain = _PARAMETER.sub("; ", " ".join(text.lower().split()).strip(" ;")).replace('"', "")
    if "cloud-optimized" in plain and "tiff" in plain:
        return "cog"
    while plain:
        for spelling in (plain, _ASIDE.sub("", plain).strip()):
            if (name := _NAMES.get(spelling) or _NAMES.get(_VERSION.sub("", spelling))) is not None:
                return name
        plain = plain.rpartition(";")[0].rstrip()
    return ""


def format_of_address(address: str) -> str:
    """The format that the ending of an address tells; "" where it tells none."""
    if len(address) > ADDRESS_CHARS_READ_MAX:
        return ""
    path = address.partition("?")[0].partition("#")[0].rstrip("/").lower()
    name = path[path.rfind("/", 0, len(path)) + 1 :]
    dot = name.find(".", max(0, len(name) - _ENDINGS_LENGTH))
    while dot >= 0:
        if (found := _NAMES.get(name[dot:])) is not None:
            return found
        dot = name.find(".", dot + 1)
    return ""
