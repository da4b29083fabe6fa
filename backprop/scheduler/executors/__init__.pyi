from .cutting import prepared as prepared
