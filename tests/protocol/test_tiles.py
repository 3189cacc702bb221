"""Tiles and bundles: paths from C2SP's text, contents against the tree, bytes against anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LogError, PeerError
from frostnode.protocol.limits import TREE_SIZE_MAX
from frostnode.protocol.merkle import (
    EMPTY_RANGE,
    compact_range,
    hash_pairs,
    inclusion_proof,
    leaf_hashes,
    verify_inclusion,
)
from frostnode.protocol.tiles import (
    TilePath,
    bundle_path,
    bundles_for,
    decode_bundle,
    encode_bundle,
    node_in_tile,
    parse_tile_path,
    place_of,
    split_tile,
    tile_path,
    tiles_for,
)

PATHS = [
    ("tile/0/000", TilePath(0, 0, 256)),
    ("tile/0/999", TilePath(0, 999, 256)),
    ("tile/0/x001/000", TilePath(0, 1000, 256)),
    ("tile/1/x001/x234/067", TilePath(1, 1234067, 256)),
    ("tile/0/x001/234.p/5", TilePath(0, 1234, 5)),
    ("tile/2/000.p/1", TilePath(2, 0, 1)),
    ("tile/entries/x001/x234/067", TilePath(None, 1234067, 256)),
    ("tile/entries/273.p/112", TilePath(None, 273, 112)),
]

NOT_PATHS = [
    "",
    "tile/0/0",
    "tile/0/0000",
    "tile/0/00a",
    "tile/00/000",
    "tile/01/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/x/000",
    "tile/data/000",
    "tile/8/0/000",
    "tile/0/x000/001",
    "tile/0/001/000",
    "tile/0/x001",
    "tile/0/x001/x000",
    "tile/0/000.p/0",
    "tile/0/000.p/00",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/1000",
    "tile/0/000.p/",
    "tile/0/000.p/1/",
    "tile/0/000/",
    "/tile/0/000",
    "tile//000",
    "tile/0/\u0660\u0660\u0660",
    "tile/0/x999/x999/x999/x999/x999/999",
    "tile/7/000",
    "tile/entries/000.p/256",
    "tile/Entries/000",
    "checkpoint",
]


@pytest.mark.parametrize(("text", "path"), PATHS)
def test_paths_read_and_write(text: str, path: TilePath) -> None:
    assert parse_tile_path(text) == path
    written = (
        bundle_path(path.n, path.width) if path.level is None else tile_path(path.level, path.n, path.width)
    )
    assert written == str(path) == text


@pytest.mark.parametrize("text", [*NOT_PATHS, "tile/0/000\n"])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(LogError) as caught:
        parse_tile_path(text)
    assert caught.value.code == "tile.path"


@pytest.mark.parametrize(
    ("level", "n", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_coordinates_outside_are_refused(level: int, n: int, width: int) -> None:
    with pytest.raises(LogError) as caught:
        tile_path(level, n, width)
    assert caught.value.code == "tile.path"
    with pytest.raises(LogError):
        bundle_path(n, 0)


def test_no_tile_lies_beyond_the_largest_tree() -> None:
    assert parse_tile_path("tile/6/000.p/31").width == 31
    with pytest.raises(LogError):
        parse_tile_path("tile/6/000.p/32")
    assert parse_tile_path(bundle_path(TREE_SIZE_MAX // 256, 255)).width == 255
    with pytest.raises(LogError):
        bundle_path(TREE_SIZE_MAX // 256, 256)
    with pytest.raises(LogError):
        tile_path(0, TREE_SIZE_MAX // 256 + 1, 1)


@given(st.text(st.sampled_from("tile/entriesx0123456789.p"), max_size=40) | st.text(max_size=20))
def test_any_text_is_a_path_or_a_log_error(text: str) -> None:
    try:
        found = str(parse_tile_path(text))
    except LogError as error:
        found = error.code
    assert found in (text, "tile.path")


@given(st.one_of(st.none(), st.integers(0, 5)), st.integers(0, 2**60), st.integers(1, 256))
def test_every_tile_of_a_possible_tree_has_a_path(level: int | None, n: int, width: int) -> None:
    path = TilePath(level, n % (TREE_SIZE_MAX // 256 ** ((level or 0) + 1)), width)
    assert parse_tile_path(str(path)) == path


# -- which tiles a tree has --------------------------------------------------------------------------------


def slow_tiles(size: int) -> list[tuple[int, int, int]]:
    """floor(size / 256^level) hashes on each level, 256 to a tile."""
    tiles = []
    for level in range(64):
        hashes = size // 256**level
        tiles += [(level, n, min(256, hashes - n * 256)) for n in range((hashes + 255) // 256)]
    return tiles


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 70000])
def test_the_tiles_of_a_tree(size: int) -> None:
    assert list(tiles_for(size)) == slow_tiles(size)
    bundles = [(n, width) for level, n, width in slow_tiles(size) if level == 0]
    assert [(path.n, path.width) for path in bundles_for(size)] == bundles
    assert all(path.level is None for path in bundles_for(size))


def test_the_tiles_of_the_examples() -> None:
    assert [str(path) for path in tiles_for(256)] == ["tile/0/000", "tile/1/000.p/1"]
    seventy = [str(path) for path in tiles_for(70000)]
    assert seventy[272:] == [
        "tile/0/272",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]


# -- what is in them ---------------------------------------------------------------------------------------

SIZE = 66_000  # one full tile of level 1, partial tiles on all three levels
LEVELS = [leaf_hashes(index.to_bytes(3, "big") for index in range(SIZE))]
while len(LEVELS[-1]) > 1:
    LEVELS.append(hash_pairs(LEVELS[-1][: len(LEVELS[-1]) // 2 * 2]))
TILES = {
    (path.level, path.n): b"".join(LEVELS[8 * (path.level or 0)][path.n * 256 :][: path.width])
    for path in tiles_for(SIZE)
}


def node_by_tiles(level: int, index: int) -> bytes:
    place = place_of(level, index)
    return node_in_tile(TILES[place.level, place.n], place.level_in_tile, place.index_in_tile)


def test_every_perfect_subtree_is_in_the_tiles() -> None:
    for level, hashes in enumerate(LEVELS):
        step = max(1, len(hashes) // 23)
        for index in [*range(0, len(hashes), step), len(hashes) - 1]:
            assert node_by_tiles(level, index) == hashes[index]


def test_proofs_can_be_made_from_tiles_alone() -> None:
    root = EMPTY_RANGE.extend(LEVELS[0]).root()
    assert compact_range(SIZE, node_by_tiles).root() == root
    for index in (0, 255, 256, 65535, 65536, SIZE - 1):
        verify_inclusion(LEVELS[0][index], index, SIZE, inclusion_proof(index, SIZE, node_by_tiles), root)


def test_a_tile_is_as_long_as_its_path_says() -> None:
    tile = TILES[0, 257]
    assert split_tile(tile, 208) == LEVELS[0][257 * 256 :]
    for data, width in [(tile, 207), (tile[:-1], 208), (b"", 256), (tile + b"\0", 208)]:
        with pytest.raises(LogError) as caught:
            split_tile(data, width)
        assert caught.value.code == "tile.malformed"


def test_a_node_beyond_its_tile_is_refused() -> None:
    tile = TILES[0, 257]
    assert node_in_tile(tile, 4, 12) == LEVELS[4][257 * 16 + 12]
    assert node_in_tile(TILES[0, 0], 8, 0) == LEVELS[8][0]
    for level, index in [(0, 208), (4, 13), (8, 0), (9, 0), (0, -1), (-1, 0)]:
        with pytest.raises(LogError) as caught:
            node_in_tile(tile, level, index)
        assert caught.value.code == "tile.malformed"


# -- bundles -----------------------------------------------------------------------------------------------

leaves_lists = st.lists(st.binary(max_size=40), max_size=12)


def test_a_bundle_is_leaves_after_their_lengths() -> None:
    bundle = bytes.fromhex("0003616263" + "0000" + "000178")
    assert encode_bundle([b"abc", b"", b"x"]) == bundle
    assert decode_bundle(bundle) == [b"abc", b"", b"x"]
    assert decode_bundle(b"") == []
    long = b"l" * 65535
    assert decode_bundle(encode_bundle([long])) == [long]


@given(leaves_lists)
def test_bundles_round_trip(leaves: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(leaves)) == leaves


@given(leaves_lists)
def test_a_cut_bundle_is_refused_or_has_fewer_leaves(leaves: list[bytes]) -> None:
    bundle = encode_bundle(leaves)
    ends = {len(encode_bundle(leaves[:count])): count for count in range(len(leaves) + 1)}
    for cut in range(len(bundle)):
        if cut in ends:
            assert decode_bundle(bundle[:cut]) == leaves[: ends[cut]]
        else:
            with pytest.raises(LogError) as caught:
                decode_bundle(bundle[:cut])
            assert caught.value.code == "tile.malformed"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_bundle_or_a_log_error(data: bytes) -> None:
    try:
        found: bytes | str = encode_bundle(decode_bundle(data))
    except LogError as error:
        found = error.code
    assert found in (data, "tile.malformed")


def test_a_bundle_holds_no_more_than_it_may() -> None:
    assert len(decode_bundle(bytes(512))) == 256
    assert decode_bundle(bytes(4), count_max=2) == [b"", b""]
    for data, count_max in [(bytes(514), 256), (bytes(4), 1), (bytes(2), 0)]:
        with pytest.raises(LogError) as caught:
            decode_bundle(data, count_max)
        assert caught.value.code == "tile.malformed"


def test_a_leaf_that_no_bundle_can_hold_is_refused() -> None:
    with pytest.raises(PeerError):
        encode_bundle([bytes(65536)])
