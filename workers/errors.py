"""What can go wrong while Pratica is started or kept running.

OperatorError               a sentence for the person who runs Pratica: what is wrong, and what to do
├── BadSetting              a PRATICA_ variable holds something that cannot be used, or is missing
├── AlreadyRunning          the data folder is in use by another process
├── PortTaken               somebody else listens on a port that was asked for
└── ServerFailed            PostgreSQL or Temporal did not start, or ended by itself
"""


class OperatorError(Exception):
    """Stops the command; its text is printed without a trace and the exit code is 1."""


class BadSetting(OperatorError):
    """Name the variable, what it holds (never a secret) and what is expected."""


class AlreadyRunning(OperatorError):
    """Name the process that uses the folder, and how to stop it."""


class PortTaken(OperatorError):
    """Name the port and the setting that changes it."""


class ServerFailed(OperatorError):
    """Say which server, with the end of its log."""
