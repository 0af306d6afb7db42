"""What is measured while Dealkin runs, for Prometheus. No label has what a member wrote or is."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "dealkin_requests_total", "Requests that were answered.", ("method", "route", "status")
)
REQUEST_SECONDS = Histogram(
    "dealkin_request_seconds",
    "Seconds until the answer to a request begins.",
    ("route",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
LOCK_SECONDS = Histogram(
    "dealkin_write_wait_seconds",
    "Seconds that a write waits for the lock of the database.",
    buckets=(0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60),
)
ENCODE_SECONDS = Histogram(
    "dealkin_encode_seconds",
    "Seconds that the model takes for the texts that are encoded together.",
    buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
ENCODED = Counter("dealkin_encoded_texts_total", "Texts that the model has encoded.")
REPLICA_READS = Counter(
    "dealkin_replica_reads_total",
    "Reads that may be of the replica, by which database answered them: replica or primary.",
    ("database",),
)
