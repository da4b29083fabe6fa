"""The mask rule: an element that a choice shut out has the cotangent 0, whatever derivatives lie on the way.

`where(x > 0, sqrt(x), 0)` sends the cotangent 0 to sqrt at x = 0, whose derivative is infinite, and 0 * inf is NaN. But
this 0 is not a number that happens to be 0: it says that nothing depends on the element. So a cotangent carries the
mask that made its zeros. `where` and its kin return `masked(g, live)`; the rule of what comes next is called on the
bare g, and its answer is masked instead. Inner masks become dead code, so that one is left for a chain of elementwise
ops, where its values are summed, broadcast or handed out.

Behind views, sums and permutations of a cotangent its mask is found by looking at the nodes that made it (`Masks.of`);
this costs nothing until there is a mask, and from then on one look at each node. The gradient of a slice is such a
node, too: what was not selected is masked.

Seeds that are 0, as in the rows of an identity that make a Jacobian, count as masked too, but by their values only:
they are `cleared`, which does not stop the derivative by the seed, as another seed could have been given. The two kinds
stay apart (`Mask.live` and `Mask.set`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....ops.core.types import NumericType
from ....ops.elementwise.comparison import not_equal
from ....ops.elementwise.masking import cleared, masked
from ...graph import NodeId
from ...tracing.builder import Builder
from ...tracing.var import Var
from .known_values import KnownValues
from .mask import NOTHING, Mask, joined, whole
from .mask_flow import FLOWS, MAKERS


class Masks:
    """The masks of the cotangents of one reverse pass.

    Arguments:
        builder: where the cotangents are made; what is in it already has no mask.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.known: dict[NodeId, Mask] = {}
        self.seen = len(builder.nodes)  # nodes that were looked at for the first one that makes a mask
        self.any = False
        self.values = KnownValues(builder)

    # Finding masks.

    def note(self, g: Var[Any], mask: Mask) -> None:
        """Remember the mask of a cotangent."""
        self.known[g.id] = mask
        self.any = True

    def seed(self, g: Var[Any]) -> None:
        """Remember that a seed, which the user gives, is masked by value where it is 0."""
        if isinstance(g.type, NumericType):
            self.note(g, Mask(set=not_equal(g, 0)))

    def of(self, g: Var[Any]) -> Mask:
        """The mask of a cotangent."""
        if not self.any and not self._made_one():
            return NOTHING
        pending = [g.id]
        while pending:
            i = pending[-1]
            if i in self.known:
                pending.pop()
                continue
            node = self.builder.nodes[i]
            rule = None if node is None else FLOWS.get(node.op)
            sources = node.inputs[: rule.reads] if rule is not None and node is not None else ()
            missing = [j for j in sources if j not in self.known]
            if missing:
                pending.extend(missing)
                continue
            found = [self.known[j] for j in sources]
            mask = NOTHING if rule is None or node is None else rule.find(self.builder, node, found)
            self.known[i] = self._shortened(mask)
            pending.pop()
        return self.known[g.id]

    def _shortened(self, mask: Mask) -> Mask:
        """A mask without its part by choice where that is known to be true everywhere."""
        if mask.live is None or not self.values.is_true_everywhere(mask.live.id):
            return mask
        return Mask(set=mask.set)

    def _made_one(self) -> bool:
        nodes = self.builder.nodes
        self.any = any([node is not None and node.op in MAKERS for node in nodes[self.seen :]])
        self.seen = len(nodes)
        return self.any

    def var(self, i: NodeId) -> Var[Any]:
        """The Var that stands for an id of the builder."""
        return Var(self.builder, i, self.builder.types[i])

    # Applying masks.

    def bare(self, g: Var[Any]) -> Var[Any]:
        """A cotangent before it was masked."""
        inner = g
        node = self.builder.nodes[g.id]
        while node is not None and node.op in (masked, cleared):
            inner = self.var(node.inputs[0])
            node = self.builder.nodes[inner.id]
        return g if inner is g else whole(inner, g.shape)

    def unmasked(self, g: Var[Any]) -> Var[Any]:
        """The cotangent to which the outermost mask was applied; the cotangent itself where it has none."""
        node = self.builder.nodes[g.id]
        assert node is not None
        return self.var(node.inputs[0])

    def applied(self, g: Any, mask: Mask) -> Any:
        """A cotangent with a mask."""
        if mask.live is not None:
            node = self.builder.nodes[g.id]
            if node is not None and node.op is masked:
                g, mask = self.unmasked(g), joined(Mask(self.var(node.inputs[1])), mask)
            g = masked(g, mask.live)
        return g if mask.set is None else cleared(g, mask.set)

    def common(self, terms: Sequence[Var[Any]]) -> Var[Any] | None:
        """The mask that all terms of a sum are masked by, so that it can be applied to the sum."""
        if not self.any:
            return None
        nodes = [self.builder.nodes[term.id] for term in terms]
        lives = {node.inputs[1] if node is not None and node.op is masked else None for node in nodes}
        live = lives.pop()
        return self.var(live) if not lives and live is not None else None
