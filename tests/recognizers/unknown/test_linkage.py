from __future__ import annotations

import numpy as np
import pytest

from recognizers.teaching.grouping import group_descriptors
from recognizers.unknown import linkage
from recognizers.unknown.linkage import Node, alike, link
from tests.recognizers.unknown.conftest import near

LIMIT = 1.0


def nodes_of(people, pictures, *, photo_of=lambda index: index):
    rows = [near(person, picture) for person in range(1, people + 1) for picture in range(pictures)]
    return [Node(row[None], frozenset({photo_of(index)})) for index, row in enumerate(rows)]


def test_the_faces_of_each_person_are_joined():
    nodes = nodes_of(12, 5)
    assert link(nodes, LIMIT) == [list(range(5 * person, 5 * person + 5)) for person in range(12)]


def test_the_groups_are_those_of_average_linkage():
    random = np.random.default_rng(3)
    rows = random.normal(0, 1, (60, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    own = link([Node(row[None], frozenset({index})) for index, row in enumerate(rows)], 0.6)
    usual = group_descriptors(list(rows), list(range(60)), 0.6)
    assert len(own) < 60
    pairs = [{(a, b) for group in groups for a in group for b in group} for groups in (own, usual)]
    assert len(pairs[0] ^ pairs[1]) < 0.05 * len(pairs[1])


def test_a_group_that_is_known_counts_as_all_of_its_faces():
    rows = np.stack([near(1, picture) for picture in range(9)])
    group = Node(rows[:6], frozenset(range(6)))
    single = [Node(rows[index][None], frozenset({index})) for index in range(6, 9)]
    stranger = Node(near(2, 0)[None], frozenset({20}))
    assert link([group, *single, stranger], LIMIT) == [[0, 1, 2, 3], [4]]


def test_two_faces_of_one_picture_are_never_joined_not_even_through_others():
    nodes = nodes_of(1, 6, photo_of=lambda index: index // 2)
    groups = link(nodes, LIMIT)
    assert sorted(index for group in groups for index in group) == list(range(6))
    assert all(len({index // 2 for index in group}) == len(group) for group in groups)


def test_too_many_connected_faces_are_separated_by_a_smaller_distance(monkeypatch):
    nodes = nodes_of(12, 5)
    monkeypatch.setattr(linkage, "MOST_AT_ONCE", 10)
    assert link(nodes, 5.0) == [list(range(5 * person, 5 * person + 5)) for person in range(12)]
    copies = [Node(near(1, 1)[None], frozenset({index})) for index in range(30)]
    assert link(copies, LIMIT) == [[index] for index in range(30)]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_join(count):
    assert link(nodes_of(1, count), LIMIT) == [[index] for index in range(count)]
    assert alike(nodes_of(1, count), LIMIT) == []


def test_groups_that_look_alike_unless_they_were_seen_together():
    rows = np.stack([near(1, picture) for picture in range(6)])
    one, two = Node(rows[:3], frozenset({1, 2})), Node(rows[3:], frozenset({3, 4}))
    other = Node(near(2, 0)[None], frozenset({9}))
    assert alike([one, other, two], LIMIT) == [(0, 2)]
    assert alike([one, other, two._replace(pictures=frozenset({2, 3}))], LIMIT) == []
