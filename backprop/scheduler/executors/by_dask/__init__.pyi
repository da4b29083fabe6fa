from . import collections as collections
from . import fetching as fetching
from . import placing as placing
from . import threads as threads
