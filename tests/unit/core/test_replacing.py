"""Models are replaced wherever other models refer to them."""

from __future__ import annotations

import copy
import json
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import pytest
from attrs import frozen
from tests.support.pages import THREE, ListCallsResponse, link

from puretalk_client._core.decoding import _fast_decoder, decode
from puretalk_client._core.replacing import Replacements
from puretalk_client.models import replaced as of_package
from puretalk_generated.codec import decoder, is_msgspec_type, structure


@frozen(kw_only=True)
class Leaf:
    """A model in the table; it refers to models that refer to it."""

    size: int
    owner: Tree | None = None


@frozen(kw_only=True)
class Tree:
    """A model that contains itself and the other."""

    name: str
    leaf: Leaf | None = None
    leaves: list[Leaf] | None = None
    by_day: dict[str, list[Leaf | None]] | None = None
    trees: list[Tree] = attrs.field(factory=list)
    others: Other | None = None


@frozen(kw_only=True)
class Other:
    """A model without any of those."""

    name: str


@frozen(kw_only=True)
class OwnOther(Other):
    """What takes the place of Other, in one test."""


@frozen(kw_only=True)
class OwnLeaf(Leaf):
    """What takes the place of Leaf."""

    colour: str = "green"


def restore(model: Any, values: dict[str, Any]) -> Any:
    """Restore a pickled value."""
    return REPLACED[model](**values)


REPLACED = Replacements({Leaf: OwnLeaf}, restore)
LEAF = b'{"size":1,"owner":{"name":"c"}}'
TREE = b'{"name":"a","leaf":%b,"leaves":[%b],"by_day":{"x":[null,%b]},"trees":[{"name":"b","leaf":%b}]}' % ((LEAF,) * 4)


@pytest.mark.parametrize(
    "read", [lambda hint: decoder(hint).decode(TREE), lambda hint: structure(json.loads(TREE), hint)]
)
def test_both_decoders_build_the_replacements(read: Callable[[Any], Any]) -> None:
    """In fields, arrays, maps and circles; everything is still an instance of the document's model."""
    tree = read(REPLACED[Tree])
    leaves = [tree.leaf, tree.leaves[0], tree.by_day["x"][1], tree.trees[0].leaf]
    assert [type(leaf) for leaf in leaves] == [OwnLeaf] * 4
    assert {type(each) for each in (tree, tree.trees[0], tree.leaf.owner)} == {REPLACED[Tree]}
    assert isinstance(tree, Tree)
    assert is_msgspec_type(REPLACED[Tree])
    assert decode(TREE, REPLACED[Tree]) == (tree, [])
    assert decode(LEAF, OwnLeaf)[0] == tree.leaf


def test_names_hints_and_all_else_stay() -> None:
    """A type without such a model is itself; a subclass has the names of its model, which is as it was."""
    for hint in (Other, list[Other] | None, str, Any, dict[str, int], bytes | None):
        assert REPLACED[hint] is hint
    assert REPLACED[list[Leaf | None] | None] == list[OwnLeaf | None] | None
    made = REPLACED[Tree]
    assert (made.__name__, made.__qualname__, made.__module__, made.__doc__) == (
        Tree.__name__, Tree.__qualname__, Tree.__module__, Tree.__doc__
    )  # fmt: skip
    assert type(structure({"name": "a", "leaf": {"size": 1}}, Tree).leaf) is Leaf
    with pytest.raises(TypeError):
        made(leaf=None)


def test_values_can_be_copied_and_pickled() -> None:
    """Their class has no name in a module, so a pickle has that of the document's model."""
    tree = decode(TREE, REPLACED[Tree])[0]
    for other in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree), attrs.evolve(tree, name="a")):
        assert (other, type(other)) == (tree, type(tree))


def test_threads_get_one_class() -> None:
    """Large bodies are decoded in threads."""

    class Slow(Replacements):
        def _subclass(self, model: Any) -> Any:
            time.sleep(0.01)  # another thread looks meanwhile
            return super()._subclass(model)

    replaced, start, found = Slow({Other: OwnOther}, restore), threading.Barrier(8), []

    def look() -> None:
        start.wait()
        found.append(replaced[Tree])

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert replaced[list[Tree]].__args__ == (found[0],)


def test_page_is_decoded_in_c() -> None:
    """Although "next" has another name in Python; the value is that of the tolerant decoder."""
    hint, content = of_package[ListCallsResponse], json.dumps(THREE[1]).encode()
    fast = _fast_decoder(hint)
    assert fast is not None
    assert fast(content) == structure(THREE[1], hint) == decode(content, hint)[0]
    assert fast(content).next_ == link(2)
    with pytest.raises(msgspec.ValidationError):
        fast(b'{"next":5}')
    assert decode(b'{"next":5}', hint)[0].next_ == 5
