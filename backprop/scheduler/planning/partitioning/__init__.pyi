from .splitting import split as split
