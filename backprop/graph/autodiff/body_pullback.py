"""The reverse pass of a body: (inputs, seeds, masks of seeds) -> (cotangents, masks of cotangents).

A mask goes into a body with its seed, as one more operand, and comes out with a cotangent, as one more result, so that
it is not lost at a checkpoint, a switch or the steps of a scan. Within a body a seed that happens to be 0 is a number
like any other: it comes from a rule, not from a user.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ops.core.types import NumericType, value_type
from ..graph import Graph, NodeId
from ..tracing.builder import Builder
from ..tracing.var import Var
from ..verify import verify
from .differentiate import active
from .masking.mask import Kind, Mask, kind_of, mask_of, truth, whole
from .reverse_pass import ReversePass


class BodyPullback:
    """A reverse pass of a body, of which a graph is made when it is known which masks are wanted.

    Arguments:
        body: the body.
        wrt: ids of the inputs whose cotangents are wanted.
        outputs: places of the outputs that have seeds.
        given: for each of these, what kind of mask comes with the seed.
    """

    def __init__(self, body: Graph, wrt: Sequence[NodeId], outputs: Sequence[int], given: Sequence[Kind]) -> None:
        self.body = body
        self.builder = builder = Builder()
        for type in body.inputs:
            builder.input(type)
        builder.extend(body.nodes)
        reverse = ReversePass(body, builder, active(body, wrt))
        ids = [body.outputs[k] for k in outputs]
        seeds = [builder.input(body.type_of(i)) for i in ids]
        for seed, kind in zip(seeds, given, strict=True):
            if kind:
                reverse.masks.note(seed, mask_of(kind, builder.input(mask_type(seed.type))))
        for i, seed in zip(ids, seeds, strict=True):
            reverse.contribute(i, seed)
        reverse.walk()
        self.cotangents = [reverse.total(i) for i in wrt]
        self.masks = [reverse.masks.of(g) for g in self.cotangents]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What kind of mask each cotangent has."""
        kinds: list[Kind] = [kind_of(mask) for mask in self.masks]
        return tuple(kinds)

    def graph(self, wanted: Sequence[Kind] = ()) -> Graph:
        """The graph whose results are the cotangents, then the masks of those of which one is wanted."""
        pairs = zip(self.cotangents, self.masks, wanted, strict=False)
        lives = [self._live(g, mask) for g, mask, kind in pairs if kind]
        built, _ = self.builder.build([var.id for var in (*self.cotangents, *lives)])
        return verify(built, "differentiate", self.body)

    def _live(self, g: Var[Any], mask: Mask) -> Var[Any]:
        return truth(self.builder, g.shape) if mask.is_empty else whole(mask.either(), g.shape)


def mask_type(type: Any) -> NumericType[Any]:
    """The type of the mask of a value."""
    return value_type(type.shape, np.dtype(bool))


def joined_kinds(given: Sequence[Sequence[Kind]]) -> tuple[Kind, ...]:
    """The kinds that stand for those of several bodies: where one is by value, all are."""
    return tuple([max(kinds) for kinds in zip(*given, strict=True)])
