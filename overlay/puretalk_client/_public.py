"""The public names, which the package gets when the first of them is used."""

from ._calls import CallsResource as CallsResource
from ._client import AsyncPuretalk as AsyncPuretalk
from ._core.options import Retries as Retries
from ._core.raw import RawResponse as RawResponse
from ._many import FetchResult as FetchResult, FetchResults as FetchResults
from ._pagination import Paginator as Paginator
from ._types import Attempt as Attempt, Drift as Drift
from ._wait import CallWatch as CallWatch
from .errors import (
    APIConnectionError as APIConnectionError,
    APIResponseError as APIResponseError,
    APIStatusError as APIStatusError,
    APITimeoutError as APITimeoutError,
    AuthenticationError as AuthenticationError,
    CallIdMismatchError as CallIdMismatchError,
    ConfigurationError as ConfigurationError,
    DownloadError as DownloadError,
    EnvelopeError as EnvelopeError,
    InvalidCallIdError as InvalidCallIdError,
    MissingResultsError as MissingResultsError,
    NotFoundError as NotFoundError,
    PermissionDeniedError as PermissionDeniedError,
    PoolTimeoutError as PoolTimeoutError,
    PostAnalysisMissingError as PostAnalysisMissingError,
    PostAnalysisTypeError as PostAnalysisTypeError,
    ProtocolError as ProtocolError,
    PuretalkError as PuretalkError,
    RateLimitError as RateLimitError,
    ResponseDecodeError as ResponseDecodeError,
    ResponseTooLargeError as ResponseTooLargeError,
    ServerError as ServerError,
    TLSError as TLSError,
    WaitTimeoutError as WaitTimeoutError,
)
from .models import (
    Call as Call,
    CallAnalysis as CallAnalysis,
    CallMetadata as CallMetadata,
    CallStatus as CallStatus,
    PostAnalysis as PostAnalysis,
    PostAnalysisItem as PostAnalysisItem,
    TranscriptTurn as TranscriptTurn,
    TurnLatency as TurnLatency,
)
