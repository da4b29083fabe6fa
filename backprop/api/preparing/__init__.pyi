from .courses import course_of as course_of
from .graphs import forward_and_pullback as forward_and_pullback
from .graphs import inline_branches as inline_branches
from .graphs import joint as joint
from .graphs import plain as plain
