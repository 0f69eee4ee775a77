"""Does with confluent-kafka (librdkafka) what each line of standard input asks: see protocol.ts."""
import sys
import time

import confluent_kafka
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from lines import decoded, encoded, serve

SERVERS = sys.argv[1]
WAIT = 30
state = {"member": None, "rebalances": 0}


def admin():
    if "admin" not in state:
        state["admin"] = AdminClient({"bootstrap.servers": SERVERS})
    return state["admin"]


def done(futures):
    return [future.result(WAIT) for future in futures.values()]


def hello(request):
    return {"version": f"{confluent_kafka.__version__}, librdkafka {confluent_kafka.libversion()[0]}"}


def cluster(request):
    return {"brokers": len(admin().list_topics(timeout=WAIT).brokers)}


def create_topic(request):
    topic = NewTopic(
        request["topic"],
        num_partitions=request["partitions"],
        replication_factor=request.get("replicas", 1),
        config=request.get("configs", {}),
    )
    done(admin().create_topics([topic]))
    return {}


def topics(request):
    return {"names": list(admin().list_topics(timeout=WAIT).topics)}


def partitions(request):
    found = admin().list_topics(request["topic"], timeout=WAIT).topics[request["topic"]]
    if found.error is not None:
        raise KafkaException(found.error)
    return {"count": len(found.partitions)}


def add_partitions(request):
    done(admin().create_partitions([NewPartitions(request["topic"], request["count"])]))
    return {}


def delete_topic(request):
    done(admin().delete_topics([request["topic"]]))
    return {}


def topic_configs(request):
    resource = ConfigResource(ResourceType.TOPIC, request["topic"])
    (entries,) = done(admin().describe_configs([resource]))
    return {"configs": {name: entry.value for name, entry in entries.items()}}


def set_topic_configs(request):
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in request["configs"].items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, request["topic"], incremental_configs=entries)
    done(admin().incremental_alter_configs([resource]))
    return {}


def produce(request):
    producer = Producer(
        {
            "bootstrap.servers": SERVERS,
            "compression.type": request.get("codec", "none"),
            "acks": request.get("acks", "all"),
            "enable.idempotence": request.get("idempotent", False),
            "linger.ms": 5 if "everyMs" in request else 100,
            "batch.size": 200000,
            "message.max.bytes": 50000000,
            "message.timeout.ms": 60000,
        }
    )
    records = request["records"]
    placed = [None] * len(records)

    def delivered(at):
        def keep(error, message):
            if error is not None:
                placed[at] = error
            else:
                offset = message.offset()
                placed[at] = [message.partition(), -1 if offset is None else offset]

        return keep

    for at, record in enumerate(records):
        options = {"on_delivery": delivered(at)}
        if request["partition"] >= 0:
            options["partition"] = request["partition"]
        if record.get("timestamp") is not None:
            options["timestamp"] = record["timestamp"]
        headers = [(name, decoded(value)) for name, value in record.get("headers", [])]
        producer.produce(
            request["topic"],
            value=decoded(record["value"]),
            key=decoded(record["key"]),
            headers=headers or None,
            **options,
        )
        producer.poll(request.get("everyMs", 0) / 1000)
    producer.flush(90)
    for one in placed:
        if not isinstance(one, list):
            raise KafkaException(one)
    return {"placed": placed}


def settings():
    return {
        "bootstrap.servers": SERVERS,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": 10000000,
        "topic.metadata.refresh.interval.ms": 1000,
    }


def as_json(message):
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": message.timestamp()[1],
        "key": encoded(message.key()),
        "value": encoded(message.value()),
        "headers": [[name, encoded(value)] for name, value in message.headers() or []],
    }


def read(request):
    consumer = Consumer({**settings(), "group.id": "unused"})
    start = {"earliest": confluent_kafka.OFFSET_BEGINNING, "latest": confluent_kafka.OFFSET_END}
    offset = start.get(request["from"], request["from"])
    consumer.assign([TopicPartition(request["topic"], request["partition"], offset)])
    records = []
    deadline = time.time() + request.get("timeoutMs", 15000) / 1000
    while len(records) < request["count"] and time.time() < deadline:
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error() is not None:
            raise KafkaException(message.error())
        records.append(as_json(message))
    consumer.close()
    return {"records": records}


