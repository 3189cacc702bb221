"""Licenses as people write them, told apart by families: what a search can ask for.

Rules (spec/15-search.md#licenses):
- a license that is named, by its name, its short form or its address, is that one; of several the one that is named first;
- where none is named, the words tell what is granted, as far as they are usual;
- what merely says that there are terms, or where, is "other".
"""

import re
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import LICENSE_CHARS_MAX, LICENSES_CACHED_MAX

OTHER: Final = "other"

_CC: Final = r"(?:creative ?commons|cc)"
_BY: Final = r"[-_ :,]*(?:by\b|attributions?\b|attribute\b|licen[cs]e by attribution)"
_GAP: Final = r"[-_ :,]*"
_NC: Final = rf"{_GAP}(?:nc\b|non[- ]?commercial)"
_SA: Final = rf"{_GAP}(?:sa\b|share[- ]?alike)"
_ND: Final = rf"{_GAP}(?:nd\b|no[- ]?deriv\w*)"
_URL: Final = r"creativecommons\.org/licen[cs]es/"
_OPENING: Final = rf"(?:{_CC}(?: licen[cs]e)?|(?=attribution[- ]non[- ]?commercial))"


def _cc(code: str, more: str) -> str:
    """The names and the address of a license of Creative Commons: what begins with none of their letters is passed over at once."""
    return rf"(?=[abc])(?:{_URL}{code}(?![-\w])|{_OPENING}(?:{_BY}){more}|^by{more}\b|{_OPENING}{more})"


_NAMED: Final[tuple[tuple[str, str], ...]] = (
    (
        "various",
        (
            r"^\W*(?:licen[cs]es? )?var(?:y|ies|ious)\b|^\W*multiple\b|(?:includes|under) multiple licens"
            r"|each (?:data ?set|package)\b[^.]{0,80} (?:has|have) its own licen|^per file\b"
            r"|see the individual data ?sets|version of the licen[cs]e depends"
        ),
    ),
    ("cc-by-nc-sa", rf"{_cc('by-nc-sa', _NC + _SA)}|{_cc('by-sa-nc', _SA + _NC)}"),
    ("cc-by-nc-nd", rf"{_cc('by-nc-nd', _NC + _ND)}|{_cc('by-nd-nc', _ND + _NC)}"),
    ("cc-by-nc", rf"{_cc('by-nc', _NC)}|cc[- ]?by[- ]?[0-9.]+[- ]nc\b"),
    ("cc-by-sa", _cc("by-sa", _SA)),
    ("cc-by-nd", _cc("by-nd", _ND)),
    (
        "cc0",
        (
            r"creativecommons\.org/(?:publicdomain/zero|public-?domain/cc0|share-your-work/public-domain/cc0)"
            rf"|cc[- ]?(?:0|zero)\b|{_CC} (?:cc0|0\b|zero|level 0|(?:1\.0 )?universal)|public domain \(cc ?0\)"
        ),
    ),
    (
        "cc-by",
        rf"{_URL}by(?![-\w])|{_CC}(?: licen[cs]e)?(?:{_BY})|cc-?by|^by[- ][0-9]|^attribution [0-9.]+",
    ),
    ("public-domain", r"creativecommons\.org/publicdomain/mark"),
    ("pddl", r"pddl\b|opendatacommons\.org/licenses/pddl|public domain dedication (?:&|and) licen"),
    (
        "odc-by",
        r"odc[- ]?(?:by|attribution)\b|opendatacommons\.org/licenses/by\b|open data commons attribution",
    ),
    (
        "odbl",
        r"odbl\b|opendatacommons\.org/licenses/odbl|open database licen[cs]e|openstreetmap\.org/copyright",
    ),
    (
        "cdla-permissive",
        r"cdla[- ]?permissive|cdla\.(?:dev|io)/permissive|community data(?:base)? licen[cs]e agreement\W*permissive",
    ),
    (
        "cdla-sharing",
        r"cdla[- ]?sharing|cdla\.(?:dev|io)/sharing|community data licen[cs]e agreement\W*sharing",
    ),
    (
        "copernicus",
        (
            r"copernicus licen|copernicus c3s/cams licen|licence-to-use-copernicus|licen[cs]e to use copernicus"
            r"|copernicus (?:data and )?(?:programme|information policy)|under the copernicus|copernicus climate change service"
            r"|licences/copernicus|copernicus sentinel data (?:terms|and service)|sentinel[ _]data[ _](?:legal[ _]notice|policy|terms)"
            r"|access to sentinel data|use of sentinel data|dataspace\.copernicus\.eu/(?:terms|explore-data)"
            r"|tc_sentinel_data|copernicus land service"
        ),
    ),
    ("non-commercial", r"non-commercial government licen"),
    (
        "open-government",
        (
            r"ogl\b|open government licen|open-government-licen|etalab|licence ouverte|data\.gov\.tw/license|nlod\b"
            r"|norwegian licen[cs]e for open government|dl-de\b|datenlizenz deutschland|iodl\b|opendata\.swiss"
            r"|free geodata and geoservices of swisstopo"
        ),
    ),
    ("mit", r"mit(?:-0)?\b(?! media| lincoln| press)"),
    ("apache", r"apache\b"),
    ("bsd", r"bsd\b|[023]-clause"),
    ("agpl", r"agpl|affero"),
    ("lgpl", r"lgpl|lesser general public"),
    ("gpl", r"gpl|gnu general public|gnu\.org/licenses/gpl"),
    ("mpl", r"mpl\b|mozilla public"),
    (
        "open-source",
        (
            r"(?:isc|artistic|afl|ecl|eupl|epl|unlicense|wtfpl|zlib|osl)(?:[- ]v?[0-9.]+)?(?:$| licen)"
            r"|open ?source definition|openrail\b|unlicense\.org"
        ),
    ),
)
"""Families by what names them, from the beginning of a word on. Of two that are named at the same place the first counts."""

