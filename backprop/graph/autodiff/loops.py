"""Loop: `scan`, an op that runs a body once for each row of its operands, and hands a carry from step to step.

    scan(*carries, *rows, *constants)  ->  (*last carries, *results of each step, *carries before each step)

The body takes (carries, a row of each, constants) and returns (carries, results), so that the graph is as large as one
step. Results are stacked along a new first axis. The parameter `kept` says which carries are wanted before each step:
these are the residuals, all of them until the pass `narrow` drops what nobody reads.

The reverse of a scan is a scan in the other direction. Its carries are the cotangents of the carries, and a sum for
each constant, which so adds up over the steps in a fixed order; a step runs the body anew from the carries before it.

Source: the semantics of jax.lax.scan; Griewank and Walther, Evaluating Derivatives, 2nd ed. 2008, chapter 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...errors import GraphTypeError
from ...ops.core.op import Op
from ...ops.core.types import NumericType, TupleType, ValueType, value_type
from ...ops.elementwise.arithmetic import add
from ...ops.elementwise.comparison import logical_or
from ..graph import Graph
from ..ownership import alone, contiguous
from ..tracing.builder import Builder
from ..tracing.var import Var
from .body_pullback import BodyPullback, mask_type
from .control_flow import Body, all_fit, cotangents, emit, results_type, with_masks
from .differentiate import active as active_ids
from .loop import Loop, step_by_step
from .masking.mask import NOTHING, Kind, Mask, kind_of, truth, whole
from .masking.masks import Masks
from .reverse_pass import zero

# Types.


def _scan_type(*types: ValueType[Any], bodies: Sequence[Graph], loop: Loop) -> TupleType:
    carries, rows, constants = loop.parts(types)
    (body,) = bodies
    results_type("scan", bodies, (*carries, *(_row(t, loop.length) for t in rows), *constants))
    outputs = body.output_types
    if not all_fit(carries, outputs[: loop.carries]):
        raise GraphTypeError(
            f"scan hands on {TupleType(tuple(carries))}, and its body returns {TupleType(outputs[: loop.carries])}"
        )
    stacked = (*outputs[loop.carries :], *(carries[k] for k in loop.kept))
    return TupleType((*outputs[: loop.carries], *(_stacked(t, loop.length) for t in stacked)))


def _row(t: ValueType[Any], length: int) -> ValueType[Any]:
    if not isinstance(t, NumericType) or t.shape[:1] != (length,):
        raise GraphTypeError(f"scan over {length} rows takes arrays with as many, not {t}")
    return value_type(t.shape[1:], t.dtype)


def _stacked(t: ValueType[Any], length: int) -> ValueType[Any]:
    if not isinstance(t, NumericType):
        raise GraphTypeError(f"scan can stack arrays and numbers only, not {t}")
    return value_type((length, *t.shape), t.dtype)


# Values.


def _scan(*operands: Any, bodies: Sequence[Body], loop: Loop) -> tuple[Any, ...]:
    given = [contiguous(value) for value in operands]
    (body,) = bodies
    carries, rows, constants = loop.parts(given)
    stacks = _stacks(body.graph, loop)  # type: ignore[attr-defined]
    turn = slice(None, None, -1 if loop.backwards else 1)
    run = getattr(body, "run_loop", partial(step_by_step, body))  # as one function, where somebody knows how
    last = run(loop, carries, [row[turn] for row in rows], constants, [stack[turn] for stack in stacks])
    taken = {id(value) for value in given}
    return (*[alone(value, taken) for value in last], *stacks)


def _stacks(body: Graph, loop: Loop) -> list[Any]:
    """What the results of each step go into."""
    outputs = body.output_types
    types: list[Any] = [*outputs[loop.carries :], *(outputs[k] for k in loop.kept)]
    return [np.empty((loop.length, *t.shape), t.dtype) for t in types]


# Reverse.


def _scan_vjp(g: Any, out: Any, *operands: Any, bodies: Any, loop: Loop, active: Any, masks: Any) -> tuple[Any, ...]:
    (body,) = bodies
    reverse = _Reverse(body, loop, _settled(body, loop, active), cotangents(g), masks)
    found = emit(g.builder, scan, reverse.operands(operands, _history(out, operands, body, loop)), reverse.params())
    answers = dict(zip(reverse.wrt, reverse.results_of(found), strict=True))
    return tuple([answers.get(k) for k in range(len(operands))])


def _settled(body: Graph, loop: Loop, active: Sequence[bool]) -> list[bool]:
    """Which inputs of the body are active, when what a step makes active has come round in the carries."""
    flags = list(active)
    while True:
        found = active_ids(body, [k for k, is_active in enumerate(flags) if is_active])
        grown = [flags[k] or (k < loop.carries and found[body.outputs[k]]) for k in range(len(flags))]
        if grown == flags:
            return flags
        flags = grown


def _history(out: Any, operands: Sequence[Any], body: Graph, loop: Loop) -> list[Any]:
    """The carries before each step: results of the scan, or where it does not keep all, of the same scan that does."""
    everything = tuple(range(loop.carries))
    if loop.kept != everything:
        out = emit(out.builder, scan, operands, {"bodies": (body,), "loop": replace(loop, kept=everything)})
    return [out[len(body.outputs) + k] for k in everything]


class _Reverse:
    """The reverse of a scan.

    Its carries are the cotangents of the active carries, a sum for each active constant, and a mask for those of both
    that have one; its rows are the carries before each step, the rows of the scan, and the cotangents of what is
    stacked, with their masks; its constants are those of the scan.
    """

    def __init__(self, body: Graph, loop: Loop, active: list[bool], seeds: list[Var[Any] | None], masks: Masks) -> None:
        self.body = body
        self.loop = loop
        self.masks = masks
        first = loop.carries + loop.rows
        self.carried = [k for k in range(loop.carries) if active[k]]
        self.pulled = [k for k in range(loop.carries, first) if active[k]]
        self.summed = [k for k in range(first, len(body.inputs)) if active[k]]
        self.wrt = [*self.carried, *self.summed, *self.pulled]
        self.ends = [seeds[k] for k in self.carried]
        results = len(body.outputs)
        self.results = [k for k in range(loop.carries, results) if seeds[k] is not None]
        self.kept = [k for k in self.carried if k in loop.kept and seeds[results + loop.kept.index(k)] is not None]
        self.stacked = [seeds[k] for k in self.results]
        self.added = [seeds[results + loop.kept.index(k)] for k in self.kept]
        self.found = [self._mask(seed) for seed in self.stacked]
        self.started = [self._mask(seed) for seed in self.ends]
        self.pullback, self.kinds = self._with_masks()

    def _with_masks(self) -> tuple[BodyPullback, list[Kind]]:
        """The reverse of a step, and the kinds of masks of its results: of a carry what comes out also goes in."""
        kinds: list[Kind] = [
            "" if k in self.kept else kind_of(mask) for k, mask in zip(self.carried, self.started, strict=True)
        ]
        given: list[Kind] = [kind_of(mask) for mask in self.found]
        while True:
            pullback = BodyPullback(self.body, self.wrt, [*self.carried, *self.results], [*kinds, *given])
            grown: list[Kind] = [
                "" if k in self.kept else max(old, new)
                for k, old, new in zip(self.carried, kinds, pullback.kinds, strict=False)
            ]
            if grown == kinds:
                return pullback, [*kinds, *pullback.kinds[len(kinds) :]]
            kinds = grown

    def _mask(self, seed: Var[Any] | None) -> Mask:
        """The mask of a seed; what it is by value alone is not worth carrying through each step."""
        return NOTHING if seed is None else self.masks.of(seed).by_choice

    @property
    def folded(self) -> int:
        """How many cotangents are carried on: of carries, and of constants."""
        return len(self.carried) + len(self.summed)

    def operands(self, operands: Sequence[Any], history: Sequence[Any]) -> list[Any]:
        carries, rows, constants = self.loop.parts(operands)
        builder = operands[0].builder
        ends = [
            zero(builder, carries[k].type) if end is None else end
            for k, end in zip(self.carried, self.ends, strict=True)
        ]
        sums = [zero(builder, operands[k].type) for k in self.summed]
        stacked = [*self.stacked, *self._lives(self.stacked, self.found), *self.added]
        return [*ends, *sums, *self._first_lives(builder, operands), *history, *rows, *stacked, *constants]

    def _first_lives(self, builder: Builder, operands: Sequence[Any]) -> list[Var[Any]]:
        """The masks before the first step: those of the seeds; of what starts as zero, nothing is live."""
        seeds = [*zip(self.ends, self.started, strict=True), *[(None, NOTHING)] * len(self.summed)]
        lives = []
        for k, kind, (seed, mask) in zip([*self.carried, *self.summed], self.kinds, seeds, strict=False):
            if kind:
                unmasked = truth(builder, operands[k].shape, seed is not None)
                lives.append(unmasked if mask.is_empty else whole(mask.either(), operands[k].shape))
        return lives

    def _lives(self, seeds: Sequence[Any], masks: Sequence[Mask]) -> list[Var[Any]]:
        return [whole(m.either(), g.shape) for g, m in zip(seeds, masks, strict=True) if not m.is_empty]

    def params(self) -> dict[str, Any]:
        loop = self.loop
        carries = self.folded + len([kind for kind in self.kinds[: self.folded] if kind])
        stacked = len(self.stacked) + len([mask for mask in self.found if not mask.is_empty]) + len(self.added)
        rows = loop.carries + loop.rows + stacked
        reverse = Loop(carries, rows, loop.length, not loop.backwards, tuple(range(carries)))
        return {"bodies": (self.step(),), "loop": reverse}

    def step(self) -> Graph:
        """The body: one step of the reverse."""
        inputs, outputs = self.body.inputs, self.body.output_types
        first = self.loop.carries + self.loop.rows
        builder = Builder()
        ends = [builder.input(inputs[k]) for k in self.carried]
        sums = [builder.input(inputs[k]) for k in self.summed]
        folded = [*self.carried, *self.summed]
        lives = [
            builder.input(mask_type(inputs[k])) if kind else None for k, kind in zip(folded, self.kinds, strict=False)
        ]
        state = [builder.input(t) for t in inputs[:first]]
        results = [builder.input(outputs[k]) for k in self.results]
        given = [builder.input(mask_type(g.type)) for g, m in zip(results, self.found, strict=True) if not m.is_empty]
        added = [builder.input(outputs[k]) for k in self.kept]
        constants = [builder.input(t) for t in inputs[first:]]
        carried = [live for live in lives[: len(ends)] if live is not None]
        graph = self.pullback.graph(self.kinds)
        found = builder.inline(graph, [*state, *constants, *ends, *results, *carried, *given])
        cotangents, masks = found[: len(self.wrt)], iter(found[len(self.wrt) :])
        found_lives = [next(masks) if kind else None for kind in self.kinds]
        for k, seed in zip(self.kept, added, strict=True):
            cotangents[self.carried.index(k)] = add(cotangents[self.carried.index(k)], seed)
        for place, total in enumerate(sums, len(self.carried)):
            cotangents[place] = add(total, cotangents[place])
            if found_lives[place] is not None:
                found_lives[place] = logical_or(lives[place], found_lives[place])
        parts = (slice(None, self.folded), slice(self.folded, None))
        results = [var for part in parts for var in (*cotangents[part], *found_lives[part]) if var is not None]
        return builder.build([var.id for var in results])[0]

    def results_of(self, found: Var[Any]) -> list[Any]:
        """The cotangents of `wrt` among the results of the scan, with their masks."""
        masked = len([kind for kind in self.kinds[: self.folded] if kind])
        stop = self.folded + masked
        parts = (slice(self.folded), slice(stop, masked + len(self.wrt)), slice(self.folded, stop))
        results = [found[k] for k in range(len(found))]
        ordered = [var for part in (*parts, slice(masked + len(self.wrt), None)) for var in results[part]]
        return with_masks(self.masks, ordered, self.kinds)


scan: Op = Op("scan", _scan_type, _scan, _scan_vjp, home=__name__)
