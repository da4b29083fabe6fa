from . import sizes as sizes
