"""UM-Bridge, spoken to by the client of its own package: values, gradients and products of models with opaque parts."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import backprop as bp
from backprop.api.models import FunctionModel
from backprop.service.server.access import self_signed
from backprop.service.server.serving import Serving
from tests.service.conftest import serving

umbridge = pytest.importorskip("umbridge", reason="the client of UM-Bridge is not installed")

MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 5.0]])


def forward(load: Any) -> Any:
    """A solver that nothing can look into."""
    x = np.linalg.solve(MATRIX, np.asarray(load))
    return x, x


def backward(x: Any, g: Any) -> Any:
    return np.linalg.solve(MATRIX.T, g)


solve = bp.op(forward, backward, name="solve", like=0)


def plate(load: Any, stiffness: Any, *, power: int = 2) -> Any:
    """Displacements under a load, and the energy."""
    x = solve(load * np.exp(stiffness[0]))
    return x, np.sum(x**power) + stiffness[1]


plate.input_sizes = [3, 2]  # type: ignore[attr-defined]


def smooth(x: Any) -> Any:
    return np.sum(np.sin(x) * x[::-1])


smooth.input_sizes = lambda config: [config.get("n", 4)]  # type: ignore[attr-defined]


def steered(x: Any) -> Any:
    return np.sum(x**2) if x[0] > 0 else np.sum(x**3)


steered.input_sizes = [2]  # type: ignore[attr-defined]
FUNCTIONS = {"plate": plate, "smooth": smooth, "steered": steered}
MODELS = {name: FunctionModel(f) for name, f in FUNCTIONS.items()}
LOAD, STIFFNESS = [1.0, -2.0, 0.5], [0.3, 1.5]


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "state", models=MODELS, umbridge=True) as service:
        yield service


def model(bridge: Serving, name: str) -> Any:
    return umbridge.HTTPModel(f"{bridge.url}/umbridge", name)


def derivative(f: Any, x: Any) -> Any:
    """A Jacobian by central differences."""
    eps = 1e-6
    columns = [(f(x + eps * e) - f(x - eps * e)) / (2 * eps) for e in np.eye(len(x))]
    return np.stack(columns, axis=-1)


def test_models_and_sizes(bridge: Serving) -> None:
    assert umbridge.supported_models(f"{bridge.url}/umbridge") == ["plate", "smooth", "steered"]
    assert model(bridge, "plate").get_input_sizes() == [3, 2]
    assert model(bridge, "plate").get_output_sizes() == [3, 1]
    assert model(bridge, "smooth").get_input_sizes({"n": 7}) == [7]


def test_what_a_model_supports(bridge: Serving) -> None:
    found = model(bridge, "plate")
    assert found.supports_evaluate()
    assert found.supports_gradient()
    assert found.supports_apply_jacobian()
    assert not found.supports_apply_hessian()  # the solver is opaque, and has no second derivative
    assert model(bridge, "smooth").supports_apply_hessian()


def test_values(bridge: Serving) -> None:
    x, energy = model(bridge, "plate")([LOAD, STIFFNESS])
    expected = plate(np.array(LOAD), np.array(STIFFNESS))
    assert x == expected[0].tolist()
    assert energy == [expected[1]]
    _, cubed = model(bridge, "plate")([LOAD, STIFFNESS], {"power": 3})
    assert cubed == [plate(np.array(LOAD), np.array(STIFFNESS), power=3)[1]]


@pytest.mark.parametrize("out", [0, 1])
@pytest.mark.parametrize("wrt", [0, 1])
def test_products_with_the_jacobian_of_a_model_with_an_opaque_solver(bridge: Serving, out: int, wrt: int) -> None:
    given = [np.array(LOAD), np.array(STIFFNESS)]

    def f(x: Any) -> Any:
        moved = [x if k == wrt else value for k, value in enumerate(given)]
        return np.ravel(plate(*moved)[out])

    matrix = derivative(f, given[wrt])
    sens, vec = np.arange(1.0, 1 + matrix.shape[0]), np.arange(1.0, 1 + matrix.shape[1])
    pulled = model(bridge, "plate").gradient(out, wrt, [LOAD, STIFFNESS], sens.tolist())
    pushed = model(bridge, "plate").apply_jacobian(out, wrt, [LOAD, STIFFNESS], vec.tolist())
    np.testing.assert_allclose(pulled, sens @ matrix, rtol=1e-7)
    np.testing.assert_allclose(pushed, matrix @ vec, rtol=1e-7)


def test_products_with_the_hessian(bridge: Serving) -> None:
    x, sens, vec = [0.1, 0.7, -0.4, 0.9], [2.0], [1.0, -1.0, 0.5, 3.0]
    found = model(bridge, "smooth").apply_hessian(0, 0, 0, [x], sens, vec)
    np.testing.assert_allclose(found, 2.0 * np.asarray(bp.hvp(smooth, (np.array(x),), np.array(vec))), rtol=1e-14)


def test_a_model_that_asks_for_values_is_traced_on_them(bridge: Serving) -> None:
    assert model(bridge, "steered")([[2.0, 3.0]]) == [[13.0]]
    assert model(bridge, "steered")([[-2.0, 3.0]]) == [[19.0]]
    assert model(bridge, "steered").gradient(0, 0, [[-2.0, 3.0]], [1.0]) == [12.0, 27.0]


@pytest.mark.parametrize(
    ("word", "change", "message"),
    [
        ("Evaluate", {"name": "nobody"}, "no model is called 'nobody'"),
        ("Evaluate", {"input": [[1.0]]}, "1 vectors are given, and the model takes 2"),
        ("Evaluate", {"input": [[1.0], [1.0, 2.0]]}, "a vector of 1 numbers stands where 3 are wanted"),
        ("Evaluate", {"input": [["a", 1, 2], [1.0, 2.0]]}, "a list of numbers"),
        ("Gradient", {"outWrt": 7}, "none with number 7"),
        ("Gradient", {"inWrt": 7}, "from 0 to 1"),
        ("Gradient", {"sens": [1.0]}, "shape"),
        ("ApplyJacobian", {"vec": [1.0]}, "1 numbers stands where 3 are wanted"),
        ("ApplyHessian", {}, "second derivative"),
    ],
)
def test_bad_requests(bridge: Serving, word: str, change: dict[str, Any], message: str) -> None:
    body = {
        **{"name": "plate", "input": [LOAD, STIFFNESS], "outWrt": 0, "inWrt": 0, "inWrt1": 0, "inWrt2": 0},
        **{"sens": [1.0, 1.0, 1.0], "vec": [1.0, 1.0, 1.0]},
        **change,
    }
    answer = httpx.post(f"{bridge.url}/umbridge/{word}", json=body, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text
    assert message in answer.json()["error"]["message"]


def test_the_token_is_the_password_of_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("ada 0123456789abcdef\n")
    certificate, key = self_signed(tmp_path / "tls", "127.0.0.1")
    options: dict[str, Any] = {"token_file": tokens, "tls_cert": certificate, "tls_key": key, "umbridge": True}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with serving(tmp_path / "state", models=MODELS, **options) as service:
        address = service.url.replace("https://", "https://ada:0123456789abcdef@")
        assert umbridge.HTTPModel(f"{address}/umbridge", "smooth")([[0.0, 0.0, 0.0, 0.0]]) == [[0.0]]
        assert service.desk.journal.latest("ada", 1)[0].name.client == "ada"
        trusted = ssl.create_default_context(cafile=str(certificate))
        wrong = {"authorization": "Basic " + base64.b64encode(b"ada:no").decode()}
        answer = httpx.get(f"{service.url}/umbridge/Info", headers=wrong, verify=trusted)
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "UnauthorizedError"


# The same models, by plain requests to the interface of the service itself.


def test_a_model_is_called_by_name_in_plain_json(bridge: Serving) -> None:
    body = {"kind": "call", "model": "smooth", "verb": "value_and_grad", "values": [array(1.0, 2.0)], "wrt": [0]}
    headers = {"idempotency-key": "a-call-of-it", "accept": "application/json"}
    answer = httpx.post(f"{bridge.url}/v1/runs?wait=30", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    value, slope = [np.frombuffer(base64.b64decode(next(iter(v.values()))["data"])) for v in answer.json()["values"]]
    expected = bp.value_and_grad(smooth, executor=bp.Serial())(np.array([1.0, 2.0]))
    assert value == expected[0]
    assert slope.tobytes() == expected[1].tobytes()
    assert httpx.get(f"{bridge.url}/v1/service").json()["models"] == ["plate", "smooth", "steered"]


def array(*numbers: float) -> dict[str, Any]:
    data = base64.b64encode(np.array(numbers).tobytes()).decode()
    return {"array": {"dtype": "<f8", "shape": [len(numbers)], "data": data}}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": "nobody"}, 404),
        ({"verb": "guess"}, 400),
        ({"wrt": []}, 400),
        ({"wrt": [1]}, 400),
        ({"values": 1}, 400),
    ],
)
def test_a_call_that_is_wrong(bridge: Serving, change: dict[str, Any], status: int) -> None:
    body = {"kind": "call", "model": "smooth", "verb": "value_and_grad", "values": [array(1.0)], "wrt": [0], **change}
    answer = httpx.post(f"{bridge.url}/v1/runs", json=body, headers={"idempotency-key": "a-call-of-it"})
    assert answer.status_code == status, answer.text


def test_an_answer_of_another_start_is_not_that_of_a_model_which_may_have_changed(tmp_path: Path) -> None:
    def first(x: Any) -> Any:
        return x + 1.0

    def second(x: Any) -> Any:
        return x + 2.0

    first.input_sizes = second.input_sizes = [1]  # type: ignore[attr-defined]
    found = []
    for f in (first, second):
        with serving(tmp_path, models={"f": FunctionModel(f)}, umbridge=True) as service:
            found.append(model(service, "f")([[1.0]]))
    assert found == [[[2.0]], [[3.0]]]
