"""Namesakes of `scipy.signal`: convolutions, filters, transforms and spectra. Windows are SciPy's own, and constant.

A call without a traced value is one of SciPy's function. What has no derivative here is SciPy's own function, which
takes plain values only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.signal

from ..plain import Refusal, fallback
from .convolutions import *
from .filters import *
from .resampling import *
from .smoothing import *
from .spectra import *
from .transforms import *

REFUSALS = (
    Refusal(
        "it designs a filter from numbers, or takes one apart",
        "design it of plain numbers, and filter with lfilter or sosfilt, which are differentiable by coefficients",
        """bessel bilinear bilinear_zpk butter buttap besselap buttord cheb1ap cheb1ord cheb2ap cheb2ord cheby1 cheby2
        ellip ellipap ellipord firls firwin firwin2 firwin_2d gammatone iirdesign iirfilter iircomb iirnotch iirpeak
        kaiser_atten kaiser_beta kaiserord minimum_phase normalize remez residue residuez invres invresz tf2zpk tf2sos
        zpk2sos zpk2tf sos2tf sos2zpk""",
    ),
    Refusal("it looks for places", "index the signal at what it finds in v.value", "argrelextrema find_peaks"),
    Refusal("it sorts windows", "use scipy.signal.savgol_filter, or numpy.median of the windows", "medfilt medfilt2d"),
    Refusal("it is a former name", "use freqz_sos, which is the same", "sosfreqz"),
    Refusal("it changes the rate of a signal", "use resample_poly, or filtfilt and a slice", "decimate"),
)

if not TYPE_CHECKING:
    __getattr__ = fallback(scipy.signal, REFUSALS)
