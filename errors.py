"""Every error this package raises on purpose.

StrategyError
├── InputError            bad brief, answers, settings or files: mend the input (exit code 2)
│   ├── UnknownRun        no run has that id
│   └── RunBusy           another live program works on that run
├── WriterError           a language model could not serve a request
│   ├── WriterRefused     wrong key, wrong model name, no permission: no retry will help
│   ├── WriterUnavailable rate limit, outage or time-out, after all retries
│   └── ReplyUnusable     refused, truncated or invalid after all repairs
├── CapReached            the token or money cap is spent; the run can go on with a higher one
├── StoreError            the store of finished calls cannot be opened, read or written
├── ExpressionError       a derived quantity cannot be computed
└── DocumentError         a rendered document does not read back as it should

Each message says what is wrong, where, and what to do next.
"""


class StrategyError(Exception):
    """Root of every error raised on purpose. `hint` says how the run that it stopped goes on."""

    hint = ""


class InputError(StrategyError):
    """The user's input cannot be used as it is."""


class UnknownRun(InputError):
    """No run has that id."""


class RunBusy(InputError):
    """Another live program works on that run."""


class WriterError(StrategyError):
    """A language model could not serve a request."""


class WriterRefused(WriterError):
    """The model's service refuses this key, model or permission."""


class WriterUnavailable(WriterError):
    """Rate limit, outage or time-out that outlasted all retries."""


class ReplyUnusable(WriterError):
    """The reply was refused, truncated or invalid after all repairs."""


class CapReached(StrategyError):
    """The token or money cap of the run is spent."""


class StoreError(StrategyError):
    """The store of finished calls cannot be opened, read or written."""


class ExpressionError(StrategyError):
    """An expression over quantities is not allowed or does not fit its unit."""


class DocumentError(StrategyError):
    """The rendered document does not read back as it should."""
