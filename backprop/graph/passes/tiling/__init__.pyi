from .tile import tile_rows as tile_rows
