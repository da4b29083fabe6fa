"""The pass that splits work over large arrays into blocks of rows."""
