"""What goes wrong, as exceptions."""

from dataclasses import dataclass
from typing import Optional, Tuple


@dataclass(frozen=True)
class Problem:
    """Something wrong in a program or its run, or a warning."""

    code: str
    """`E0207`, for `fedc explain`; may be empty."""
    message: str
    file: Optional[str]
    span: Optional[Tuple[Tuple[int, int], Tuple[int, int]]]
    """((line, column), (line, column)): begin and end, from 1, columns in code points; None if it has no place."""
    text: str
    """As `fedc` shows it: with the lines of the program, notes and help."""
    is_error: bool = True


class Error(Exception):
    """What all errors of this package are. `str()` is the whole text; the other fields are those of the first problem."""

    def __init__(self, problems, text):
        super().__init__(text)
        self.problems = tuple(problems)
        self.text = text
        first = self.problems[0]
        self.code, self.message, self.file, self.span = first.code, first.message, first.file, first.span

    def __str__(self):
        return self.text


class CompileError(Error):
    """The program is wrong; `problems` has all errors that were found."""


class RunError(Error):
    """A run ended: data that does not fit, a check of the program that failed."""

    def __init__(self, problems, text, client=None, round=None):
        super().__init__(problems, text)
        self.client = client
        """The client whose work failed; None if that is not known."""
        self.round = round
        """The round, from 1; 0 is `init`; None if that is not known."""


class UsageError(Error, ValueError):
    """An option, an argument or an array that does not fit the program, or is none."""

    @classmethod
    def of(cls, message):
        return cls([Problem("", message, None, None, message)], message)
