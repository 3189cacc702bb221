"""Which records are about the same, and whose comes first."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.sameness import Groups, Standing, families, is_at_home, shared_names, work_of


@dataclass(frozen=True)
class Record:
    did: str
    key: str = "a"
    same_as: tuple[str, ...] = ()
    type: str = "dataset"


def grouped(*records, of=()):
    groups = Groups(frozenset(of))
    for record in records:
        groups.add(record)
    return groups.groups


A, B, C = Record("a", same_as=("x",)), Record("b", same_as=("x", "y")), Record("c", same_as=("y",))


def test_who_shares_an_identifier_is_one_group():
    assert grouped(A, Record("d"), B, C) == [[A, B, C], [Record("d")]]
    assert grouped(A, C) == [[A], [C]]


def test_what_joins_later_moves_nobody():
    assert grouped(A, C, B) == [[A, B], [C]]


def test_a_group_has_one_dataset_of_each_publisher():
    other = Record("a", "b", ("y",))
    assert grouped(A, B, other) == [[A, B], [other]]


def test_versions_go_to_their_dataset():
    version, other = Record("a", "a@1", type="version"), Record("a", "a", type="lineage")
    assert grouped(A, version, B, other) == [[A, version, B], [other]]
    assert work_of(version) == work_of(A) != work_of(other)


def test_what_a_publisher_says_of_several_datasets_says_nothing_of_its_own():
    again = Record("a", "b", ("x",))
    said = families([A, again, B, Record("a", "b@1", ("x",), "version")])
    assert said == {("a", "x")}
    assert grouped(A, again, B, Record("c", same_as=("x",)), of=said) == [
        [A],
        [again],
        [B, Record("c", same_as=("x",))],
    ]


def test_identifiers_are_shared_by_works_not_by_versions():
    assert shared_names([A, Record("a", "a@1", ("x",), "version")]) == []
    assert shared_names([A, B, C]) == ["x", "y"]


RECORDS = st.lists(
    st.builds(
        Record,
        st.sampled_from("abc"),
        st.sampled_from(["a", "b", "a@1"]),
        st.lists(st.sampled_from("wxyz"), max_size=2).map(tuple),
    ),
    max_size=12,
)


@given(RECORDS, st.integers(0, 12))
def test_groups_of_the_first_hits_are_the_beginnings_of_those_of_all(records, count):
    few, many = grouped(*records[:count]), grouped(*records)
    assert [group[: len(part)] for part, group in zip(few, many, strict=False)] == few
    assert sorted(map(repr, records)) == sorted(map(repr, (record for group in many for record in group)))
    for group in many:
        works = {work_of(record) for record in group}
        assert len({did for did, _, _ in works}) == len(works)


def test_the_origin_comes_first_and_a_stranger_last():
    def place(tier=1, seen_ms=5, name="n", *, harvested=False, home=False):
        return Standing(
            tier=tier, is_harvested=harvested, is_at_home=home, seen_ms=seen_ms, name=name
        ).place()

    order = [
        place(0, 9),
        place(0, 1, harvested=True, home=True),
        place(1, 9, home=True),
        place(1, 1),
        place(1, 2, "a"),
        place(1, 2, "b"),
        place(2, 0, home=True),
    ]
    assert sorted(order) == order


def test_a_domain_is_at_home_at_its_hosts():
    assert is_at_home("nasa.gov", ["data.nasa.gov"]) and is_at_home("nasa.gov", ["nasa.gov"])
    assert not is_at_home("nasa.gov", ["notnasa.gov", "nasa.gov.example.org"])
    assert not is_at_home("", [""])