_GRANTED: Final[tuple[tuple[str, str], ...]] = (
    (
        "open",
        (
            r"non[- ]?commercial and (?:for )?commercial|commercial and non[- ]?commercial|including commercial|even commercially"
            r"|used? commercially|may use this data ?set for commercial"
        ),
    ),
    (
        "restricted",
        (
            r"redistribution is not allowed|may not redistribute|no redistribution|\brestricted|access credentials"
            r"|genomic data sharing|data (?:use|access|user) agreement|controlled access|subject to the access and publication"
            r"|and distribution restrictions|by permission of|participant ?licen[cs]e|nicfi licens|all rights reserved|^\W*commercial\b"
            r"|view-license|members only|approval is required"
        ),
    ),
    (
        "non-commercial",
        r"non[- _]?comm(?:er|re)i?c?i?al|no\W* commercial use|not for profit|educational and/or scien",
    ),
    (
        "us-government",
        (
            r"\bu\.?s\.? government (?:work|public domain)|products of the u\.?s\.? government|17 u\.?s\.?c|federally created"
            r"|\bus public domain|u\.?s\.? public domain|united states government work|usa\.gov/(?:government-works|publicdomain)"
        ),
    ),
    (
        "public-domain",
        r"public[- ]domain|not subject to copyright|free of (?:known )?copyright|no rights reserved",
    ),
    (
        "open",
        (
            r"no (?:explicit |usage |use |license )?restrictions?|without (?:any |license )?restrictions?"
            r"|no (?:explicit )?copyright or (?:\w+ )?restrict|(?:can|may) be (?:freely )?(?:used|reproduced|redistributed)"
            r"|free(?:ly)?,? (?:full |and |of charge|to use|basis|for |available|accessible|access|open)|fully free|full,? (?:and )?open"
            r"|open (?:access|sharing|data\b|to the public|and free|licen)|\bopen\b\W*$|^open\b|openly shared|available for free"
            r"|public(?:ly)? (?:available|licen|access|released)|on a free basis|available to the public|provided to the public"
            r"|attribution (?:is )?required|royalty[- ]free|no charge|any purpose|usage is free|use is free|public licen"
            r"|may be used by anyone|freely be|free and|use, reproduce|available for anyone to use|unrestricted|you may download and use"
        ),
    ),
    ("restricted", r"licen[cs]e agreement|you agree to|prohibited"),
)
"""Families by the usual words of terms of their own; the first that fits counts."""

LICENSE_FAMILIES: Final = tuple(dict.fromkeys((*(name for name, _ in (*_NAMED, *_GRANTED)), OTHER)))
"""All of them, OTHER last."""

_NAME: Final = re.compile(rf"(?:^|\b(?=\w))(?:{'|'.join(f'(?:{form})()' for _, form in _NAMED)})")
"""Whatever names a family, at the beginning of a word: one form of all, for each more that is looked for takes as long again.

Which one it was is marked behind it: a mark before it would be set for each form at each word.
"""

_GRANTS: Final = tuple((name, re.compile(form)) for name, form in _GRANTED)


def license_family(text: str) -> str:
    """The family of a license; "" of no text, OTHER of what cannot be told. Only LICENSE_CHARS_MAX characters are read."""
    return _family(text[:LICENSE_CHARS_MAX])


@lru_cache(LICENSES_CACHED_MAX)
def _family(text: str) -> str:
    text = " ".join(text.lower().split())
    if not text:
        return ""
    if (named := _NAME.search(text)) is not None and named.lastindex is not None:
        return _NAMED[named.lastindex - 1][0]
    return next((name for name, form in _GRANTS if form.search(text) is not None), OTHER)
