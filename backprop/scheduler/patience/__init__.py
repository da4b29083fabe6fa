"""What a terminal shows of work that takes longer than a second; elsewhere nothing is shown, and nothing imported.

`waiting` says when, `status` what it looks like; the latter needs Rich, and is imported when it is first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
