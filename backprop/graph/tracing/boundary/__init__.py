"""Where traced values meet code that is not traced: writes in place, conversions, arguments, errors."""
