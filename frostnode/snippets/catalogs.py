"""Catalogs that load by a name of their own: Earth Engine, Hugging Face, Intake, DVC."""

from collections.abc import Iterator
from typing import Final

from frostnode.snippets.place import Kind, Place, hugging_face_name
from frostnode.snippets.quoting import literal, word
from frostnode.snippets.snippet import Snippet, python, shell

_ASSETS: Final = {
    "image": "Image",
    "image_collection": "ImageCollection",
    "table": "FeatureCollection",
    "table_collection": "FeatureCollection",
}
"""Kinds of assets of Earth Engine, and what loads them."""


def catalogs(place: Place) -> Iterator[Snippet]:
    """What loads by name."""
    match place.kind:
        case Kind.EARTH_ENGINE if not place.collection or place.collection in _ASSETS:
            load = _ASSETS.get(place.collection, "ImageCollection")
            yield python(
                "ee",
                "earthengine-api",
                "import ee",
                "",
                "ee.Authenticate()",
                'ee.Initialize(project="YOUR-PROJECT")',
                f"data = ee.{load}({literal(place.rest)})",
                "print(data.limit(1).getInfo())" if load != "Image" else "print(data.getInfo())",
            )
        case Kind.HUGGING_FACE:
            revision = f", revision={literal(place.snapshot)}" if place.snapshot else ""
            yield python(
                "datasets",
                "datasets",
                "from datasets import load_dataset",
                "",
                f"data = load_dataset({literal(hugging_face_name(place.href))}{revision})",
                "print(data)",
            )
        case Kind.INTAKE:
            yield python(
                "intake",
                "intake",
                "import intake",
                "",
                f"catalog = intake.open_catalog({literal(place.href)})",
                "print(list(catalog))",
            )
        case Kind.DVC:
            repository, _, path = place.href.partition("#")
            revision = f" --rev {word(place.snapshot)}" if place.snapshot and place.snapshot[0] != "-" else ""
            wanted = path if path and path[0] != "-" else "data"
            yield shell(
                "dvc", f"dvc get{revision} {word(repository)} {word(wanted)}", needs="pip install 'dvc[all]'"
            )
        case _:
            return
