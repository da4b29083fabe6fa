from .code_generation import Code as Code
from .program import Program as Program
from .program import compile_program as compile_program
from .program import described as described
