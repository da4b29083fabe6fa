from . import explain as explain
from . import profile as profile
