"""Figures of a running server, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Those of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "zhiyin_requests", "Questions by path and status", ["path", "status"], registry=registry
        )
        self.seconds = Histogram(
            "zhiyin_request_seconds", "Until the answer", ["path"], buckets=BUCKETS_S, registry=registry
        )
        self.rungs = Counter("zhiyin_slates", "Slates by the rung that gave them", ["rung"], registry=registry)
        self.events = Counter("zhiyin_events", "Events that were taken in", registry=registry)
        self.explored = Counter("zhiyin_explored", "Slates with a new item by chance", registry=registry)
        self.waiting = Gauge("zhiyin_impressions_waiting", "Impressions that wait to be written", registry=registry)
        self.dropped = Gauge("zhiyin_impressions_dropped", "Impressions that gave way to newer ones", registry=registry)

    def asked(self, path: str, status: int, seconds: float) -> None:
        """One question was answered."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def text(self) -> bytes:
        """All of them in the text format of Prometheus."""
        return generate_latest(self.registry)
