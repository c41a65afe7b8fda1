"""An OpenTelemetry collector of a test's own: OTLP over HTTP, by the exporter's own protobuf."""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def told(attributes: list[KeyValue]) -> dict[str, str | int | float | bool]:
    """Attributes as plain values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@dataclass
class Collector:
    """What came: spans by their id, and of each process the last word on each series."""

    spans: dict[bytes, Span] = field(default_factory=dict)
    series: dict[tuple[str, str, tuple[tuple[str, object], ...]], float] = field(
        default_factory=dict
    )
    bodies: list[bytes] = field(default_factory=list)
    resources: list[dict[str, object]] = field(default_factory=list)

    def total(self, metric: str) -> float:
        """A counter's sum, a histogram's count, over all processes."""
        return sum(value for (name, *_), value in self.series.items() if name == metric)

    def metrics(self) -> set[str]:
        return {name for name, *_ in self.series}

    def labels(self, metric: str) -> Counter[str]:
        found = (by for name, _, by in self.series if name == metric)
        return Counter(label for by in found for label, _ in by)

    def parent(self, span: Span) -> Span | None:
        return self.spans.get(span.parent_span_id)

    def take(self, path: str, body: bytes) -> None:
        self.bodies.append(body)
        if path == "/v1/traces":
            for traces in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(dict(told(traces.resource.attributes)))
                for scope in traces.scope_spans:
                    self.spans.update((span.span_id, span) for span in scope.spans)
        elif path == "/v1/metrics":
            for one in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                about = told(one.resource.attributes)
                self.resources.append(dict(about))
                for scope in one.scope_metrics:
                    for metric in scope.metrics:
                        for point in getattr(metric, metric.WhichOneof("data")).data_points:
                            by = tuple(sorted(told(point.attributes).items()))
                            key = (metric.name, str(about["service.instance.id"]), by)
                            if metric.HasField("histogram"):
                                self.series[key] = point.count
                            else:
                                self.series[key] = getattr(point, point.WhichOneof("value"))


@contextmanager
def collecting() -> Iterator[tuple[str, Collector]]:
    """Its address, for OTEL_EXPORTER_OTLP_ENDPOINT, and what comes."""
    found, lock = Collector(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            with lock:
                found.take(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", found
        finally:
            server.shutdown()
            thread.join()
