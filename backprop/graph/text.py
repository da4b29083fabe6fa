"""A graph as text, and as DOT for Graphviz."""

from __future__ import annotations

from textwrap import indent

from .graph import Graph, Literal, Node, bodies, literal


def to_text(graph: Graph) -> str:
    """A graph as text, a node a line: its id, op, operands, parameters and type; below it the bodies that it holds."""
    names = [f"%{i}{': ' + name if name else ''} {type}" for i, (name, type) in enumerate(_inputs(graph))]
    lines = [f"graph({', '.join(names)})"]
    for i, node in enumerate(graph.nodes, graph.first):
        lines.append(f"  %{i} = {_call(node)}  {node.type}")
        lines += [indent(to_text(body), "    ") for body in bodies(node)]
    return "\n".join([*lines, f"return {', '.join(f'%{i}' for i in graph.outputs)}"])


def to_dot(graph: Graph) -> str:
    """A graph in Graphviz's language, an arrow from each operand to what reads it."""
    lines = ["digraph {"]
    lines += [f'  n{i} [shape=box, label="{name or i}\\n{type}"];' for i, (name, type) in enumerate(_inputs(graph))]
    for i, node in enumerate(graph.nodes, graph.first):
        shape = "doubleoctagon" if i in graph.outputs else "ellipse"
        lines.append(f'  n{i} [shape={shape}, label="{node.op.name}\\n{node.type}"];')
        lines += [f"  n{j} -> n{i};" for j in node.inputs]
    return "\n".join([*lines, "}"])


def _inputs(graph: Graph) -> list[tuple[str, object]]:
    names = (*graph.names, *("" for _ in range(graph.first - len(graph.names))))
    return list(zip(names, graph.inputs, strict=True))


def _call(node: Node) -> str:
    if node.op is literal:
        return _literal(node.param("value"))
    operands = [f"%{i}" for i in node.inputs]
    return f"{node.op.name}({', '.join([*operands, *(f'{k}={value}' for k, value in node.params if k != 'bodies')])})"


def _literal(value: object) -> str:
    assert isinstance(value, Literal)
    return f"literal {value.value}" if not value.shape else f"literal of shape {value.shape}"
