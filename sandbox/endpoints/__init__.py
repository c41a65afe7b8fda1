"""The table of media endpoints: how the requests of each are spelt and its answers shaped.

It was written from the provider's pages and from what integrators saw, apart from the client on
purpose: what the client misspells must be refused here. A further endpoint is a further row.
"""

from __future__ import annotations

from sandbox.endpoints.center import MODEL_CENTER
from sandbox.endpoints.images import IMAGES
from sandbox.endpoints.seedance import SEEDANCES
from sandbox.endpoints.shape import Endpoint
from sandbox.endpoints.videos import VIDEO_FAMILIES
from sandbox.endpoints.voices import VOICES

__all__ = ["ENDPOINTS", "MODEL_CENTER", "Endpoint"]

ENDPOINTS: tuple[Endpoint, ...] = (*IMAGES, *SEEDANCES, *VIDEO_FAMILIES, *VOICES, MODEL_CENTER)