def place(request, offset=confluent_kafka.OFFSET_INVALID, metadata=None):
    if metadata is None:
        return TopicPartition(request["topic"], request["partition"], offset)
    return TopicPartition(request["topic"], request["partition"], offset, metadata)


def offsets_for(request):
    at = request["at"]
    named = {
        "earliest": OffsetSpec.earliest,
        "latest": OffsetSpec.latest,
        "max-timestamp": OffsetSpec.max_timestamp,
    }
    spec = named[at]() if at in named else OffsetSpec.for_timestamp(int(at))
    (found,) = done(admin().list_offsets({place(request): spec}))
    return {"offset": found.offset}


def join(request):
    wanted = {
        **settings(),
        "group.id": request["group"],
        "session.timeout.ms": request.get("sessionTimeoutMs", 6000),
        "heartbeat.interval.ms": 300,
        "partition.assignment.strategy": (
            "cooperative-sticky" if request.get("strategy") == "cooperative" else "range"
        ),
    }
    if "instanceId" in request:
        wanted["group.instance.id"] = request["instanceId"]
    state["rebalances"] = 0

    def assigned(consumer, places):
        state["rebalances"] += 1

    state["member"] = Consumer(wanted)
    state["member"].subscribe(request["topics"], on_assign=assigned)
    return {}


def poll(request):
    records = []
    deadline = time.time() + request["ms"] / 1000
    while not records and time.time() < deadline:
        for message in state["member"].consume(500, 0.05):
            if message.error() is not None:
                if message.error().retriable() or message.error().code() < 0:
                    continue
                raise KafkaException(message.error())
            records.append(as_json(message))
    held = state["member"].assignment()
    return {
        "records": records,
        "assigned": [[one.topic, one.partition] for one in held],
        "rebalances": state["rebalances"],
    }


def commit(request):
    offset = place(request, request["offset"], request.get("metadata"))
    for one in state["member"].commit(offsets=[offset], asynchronous=False):
        if one.error is not None:
            raise KafkaException(one.error)
    return {}


def committed(request):
    (found,) = state["member"].committed([place(request)], timeout=WAIT)
    return {"offset": max(found.offset, -1), "metadata": found.metadata or ""}


def seek(request):
    state["member"].seek(place(request, request["offset"]))
    return {}


def pause(request):
    state["member"].pause([place(request)])
    return {}


def resume(request):
    state["member"].resume([place(request)])
    return {}


def leave(request):
    state["member"].close()
    return {}


def groups(request):
    found = admin().list_consumer_groups(request_timeout=WAIT).result(WAIT)
    return {"names": [group.group_id for group in found.valid]}


def group(request):
    (found,) = done(admin().describe_consumer_groups([request["group"]]))
    return {"state": found.state.name, "members": len(found.members)}


def delete_group(request):
    done(admin().delete_consumer_groups([request["group"]]))
    return {}


def group_offsets(request):
    wanted = ConsumerGroupTopicPartitions(request["group"])
    (found,) = done(admin().list_consumer_group_offsets([wanted]))
    return {
        "offsets": [
            {
                "topic": one.topic,
                "partition": one.partition,
                "offset": one.offset,
                "metadata": one.metadata or "",
            }
            for one in found.topic_partitions
        ]
    }


def set_group_offset(request):
    offset = place(request, request["offset"], request.get("metadata"))
    wanted = ConsumerGroupTopicPartitions(request["group"], [offset])
    (found,) = done(admin().alter_consumer_group_offsets([wanted]))
    for one in found.topic_partitions:
        if one.error is not None:
            raise KafkaException(one.error)
    return {}


def delete_records(request):
    (found,) = done(admin().delete_records([place(request, request["before"])]))
    return {"low": found.low_watermark}


serve(globals())
