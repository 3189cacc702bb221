"""Licenses as people write them, and the families that they are of."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.formats import aws_open_data, stac
from frostnode.protocol.limits import LICENSE_CHARS_MAX
from frostnode.protocol.names import Did
from frostnode.search.licenses import LICENSE_FAMILIES, OTHER, license_family
from frostnode.search.reading import document_of


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("", ""),
        (" \n", ""),
        ("CC-BY-4.0", "cc-by"),
        ("CC BY 4.0", "cc-by"),
        ("Creative Commons Attribution 4.0 International", "cc-by"),
        ("[Creative Commons BY 4.0](https://creativecommons.org/licenses/by/4.0/)", "cc-by"),
        ("http://creativecommons.org/licenses/by/4.0/", "cc-by"),
        ("There are no restrictions. https://creativecommons.org/licenses/by/4.0/", "cc-by"),
        ("Attribution 4.0 International", "cc-by"),
        ("Creative Commons Attribution Share Alike 4.0 International", "cc-by-sa"),
        ("CC-BY-SA", "cc-by-sa"),
        ("Creative Commons Attribution-NonCommercial 4.0", "cc-by-nc"),
        ("CC BY NC SA", "cc-by-nc-sa"),
        ("CC BY-SA-NC 4.0", "cc-by-nc-sa"),
        ("a [licence](https://creativecommons.org/licenses/by-nc-nd/4.0/)", "cc-by-nc-nd"),
        ("https://creativecommons.org/licenses/by-nd/4.0/", "cc-by-nd"),
        ("CC0 1.0 Universal", "cc0"),
        ("Public Domain (CC0)", "cc0"),
        ("Creative Commons Zero v1.0 Universal", "cc0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "public-domain"),
        ("PDDL-1.0", "pddl"),
        ("ODC-By v1.0", "odc-by"),
        ("Open Data Commons Open Database License v1.0", "odbl"),
        ("CDLA-Permissive-1.0", "cdla-permissive"),
        ("https://cdla.io/sharing-1-0/", "cdla-sharing"),
        ("Copernicus Licence (similar to CC-BY-4.0)", "copernicus"),
        ("OGL-Canada-2.0", "open-government"),
        ("etalab-2.0", "open-government"),
        ("MIT", "mit"),
        ("data of the MIT Lincoln Laboratory", "other"),
        ("Apache License Version 2.0", "apache"),
        ("BSD-3-Clause", "bsd"),
        ("GNU Affero General Public License", "agpl"),
        ("terms of Schafferopen", OTHER),
        ("GNU Lesser General Public License v3.0", "lgpl"),
        ("GPL-3.0-or-later", "gpl"),
        ("afl-3.0", "open-source"),
        ("Various. Most are under the CC-BY license.", "various"),
        ("US Government work", "us-government"),
        ("Public domain. Attribution required.", "public-domain"),
        ("There are no restrictions on the use of this data.", "open"),
        ("free for non-commercial and commercial use", "open"),
        ("Custom, for non-commercial use", "non-commercial"),
        ("proprietary_non_commercial", "non-commercial"),
        ("NIH Genomic Data Sharing Policy", "restricted"),
        ("[Commercial](https://example.org)", "restricted"),
        ("proprietary", OTHER),
        ("custom", OTHER),
        ("https://example.org/terms", OTHER),
        ("None", OTHER),
    ],
)
def test_a_license_is_of_the_family_that_it_names_first_or_else_describes(text: str, family: str) -> None:
    assert license_family(text) == family


@given(st.text())
def test_any_text_is_of_one_family(text: str) -> None:
    assert license_family(text) in ("", *LICENSE_FAMILIES)


def test_a_name_is_a_family_of_its_own_and_only_so_much_is_read() -> None:
    named = [name for name in LICENSE_FAMILIES if name not in (OTHER, "open-source", "open-government")]
    told = {name: license_family(name.replace("-", " ") if name.startswith("us") else name) for name in named}
    assert {name for name in named if told[name] != name} <= {"us-government", "copernicus", "agpl"}
    assert license_family("x" * LICENSE_CHARS_MAX + " CC0") == OTHER


@pytest.mark.corpora
@pytest.mark.slow
def test_few_licenses_of_real_catalogs_are_of_no_family(corpora: Path | None) -> None:
    """Of the 1,190 texts of the registry of AWS and those of other catalogs: what is left are mostly bare addresses."""
    if corpora is None:
        pytest.skip("real catalogs are not beside the repository")
    told: Counter[str] = Counter()
    with (corpora / "aws-open-data-registry/datasets.jsonl").open("rb") as lines:
        texts = {str(record["license"]) for record in aws_open_data.from_json_lines(lines)}
    assert len(texts) > 400
    alone = Counter(map(license_family, texts))
    assert alone[OTHER] < 0.16 * alone.total()
    for name in ("earthengine", "planetary-computer"):
        with (corpora / name / "collections.jsonl").open("rb") as lines:
            for record in stac.from_json_lines(lines):
                told[document_of(Did("did:frost:x"), "dataset", str(record["key"]), record).license] += 1
    with (corpora / "gee-community/datasets.jsonl").open("rb") as lines:
        for line in lines:
            fields = {"title": "a", "metadata": {"gee-community": json.loads(line)}}
            told[document_of(Did("did:frost:x"), "dataset", "a", fields).license] += 1
    assert told.total() > 5000
    assert told[OTHER] < 0.03 * told.total()
    assert not told[""]
