"""Namesakes of `scipy.signal`: convolutions, filters, transforms and spectra; windows are SciPy's own, and constant."""

from __future__ import annotations

from scipy.signal import get_window as get_window
from scipy.signal import windows as windows

from .convolutions import *
from .filters import *
from .smoothing import *
from .spectra import *
from .transforms import *
