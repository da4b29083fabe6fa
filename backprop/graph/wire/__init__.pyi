from .graphs import graph_from_bytes as graph_from_bytes
from .graphs import graph_to_bytes as graph_to_bytes
