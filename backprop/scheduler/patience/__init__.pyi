from . import status as status
