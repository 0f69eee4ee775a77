"""Does with kafka-python what each line of standard input asks: see protocol.ts."""
import logging
import sys
import time

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError

from kafka_python_records import as_json, consumer_settings, sent_fields
from lines import serve

logging.disable(logging.CRITICAL)
SERVERS = sys.argv[1]
state = {"rebalances": 0}


def admin():
    if "admin" not in state:
        state["admin"] = KafkaAdminClient(bootstrap_servers=SERVERS)
    return state["admin"]


def place(request):
    return TopicPartition(request["topic"], request["partition"])


def offset_of(request):
    return OffsetAndMetadata(request["offset"], request.get("metadata", ""), -1)


def checked(outcomes):
    """Some calls answer with the errors instead of raising them."""
    for error in outcomes:
        if isinstance(error, type):
            error = error()
        if isinstance(error, KafkaError) and getattr(error, "errno", -1) != 0:
            raise error
    return {}


def hello(request):
    return {"version": kafka.__version__}


def cluster(request):
    return {"brokers": len(admin().describe_cluster()["brokers"])}


def create_topic(request):
    options = {
        "num_partitions": request["partitions"],
        "replication_factor": request.get("replicas", 1),
        "configs": request.get("configs", {}),
    }
    admin().create_topics({request["topic"]: options})
    return {}


def topics(request):
    return {"names": list(admin().list_topics())}


def partitions(request):
    (found,) = admin().describe_topics([request["topic"]])
    return {"count": len(found["partitions"])}


def add_partitions(request):
    admin().create_partitions({request["topic"]: request["count"]})
    return {}


def delete_topic(request):
    admin().delete_topics([request["topic"]])
    return {}


def topic_configs(request):
    resource = ConfigResource(ConfigResourceType.TOPIC, request["topic"])
    found = admin().describe_configs([resource], config_filter="all")
    (topics,) = found.values()
    entries = topics[request["topic"]]
    return {"configs": {name: entry["value"] for name, entry in entries.items()}}


def set_topic_configs(request):
    resource = ConfigResource(ConfigResourceType.TOPIC, request["topic"], request["configs"])
    outcome = admin().alter_configs([resource])
    for answer in outcome["topic"].values():
        if answer != "OK":
            raise RuntimeError(answer)
    return {}


def produce(request):
    codec = request.get("codec", "none")
    acks = request.get("acks", "all")
    producer = KafkaProducer(
        bootstrap_servers=SERVERS,
        compression_type=None if codec == "none" else codec,
        acks=acks if acks == "all" else int(acks),
        enable_idempotence=request.get("idempotent", False),
        linger_ms=5 if "everyMs" in request else 100,
        batch_size=200000,
        max_request_size=50000000,
        delivery_timeout_ms=60000,
        request_timeout_ms=10000,
        retries=1000,
    )
    sent = []
    for record in request["records"]:
        sent.append(producer.send(**sent_fields(request, record)))
        time.sleep(request.get("everyMs", 0) / 1000)
    producer.flush(90)
    placed = [future.get(timeout=60) for future in sent]
    producer.close()
    return {"placed": [[one.partition, one.offset] for one in placed]}


def read(request):
    consumer = KafkaConsumer(**consumer_settings(SERVERS))
    consumer.assign([place(request)])
    if request["from"] == "earliest":
        consumer.seek_to_beginning()
    elif request["from"] == "latest":
        consumer.seek_to_end()
    else:
        consumer.seek(place(request), request["from"])
    records = []
    deadline = time.time() + request.get("timeoutMs", 15000) / 1000
    while len(records) < request["count"] and time.time() < deadline:
        for some in consumer.poll(100).values():
            records += [as_json(record) for record in some]
    consumer.close()
    return {"records": records}


def offsets_for(request):
    named = {"latest": -1, "earliest": -2, "max-timestamp": -3}
    at = named.get(request["at"], request["at"])
    found = admin().list_partition_offsets({place(request): at})[place(request)]
    return {"offset": found.offset}


class Counting(kafka.ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        state["rebalances"] += 1


def join(request):
    cooperative = request.get("strategy") == "cooperative"
    options = {
        **consumer_settings(SERVERS),
        "group_id": request["group"],
        "session_timeout_ms": request.get("sessionTimeoutMs", 6000),
        "heartbeat_interval_ms": 300,
        "partition_assignment_strategy": [
            CooperativeStickyAssignor if cooperative else RangePartitionAssignor
        ],
    }
    if "instanceId" in request:
        options["group_instance_id"] = request["instanceId"]
    state["rebalances"] = 0
    state["member"] = KafkaConsumer(**options)
    state["member"].subscribe(request["topics"], listener=Counting())
    return {}


def poll(request):
    member = state["member"]
    records = []
    deadline = time.time() + request["ms"] / 1000
    while not records and time.time() < deadline:
        # Polls that are too short to join in make it lose its way now and then, whatever the broker.
        for some in member.poll(50 if member.assignment() else 2000).values():
            records += [as_json(record) for record in some]
    held = sorted(member.assignment())
    return {
        "records": records,
        "assigned": [[one.topic, one.partition] for one in held],
        "rebalances": state["rebalances"],
    }


def commit(request):
    state["member"].commit({place(request): offset_of(request)})
    return {}


def committed(request):
    found = state["member"].committed(place(request), metadata=True)
    if found is None:
        return {"offset": -1, "metadata": ""}
    return {"offset": found.offset, "metadata": found.metadata}


def seek(request):
    state["member"].seek(place(request), request["offset"])
    return {}


def pause(request):
    state["member"].pause(place(request))
    return {}


def resume(request):
    state["member"].resume(place(request))
    return {}


def leave(request):
    state["member"].close()
    return {}


def groups(request):
    return {"names": [group["group_id"] for group in admin().list_groups()]}


def group(request):
    found = admin().describe_groups([request["group"]])[request["group"]]
    return {"state": found["group_state"], "members": len(found["members"])}


def delete_group(request):
    outcome = admin().delete_groups([request["group"]])
    values = outcome.values() if isinstance(outcome, dict) else [one[1] for one in outcome]
    for error in values:
        if error not in (None, "OK") and getattr(error, "errno", 1) != 0:
            raise error() if isinstance(error, type) else RuntimeError(str(error))
    return {}


def group_offsets(request):
    found = admin().list_group_offsets({request["group"]: None})[request["group"]]
    return {
        "offsets": [
            {
                "topic": where.topic,
                "partition": where.partition,
                "offset": one.offset,
                "metadata": one.metadata,
            }
            for where, one in found.items()
        ]
    }


def set_group_offset(request):
    outcome = admin().alter_group_offsets(request["group"], {place(request): offset_of(request)})
    return checked(outcome.values())


def delete_group_offset(request):
    outcome = admin().delete_group_offsets(request["group"], [place(request)])
    return checked(outcome.values())


def delete_records(request):
    found = admin().delete_records({place(request): request["before"]})
    return {"low": found[place(request)]["low_watermark"]}


def log_dirs(request):
    size = -1
    for broker in admin().describe_log_dirs():
        for directory in broker["log_dirs"]:
            for topic in directory["topics"]:
                if topic["name"] == request["topic"]:
                    sizes = [one["partition_size"] for one in topic["partitions"]]
                    size = max(size, 0) + sum(sizes)
    return {"bytes": size}


serve(globals())
