"""How each function of docs/coverage.md is called, with an operand of any dtype and shape.

A call is made of the function and the operand, here `f` and `x`; where a function takes several operands, they are made
of the one. A function that is not in the table is a ufunc, and is called with as many operands as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

Call = Callable[[Any, Any], Any]  # (function, operand) -> result


def first(f: Any, x: Any) -> Any:
    """The function of nothing but the operand."""
    return f(x)


def twice(f: Any, x: Any) -> Any:
    """The function of the operand and itself."""
    return f(x, x)


def _axes(*params: dict[str, Any]) -> list[Call]:
    return [first, *(lambda f, x, p=p: f(x, **p) for p in params)]


REDUCTIONS: list[Call] = [
    *_axes({"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}, {"axis": 5}, {"axis": (0, 0)}, {"axis": 1.5})
]
PLACES: list[Call] = [*_axes({"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": 5})]
RUNNING: list[Call] = [*_axes({"axis": 0}, {"axis": -1}, {"axis": 5}, {"dtype": np.float32})]
DTYPED: list[Call] = [*REDUCTIONS, *_axes({"dtype": np.float32}, {"dtype": np.complex64}, {"dtype": int})[1:]]
SPREADS: list[Call] = [*DTYPED, *_axes({"ddof": 1}, {"ddof": 9})[1:]]
SPLITS: list[Call] = [lambda f, x: f(x, 1), lambda f, x: f(x, 2), lambda f, x: f(x, [1, 2]), lambda f, x: f(x, 0)]
PERCENTS: list[Call] = [
    lambda f, x: f(x, 50),
    lambda f, x: f(x, [25, 75]),
    lambda f, x: f(x, 12.5, axis=0),
    lambda f, x: f(x, [[0, 1], [2, 3]], axis=-1, keepdims=True),
    lambda f, x: f(x, 150),
    lambda f, x: f(x, [-1, 50]),
    lambda f, x: f(x, 30, method="nearest"),
    lambda f, x: f(x, 30, method="what"),
]
SHARES: list[Call] = [
    lambda f, x: f(x, 0.5),
    lambda f, x: f(x, [0.25, 0.75]),
    lambda f, x: f(x, np.float32(0.1), axis=0),
    lambda f, x: f(x, [[0.1, 0.2], [0, 1]], axis=-1, keepdims=True),
    lambda f, x: f(x, 1.5),
    lambda f, x: f(x, [-0.5, 0.5]),
    lambda f, x: f(x, 0.3, method="lower"),
    lambda f, x: f(x, 1),
    lambda f, x: f(x, [0, 1], axis=0),
]
JOINS: list[Call] = [
    lambda f, x: f([x, x]),
    lambda f, x: f((x, np.ones(np.shape(x), np.float32))),
    lambda f, x: f([x, np.ones(7)]),
    lambda f, x: f([]) if False else f([x]),
]
JOINS_ALONG: list[Call] = [*JOINS, lambda f, x: f([x, x], axis=1), lambda f, x: f([x, x], axis=5)]
FFT: list[Call] = [
    first,
    lambda f, x: f(x, 3),
    lambda f, x: f(x, axis=0),
    lambda f, x: f(x, norm="ortho"),
    lambda f, x: f(x, 0),
    lambda f, x: f(x, axis=4),
    lambda f, x: f(x, norm="what"),
]
FFT2: list[Call] = [first, lambda f, x: f(x, axes=(0,)), lambda f, x: f(x, (2, 2)), lambda f, x: f(x, norm="forward")]
TRIANGLES: list[Call] = [first, lambda f, x: f(x, 1), lambda f, x: f(x, -1), lambda f, x: f(x, 9)]
INDICES: list[Call] = [
    lambda f, x: f(x, 0),
    lambda f, x: f(x, [0, 1]),
    lambda f, x: f(x, 1, axis=0),
    lambda f, x: f(x, [0, -1], axis=-1),
    lambda f, x: f(x, 99),
    lambda f, x: f(x, 0, axis=7),
]
PRODUCTS: list[Call] = [
    twice,
    lambda f, x: f(x, np.ones(3, np.float32)),
    lambda f, x: f(np.arange(4), x),
    lambda f, x: f(x, 2),
]
LIKE: list[Call] = [first, lambda f, x: f(x, dtype=np.float32), lambda f, x: f(x, shape=(2, 2))]
SHAPES: list[Call] = [
    lambda f, x: f(x, (2, 2)),
    lambda f, x: f(x, -1),
    lambda f, x: f(x, (3, -1)),
    lambda f, x: f(x, (-1, -1)),
    lambda f, x: f(x, 7),
]
SORTS: list[Call] = [*_axes({"axis": 0}, {"axis": None}, {"axis": 5})]
PARTITIONS: list[Call] = [lambda f, x: f(x, 1), lambda f, x: f(x, 0, axis=0), lambda f, x: f(x, 99)]
NORMS: list[Call] = [
    first,
    *((lambda f, x, order=order: f(x, ord=order)) for order in (1, 2, np.inf, -np.inf, 0, 3, -1, "fro", "nuc", "what")),
    lambda f, x: f(x, keepdims=True),
]
UFUNC_OPTIONS: list[Call] = [lambda f, x: f(x, dtype=np.float64)]

CALLS: Mapping[str, Sequence[Call]] = MappingProxyType(
    {
        **dict.fromkeys(
            ["all", "any", "max", "amax", "min", "amin", "ptp", "median", "nanmax", "nanmin", "nanmedian"], REDUCTIONS
        ),
        **dict.fromkeys(["sum", "prod", "mean", "nansum", "nanprod", "nanmean"], DTYPED),
        **dict.fromkeys(["std", "var", "nanstd", "nanvar"], SPREADS),
        **dict.fromkeys(["argmax", "argmin", "nanargmax", "nanargmin", "count_nonzero"], PLACES),
        **dict.fromkeys(["cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod"], RUNNING),
        **dict.fromkeys(["array_split", "split"], (*SPLITS, lambda f, x: f(x, 2, axis=1), lambda f, x: f(x, 3.5))),
        **dict.fromkeys(["hsplit", "vsplit", "dsplit"], SPLITS),
        **dict.fromkeys(["concatenate", "stack"], JOINS_ALONG),
        **dict.fromkeys(["hstack", "vstack", "dstack", "column_stack", "block"], JOINS),
        **dict.fromkeys(["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"], FFT),
        **dict.fromkeys(["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"], FFT2),
        **dict.fromkeys(["fftshift", "ifftshift"], (first, lambda f, x: f(x, axes=0), lambda f, x: f(x, axes=(0, 5)))),
        **dict.fromkeys(
            ["tril", "triu", "diag", "diagflat", "diag_indices_from", "tril_indices_from", "triu_indices_from"],
            TRIANGLES,
        ),
        **dict.fromkeys(
            [
                "dot",
                "inner",
                "outer",
                "vdot",
                "kron",
                "tensordot",
                "cross",
                "matmul",
                "vecdot",
                "matvec",
                "vecmat",
                "convolve",
                "correlate",
                "polymul",
                "polyadd",
                "polysub",
                "polyval",
                "isclose",
                "allclose",
                "array_equal",
                "array_equiv",
                "isin",
                "searchsorted",
            ],
            PRODUCTS,
        ),
        **dict.fromkeys(["zeros_like", "ones_like", "empty_like"], LIKE),
        **dict.fromkeys(["sort", "argsort"], SORTS),
        **dict.fromkeys(["partition", "argpartition"], PARTITIONS),
        **dict.fromkeys(["reshape", "resize"], SHAPES),
        **{key: [first] for key in ["argwhere", "flatnonzero", "nonzero"]},
        **{key: [twice, lambda f, x: f(x, [1, 9, 2])] for key in ["intersect1d", "setdiff1d", "setxor1d", "union1d"]},
        "ix_": [first, twice],
        "unique": [
            first,
            lambda f, x: f(x, return_index=True, return_counts=True),
            lambda f, x: f(x, axis=0),
            lambda f, x: f(x, axis=5),
        ],
        "angle": [first, lambda f, x: f(x, deg=True)],
        "append": [twice, lambda f, x: f(x, x, axis=0), lambda f, x: f(x, 2.5), lambda f, x: f(x, x, axis=5)],
        "apply_along_axis": [lambda f, x: f(lambda v: v * 2, 0, x), lambda f, x: f(np.sum, -1, x)],
        "apply_over_axes": [lambda f, x: f(np.sum, x, [0]), lambda f, x: f(np.sum, x, (0, 1))],
        "around": [first, lambda f, x: f(x, 1), lambda f, x: f(x, -1)],
        "array": [],  # these dispatch by like= alone, and are called as backprop.ops.array
        "asarray": [],
        "full": [],
        "astype": [lambda f, x: f(x, np.float32), lambda f, x: f(x, int), lambda f, x: f(x, bool)],
        "atleast_1d": [first, twice],
        "atleast_2d": [first],
        "atleast_3d": [first],
        "average": [
            *_axes({"axis": 0}, {"axis": 5}),
            lambda f, x: f(x, weights=np.arange(1, 1 + np.size(x), dtype=np.float32).reshape(np.shape(x))),
            lambda f, x: f(x, weights=x),
            lambda f, x: f(x, weights=[1, 2, 3]),
            lambda f, x: f(x, returned=True),
        ],
        "bincount": [
            lambda f, x: f(np.array([0, 1, 1, 3]), weights=x),
            lambda f, x: f(np.array([0, 1, 1, 3]), x, minlength=9),
            lambda f, x: f(np.array([-1, 0, 0, 0]), x),
            lambda f, x: f(np.array([0, 1, 1, 3]), x, minlength=-1),
        ],
        "broadcast_arrays": [twice, lambda f, x: f(x, np.ones((5, 1)))],
        "broadcast_to": [lambda f, x: f(x, (3, 3)), lambda f, x: f(x, (5, 4)), lambda f, x: f(x, 4)],
        "can_cast": [lambda f, x: f(x, np.float32) if np.ndim(x) else f(x.dtype, np.float32)],
        "choose": [
            lambda f, x: f(np.array([0, 1, 1, 0]), [x, x]),
            lambda f, x: f(x, [np.ones(4), np.zeros(4), np.ones(4), np.zeros(4), np.ones(4)]),
            lambda f, x: f(np.array([0, 9, 1, 0]), [x, x]),
        ],
        "clip": [
            lambda f, x: f(x, 1, 2),
            lambda f, x: f(x, None, 2),
            lambda f, x: f(x, -1, 1),
            lambda f, x: f(x, 1.5, None),
            lambda f, x: f(x, np.float32(1), np.float64(2)),
            lambda f, x: f(x, 3, 1),
        ],
        "common_type": [first, twice],
        "compress": [
            lambda f, x: f([True, False, True], x, 0),
            lambda f, x: f([True, False], x),
            lambda f, x: f([True] * 9, x),
        ],
        "copy": [first],
        "corrcoef": [first, twice, lambda f, x: f(x, rowvar=False), lambda f, x: f(x, dtype=np.float32)],
        "cov": [
            first,
            twice,
            lambda f, x: f(x, bias=True),
            lambda f, x: f(x, rowvar=False),
            lambda f, x: f(x, ddof=9),
            lambda f, x: f(x, fweights=[1, 2, 3]),
            lambda f, x: f(x, aweights=[1, 2, 3, 4]),
            lambda f, x: f(x, dtype=np.float32),
        ],
        "delete": INDICES,
        "diagonal": [first, lambda f, x: f(x, offset=1), lambda f, x: f(x, offset=9)],
        "trace": [first, lambda f, x: f(x, offset=1), lambda f, x: f(x, dtype=np.float32)],
        "diff": [
            first,
            lambda f, x: f(x, 2),
            lambda f, x: f(x, axis=0),
            lambda f, x: f(x, prepend=1),
            lambda f, x: f(x, -1),
            lambda f, x: f(x, 0),
            lambda f, x: f(x, axis=5),
        ],
        "histogram": [
            lambda f, x: f(np.ones(np.shape(x)), 3, weights=x),
            lambda f, x: f(np.ones(np.shape(x)), [0, 1, 2], weights=x),
            lambda f, x: f(np.ones(np.shape(x)), (3, 1), weights=x),
            lambda f, x: f([1.0, 2.0], 3, weights=x),
        ],
        "histogram2d": [
            lambda f, x: f(np.ones(np.size(x)), np.arange(np.size(x)), 3, weights=np.ravel(x)),
            lambda f, x: f(np.arange(np.size(x)), np.ones(np.size(x)), [0, 1, 2], weights=np.ravel(x)),
        ],
        "histogramdd": [
            lambda f, x: f(np.ones((np.size(x), 3)), 2, weights=np.ravel(x)),
            lambda f, x: f(np.ones((np.size(x), 2)), (3, 1), density=True, weights=np.ravel(x)),
        ],
        "digitize": [
            lambda f, x: f(x, [1, 2, 3]),
            lambda f, x: f(x, [3, 2, 1], right=True),
            lambda f, x: f(x, [1, 3, 2]),
        ],
        "ediff1d": [first, lambda f, x: f(x, to_end=1), lambda f, x: f(x, to_begin=[0, 9])],
        "einsum": [
            lambda f, x: f("i,i->i", x, x),
            lambda f, x: f("ij,jk", x, x),
            lambda f, x: f("ii", x),
            lambda f, x: f("i...->...", x),
            lambda f, x: f("ij,jk->xy", x, x),
        ],
        "expand_dims": [lambda f, x: f(x, 0), lambda f, x: f(x, (0, -1)), lambda f, x: f(x, 9)],
        "extract": [lambda f, x: f([True, False, True, True], x)],
        "fix": [first],
        "flip": [first, lambda f, x: f(x, 0), lambda f, x: f(x, 5)],
        "fliplr": [first],
        "flipud": [first],
        "full_like": [lambda f, x: f(x, 2), lambda f, x: f(x, 2.5), lambda f, x: f(x, x), lambda f, x: f(x, [1, 2])],
        "geomspace": [lambda f, x: f(1, x + 1, 5), lambda f, x: f(x + 1, x + 3, 4, endpoint=False)],
        "linspace": [
            lambda f, x: f(0, x, 5),
            lambda f, x: f(x, 1, 4, endpoint=False),
            lambda f, x: f(x, x, 3, axis=-1),
            lambda f, x: f(0, x, 3, retstep=True),
            lambda f, x: f(0, x, 0),
            lambda f, x: f(0, x, 1),
            lambda f, x: f(0, x, -1),
            lambda f, x: f(0, x, 3, dtype=int),
        ],
        "logspace": [lambda f, x: f(0, x, 5), lambda f, x: f(x, 1, 4, base=2), lambda f, x: f(0, x, -1)],
        "gradient": [
            first,
            lambda f, x: f(x, 2),
            lambda f, x: f(x, 0.5, edge_order=2),
            lambda f, x: f(x, axis=0),
            lambda f, x: f(x, axis=5),
            lambda f, x: f(x, [0.0, 1.0, 3.0, 4.0]),
            lambda f, x: f(x, 1, 2, 3),
        ],
        "i0": [first],
        "imag": [first],
        "real": [first],
        "insert": [
            lambda f, x: f(x, 1, 5),
            lambda f, x: f(x, [0, 1], 2.5),
            lambda f, x: f(x, 0, 1, axis=0),
            lambda f, x: f(x, 99, 1),
            lambda f, x: f(x, 0, 1, axis=5),
        ],
        "interp": [
            lambda f, x: f(x, [0, 1, 2], [3, 4, 5]),
            lambda f, x: f(1.5, np.arange(4), x),
            lambda f, x: f(x, [0, 1, 2], [3, 4, 5], left=-1, right=9),
            lambda f, x: f(x, [0, 1, 2], [3, 4]),
            lambda f, x: f(x, [], []),
        ],
        "iscomplex": [first],
        "iscomplexobj": [first],
        "isneginf": [first],
        "isposinf": [first],
        "isreal": [first],
        "isrealobj": [first],
        "sliding_window_view": [
            lambda f, x: f(x, 2),
            lambda f, x: f(x, (2, 2)),
            lambda f, x: f(x, 2, axis=0),
            lambda f, x: f(x, 9),
        ],
        "matrix_transpose": [first],
        "meshgrid": [first, twice, lambda f, x: f(x, [1, 2], indexing="ij"), lambda f, x: f(x, x, indexing="what")],
        "moveaxis": [lambda f, x: f(x, 0, -1), lambda f, x: f(x, 0, 5), lambda f, x: f(x, (0, 1), (1, 0))],
        "nan_to_num": [first, lambda f, x: f(x / 0, nan=1.0, posinf=2.0), lambda f, x: f(x, nan=7)],
        "ndim": [first],
        "shape": [first],
        "size": [first, lambda f, x: f(x, 0), lambda f, x: f(x, 5)],
        "pad": [
            lambda f, x: f(x, 1),
            lambda f, x: f(x, (1, 2), constant_values=3),
            lambda f, x: f(x, 1, mode="edge"),
            lambda f, x: f(x, 1, mode="wrap"),
            lambda f, x: f(x, 1, mode="reflect"),
            lambda f, x: f(x, -1),
            lambda f, x: f(x, 1, mode="what"),
            lambda f, x: f(x, 1, constant_values=2.7),
        ],
        **dict.fromkeys(["percentile", "nanpercentile"], PERCENTS),
        **dict.fromkeys(["quantile", "nanquantile"], SHARES),
        "piecewise": [
            lambda f, x: f(x, [x > 2, x <= 2], [lambda v: v * 2, 0.5]),
            lambda f, x: f(x, [x > 2], [1, 2]),
            lambda f, x: f(x, [x > 2], [1, 2, 3]),
        ],
        "poly": [first],
        "roots": [first],
        "polydiv": [lambda f, x: f(x, [2, 1]), lambda f, x: f([1, 2, 3], x), lambda f, x: f(x, x)],
        "polyder": [first, lambda f, x: f(x, 2), lambda f, x: f(x, 0), lambda f, x: f(x, -1)],
        "polyint": [first, lambda f, x: f(x, 2), lambda f, x: f(x, k=3), lambda f, x: f(x, -1), lambda f, x: f(x, 0)],
        "polyfit": [
            lambda f, x: f([0, 1, 2, 4], x, 1),
            lambda f, x: f(x, x, 1),
            lambda f, x: f([0, 1, 2, 4], x, -1),
            lambda f, x: f([0, 1, 2], x, 1),
            lambda f, x: f([0, 1, 2, 4], x, 1, w=[1, 2, 3, 4]),
        ],
        "ravel": [first, lambda f, x: f(x, "F"), lambda f, x: f(x, order="what")],
        "repeat": [lambda f, x: f(x, 2), lambda f, x: f(x, [1, 2, 0], axis=0), lambda f, x: f(x, -1)],
        "result_type": [first, lambda f, x: f(x, 1.0)],
        "roll": [lambda f, x: f(x, 1), lambda f, x: f(x, 7, axis=0), lambda f, x: f(x, (1, 2), axis=(0, 1))],
        "rollaxis": [lambda f, x: f(x, 1), lambda f, x: f(x, 5)],
        "rot90": [first, lambda f, x: f(x, 3), lambda f, x: f(x, axes=(0, 0))],
        "round": [first, lambda f, x: f(x, 1), lambda f, x: f(x, decimals=-1)],
        "select": [
            lambda f, x: f([x > 3, x > 2], [x, x * 2]),
            lambda f, x: f([x > 3], [x], default=2.5),
            lambda f, x: f([x > 3], [x, x]),
        ],
        "sinc": [first],
        "squeeze": [first, lambda f, x: f(x, axis=0), lambda f, x: f(x, axis=5)],
        "swapaxes": [lambda f, x: f(x, 0, 1), lambda f, x: f(x, 0, 5)],
        "take": [*INDICES, lambda f, x: f(x, [0, 99], mode="clip"), lambda f, x: f(x, [0, -99], mode="wrap")],
        "take_along_axis": [
            lambda f, x: f(x, np.zeros(np.shape(x), int), 0),
            lambda f, x: f(x, np.array([0, 1]), axis=None),
            lambda f, x: f(x, np.array([99]), axis=0),
        ],
        "tile": [lambda f, x: f(x, 2), lambda f, x: f(x, (2, 1)), lambda f, x: f(x, 0), lambda f, x: f(x, -1)],
        "transpose": [first, lambda f, x: f(x, (1, 0)), lambda f, x: f(x, (0, 0)), lambda f, x: f(x, (2, 0))],
        "trapezoid": [first, lambda f, x: f(x, dx=2), lambda f, x: f(x, x), lambda f, x: f(x, axis=0)],
        "unstack": [first, lambda f, x: f(x, axis=-1)],
        "unwrap": [first, lambda f, x: f(x, period=2), lambda f, x: f(x, discont=1.0), lambda f, x: f(x, axis=0)],
        "vander": [first, lambda f, x: f(x, 3), lambda f, x: f(x, 2, increasing=True), lambda f, x: f(x, -1)],
        "where": [
            lambda f, x: f(x > 2, x, 0),
            lambda f, x: f(x > 2, 1.5, x),
            lambda f, x: f(x, x, np.float32(1)),
            lambda f, x: f([True, False, True, True], x, x),
        ],
        # numpy.linalg
        "cholesky": [lambda f, x: f(x @ x.T.conj() + np.eye(np.shape(x)[0], dtype=x.dtype)), first],
        "cond": [first, lambda f, x: f(x, 1), lambda f, x: f(x, "fro"), lambda f, x: f(x, "what")],
        "det": [first],
        "eig": [lambda f, x: f(x)[0]],
        "eigh": [lambda f, x: f(x + x.T.conj())[0], lambda f, x: f(x, "what")],
        "eigvals": [first],
        "eigvalsh": [lambda f, x: f(x + x.T.conj()), first],
        "inv": [first],
        "lstsq": [lambda f, x: f(x, x)[0], lambda f, x: f(x, np.ones(4))[0]],
        "matrix_norm": [
            first,
            *((lambda f, x, order=order: f(x, ord=order)) for order in (1, 2, np.inf, "nuc", "what")),
        ],
        "vector_norm": [first, *((lambda f, x, order=order: f(x, ord=order)) for order in (0, 1, 3, np.inf))],
        "norm": [*NORMS, lambda f, x: f(x, axis=0), lambda f, x: f(x, ord=1, axis=-1), lambda f, x: f(x, axis=5)],
        "matrix_power": [lambda f, x: f(x, 2), lambda f, x: f(x, 0), lambda f, x: f(x, -1), lambda f, x: f(x, 1.5)],
        "matrix_rank": [first],
        "multi_dot": [lambda f, x: f([x, x]), lambda f, x: f([x, x, x]), lambda f, x: f([x])],
        "pinv": [first],
        "qr": [lambda f, x: np.abs(f(x)[1]), lambda f, x: np.abs(f(x, mode="r")), lambda f, x: f(x, mode="what")],
        "slogdet": [first],
        "solve": [twice, lambda f, x: f(x, np.ones(3)), lambda f, x: f(x, np.ones(4))],
        "svd": [lambda f, x: f(x)[1], lambda f, x: f(x, compute_uv=False)],
        "svdvals": [first],
        "tensorinv": [lambda f, x: f(x.reshape(x.shape + (1,) * (4 - np.ndim(x)))), lambda f, x: f(x, ind=1)],
        "tensorsolve": [lambda f, x: f(x, np.ones(3))],
        "real_if_close": [first, lambda f, x: f(x, 2.0)],
        # scipy.special
        "logsumexp": _axes({"axis": 0}, {"axis": 5}),
        "softmax": _axes({"axis": 0}, {"axis": 5}),
        "log_softmax": _axes({"axis": 0}, {"axis": 5}),
        "polygamma": [lambda f, x: f(1, x), lambda f, x: f(0, x)],
        "multigammaln": [lambda f, x: f(x + 3, 2)],
        "softplus": [first],
    }
)


def calls_of(function: Any) -> Sequence[Call]:
    """How a function is called."""
    known = CALLS.get(function.__name__)
    if known is not None:
        return known
    operands = {1: [first], 2: [twice, lambda f, x: f(x, 2), lambda f, x: f(1.5, x), lambda f, x: f(x, np.ones(3))]}
    return operands.get(function.nin, [lambda f, x: f(*(x,) * function.nin)])
