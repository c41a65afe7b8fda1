"""Asking Prefect's API as every good client does: again while it is too busy."""

import time

import httpx

TRIES = 60
PAUSE_SECONDS = 0.5


class PatientTransport(httpx.HTTPTransport):
    """SQLite has one writer; while others write, the server answers 503 and has done nothing."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(TRIES):
            response = super().handle_request(request)
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return response
            response.close()
            time.sleep(PAUSE_SECONDS)
        return super().handle_request(request)


def prefect_api(api_url: str) -> httpx.Client:
    """A client of a test's Prefect server; close it."""
    return httpx.Client(base_url=api_url, timeout=60, trust_env=False, transport=PatientTransport())
