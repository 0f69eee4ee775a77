"""What kafka-python and aiokafka, which grew from it, have in common."""
from lines import decoded, encoded


def consumer_settings(servers):
    return {
        "bootstrap_servers": servers,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": 100,
        "max_partition_fetch_bytes": 10000000,
        "metadata_max_age_ms": 1000,
    }


def sent_fields(request, record):
    """The arguments of send() by name."""
    return {
        "topic": request["topic"],
        "key": decoded(record["key"]),
        "value": decoded(record["value"]),
        "headers": [(name, decoded(value)) for name, value in record.get("headers", [])],
        "partition": request["partition"] if request["partition"] >= 0 else None,
        "timestamp_ms": record.get("timestamp"),
    }


def as_json(record):
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": encoded(record.key),
        "value": encoded(record.value),
        "headers": [[name, encoded(value)] for name, value in record.headers],
    }
