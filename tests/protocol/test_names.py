"""DIDs, DID URLs, types, keys and origins: one spelling each."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol import names
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import NameError_
from frostnode.protocol.limits import (
    IDENTITY_PATH_EVENTS_MAX,
    KEY_CHARS_MAX,
    ORIGIN_BYTES_MAX,
    TYPE_CHARS_MAX,
)
from frostnode.protocol.names import (
    Did,
    DidUrl,
    OriginParts,
    RecordKey,
    RecordType,
    check_key,
    check_type,
    check_type_and_key,
    did_of,
    format_origin,
    genesis_of,
    parse_did,
    parse_did_url,
    parse_origin,
)

CID = Cid.of(b"\xa0")
OTHER = Cid.of(b"\xa1")
DID = did_of(CID)

cids = st.binary(max_size=4).map(Cid.of)
dids = cids.map(did_of)
types = st.from_regex(rf"\A[a-z][a-z0-9.-]{{0,{TYPE_CHARS_MAX - 1}}}\Z").map(RecordType)
plain_keys = st.from_regex(r"\A[A-Za-z0-9._:-][A-Za-z0-9._~:/-]{0,60}\Z").map(RecordKey)
labels = st.from_regex(r"\A[A-Za-z0-9._~:-]{1,20}\Z")


@st.composite
def did_urls(draw: st.DrawFn) -> DidUrl:
    type_ = draw(st.one_of(st.sampled_from([names.DATASET, names.VERSION]), types))
    key = draw(plain_keys)
    if type_ == names.VERSION:
        key = RecordKey(f"{key}@{draw(labels)}")
    return DidUrl(did=draw(dids), type=type_, key=key, cid=draw(st.none() | cids))


@given(cids)
def test_a_did_is_its_genesis(cid: Cid) -> None:
    did = did_of(cid)
    assert did == f"did:frost:{cid}"
    assert parse_did(did) == did
    assert genesis_of(did) == cid


@given(did_urls())
def test_a_did_url_is_read_as_it_was_written(url: DidUrl) -> None:
    assert parse_did_url(str(url)) == url


@given(dids, st.integers(0, IDENTITY_PATH_EVENTS_MAX - 1), cids)
def test_an_origin_is_read_as_it_was_written(did: Did, epoch: int, event: Cid) -> None:
    origin = format_origin(did, epoch, event)
    assert parse_origin(origin) == OriginParts(did=did, epoch=epoch, event=event)
    assert len(origin) <= ORIGIN_BYTES_MAX


pieces = st.sampled_from(
    [
        DID,
        str(CID),
        "did:frost:",
        "did:",
        "/",
        "~",
        "@",
        "?cid=",
        "?",
        "#",
        "log",
        "0",
        "7",
        "label",
        "version",
        "a",
        "é",
        "%2F",
    ]
)


@given(st.one_of(st.text(max_size=20), st.lists(pieces, max_size=7).map("".join)))
def test_any_text_is_a_name_written_alike_or_refused(text: str) -> None:
    with suppress(NameError_):
        assert parse_did(text) == did_of(genesis_of(Did(text))) == text
    with suppress(NameError_):
        assert str(parse_did_url(text)) == text
    with suppress(NameError_):
        parts = parse_origin(text)
        assert format_origin(parts.did, parts.epoch, parts.event) == text
    for check in (check_type, check_key):
        with suppress(NameError_):
            assert check(text) == text


@pytest.mark.parametrize(
    ("text", "type_", "key", "cid"),
    [
        (f"{DID}/sst", "dataset", "sst", None),
        (f"{DID}/noaa/oisst-v2.1", "dataset", "noaa/oisst-v2.1", None),
        (f"{DID}/a~b", "dataset", "a~b", None),
        (f"{DID}/sst@2024-01", "version", "sst@2024-01", None),
        (f"{DID}/a/b@~1", "version", "a/b@~1", None),
        (f"{DID}/~lineage/sst/2024", "lineage", "sst/2024", None),
        (f"{DID}/~org.example.thing/k", "org.example.thing", "k", None),
        (f"{DID}/sst?cid={OTHER}", "dataset", "sst", OTHER),
        (f"{DID}/sst@1?cid={OTHER}", "version", "sst@1", OTHER),
        (f"{DID}/~profile/self?cid={OTHER}", "profile", "self", OTHER),
    ],
)
def test_a_did_url_names(text: str, type_: str, key: str, cid: Cid | None) -> None:
    assert parse_did_url(text) == DidUrl(did=DID, type=RecordType(type_), key=RecordKey(key), cid=cid)
    assert str(parse_did_url(text)) == text


@pytest.mark.parametrize(
    "rest",
    [
        *(
            "",
            "/",
            "sst",
            "//a",
            "/~",
            "/~label",
            "/~label/",
            "/~/a",
            "/~dataset/sst",
            "/~version/sst@1",
            "/~version/sst",
        ),
        *("/@1", "/sst@", "/sst@1@2", "/sst@1/2", "/~label/a@1", "/~Label/a", "/~label/~a", "/~label//a"),
        *(
            "/s st",
            "/s%20t",
            "/é",
            "/sst#a",
            "/sst?",
            "/sst?cid=",
            "/sst?cid=a",
            "/sst?x=1",
            f"/sst?cid={OTHER}&x=1",
        ),
        *(
            f"/sst?cid={OTHER}?cid={OTHER}",
            f"/sst?CID={OTHER}",
            f"?cid={OTHER}",
            f"/?cid={OTHER}",
            "/sst\n",
            "/" + "a" * 201,
        ),
    ],
)
def test_what_is_no_did_url_of_a_record_is_refused(rest: str) -> None:
    with pytest.raises(NameError_) as caught:
        parse_did_url(f"{DID}{rest}")
    assert caught.value.code == "name.did-url"


@pytest.mark.parametrize(
    "text", ["", "did:frost:", "did:frost", f"did:FROST:{CID}", f"DID:frost:{CID}", f"did:web:{CID}", f"{DID}/", f"{DID} ",
             f"did:frost:{str(CID).upper()}", f"did:frost:{str(CID)[:-1]}", f" {DID}", f"{DID}\n"]
)  # fmt: skip
def test_what_is_no_did_is_refused(text: str) -> None:
    for parse in (parse_did, genesis_of):
        with pytest.raises(NameError_) as caught:
            parse(Did(text))
        assert caught.value.code == "name.did"
    with pytest.raises(NameError_):
        parse_did_url(f"{text}/sst")


@pytest.mark.parametrize(
    "text", ["", DID, f"{DID}/log", f"{DID}/log/0", f"{DID}/log/0/", f"{DID}/log/00/{CID}", f"{DID}/log/-1/{CID}",
             f"{DID}/log/+1/{CID}", f"{DID}/log/1000/{CID}", f"{DID}/log/٣/{CID}", f"{DID}/log/1_0/{CID}",
             f"{DID}/Log/0/{CID}", f"{DID}/log/0/{CID}/", f"/{DID}/log/0/{CID}", f"{DID}/log/0/{CID}\n",
             f"{DID}/log/0/{str(CID).upper()}", f"{DID}/log/{'9' * 5000}/{CID}", f"did:web:a/log/0/{CID}"]
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(NameError_) as caught:
        parse_origin(text)
    assert caught.value.code == "name.origin"


@pytest.mark.parametrize("text", ["a", "dataset", "org.example.thing-2", "a" * TYPE_CHARS_MAX, "a.", "a--"])
def test_a_type_is_taken(text: str) -> None:
    assert check_type(text) == text


@pytest.mark.parametrize(
    "text", ["", "A", "1a", ".a", "-a", "a_b", "a/b", "~a", "a ", "a\n", "é", "a" * (TYPE_CHARS_MAX + 1)]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(NameError_) as caught:
        check_type(text)
    assert caught.value.code == "name.type"


@pytest.mark.parametrize(
    "text", ["a", "A", "0", ".", "..", "_", "-", ":", "a/", "a//b", "a/../b", "a~", "a/~b", "a@b", "a@~", "a" * KEY_CHARS_MAX,
             "a" * (KEY_CHARS_MAX - 2) + "@b"]
)  # fmt: skip
def test_a_key_is_taken(text: str) -> None:
    assert check_key(text) == text


@pytest.mark.parametrize(
    "text", ["", "~a", "/a", "@a", "a@", "a@b@c", "a@b/c", "a b", "a\n", "é", "a?b", "a#b", "a%20", "a+b", "a,b", "a(b", "a*",
             "a" * (KEY_CHARS_MAX + 1), "a" * (KEY_CHARS_MAX - 1) + "@b"]
)  # fmt: skip
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NameError_) as caught:
        check_key(text)
    assert caught.value.code == "name.key"


def test_a_version_has_a_label_and_nothing_else_has_one() -> None:
    assert check_type_and_key("version", "sst@1") == ("version", "sst@1")
    assert check_type_and_key("dataset", "sst") == ("dataset", "sst")
    for type_, key in (("version", "sst"), ("dataset", "sst@1"), ("label", "sst@1")):
        with pytest.raises(NameError_) as caught:
            check_type_and_key(type_, key)
        assert caught.value.code == "name.key"
        with pytest.raises(NameError_):
            DidUrl(did=DID, type=RecordType(type_), key=RecordKey(key))


def test_the_dids_of_other_methods_are_none_of_ours(vectors_dir: Path | None) -> None:
    others = ["did:web:example.com", "did:plc:7iza6de2dwap2sbkpav7c6c6", "did:frost", "frost:did"]
    if vectors_dir is not None:
        for kind in ("valid", "invalid"):
            others += (vectors_dir / f"dag-cbor/did_syntax_{kind}.txt").read_text().splitlines()
    for text in others:
        with pytest.raises(NameError_):
            parse_did(text)
