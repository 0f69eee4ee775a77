"""Does with aiokafka what each line of standard input asks: see protocol.ts."""
import asyncio
import logging
import sys
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import for_code

from kafka_python_records import as_json, consumer_settings, sent_fields
from lines import Missing, serve_async

logging.disable(logging.CRITICAL)
SERVERS = sys.argv[1]
state = {"rebalances": 0}


async def admin():
    if "admin" not in state:
        state["admin"] = AIOKafkaAdminClient(bootstrap_servers=SERVERS)
        await state["admin"].start()
    return state["admin"]


def place(request):
    return TopicPartition(request["topic"], request["partition"])


def check(code, text=""):
    if code != 0:
        raise for_code(code)(text)


async def hello(request):
    return {"version": aiokafka.__version__}


async def cluster(request):
    return {"brokers": len((await (await admin()).describe_cluster())["brokers"])}


async def create_topic(request):
    topic = NewTopic(
        request["topic"],
        request["partitions"],
        request.get("replicas", 1),
        topic_configs=request.get("configs", {}),
    )
    answer = await (await admin()).create_topics([topic])
    for error in answer.topic_errors:
        check(error[1], error[2] if len(error) > 2 else "")
    return {}


async def topics(request):
    return {"names": await (await admin()).list_topics()}


async def partitions(request):
    (found,) = await (await admin()).describe_topics([request["topic"]])
    check(found["error_code"])
    return {"count": len(found["partitions"])}


async def add_partitions(request):
    await (await admin()).create_partitions({request["topic"]: NewPartitions(request["count"])})
    return {}


async def delete_topic(request):
    answer = await (await admin()).delete_topics([request["topic"]])
    for error in answer.topic_error_codes:
        check(error[1])
    return {}


async def topic_configs(request):
    resource = ConfigResource(ConfigResourceType.TOPIC, request["topic"])
    (answer,) = await (await admin()).describe_configs([resource])
    (found,) = answer.resources
    check(found[0], found[1])
    return {"configs": {entry[0]: entry[1] for entry in found[4]}}


async def set_topic_configs(request):
    resource = ConfigResource(ConfigResourceType.TOPIC, request["topic"], request["configs"])
    for answer in await (await admin()).alter_configs([resource]):
        for found in answer.resources:
            check(found[0], found[1])
    return {}


async def produce(request):
    codec = request.get("codec", "none")
    acks = request.get("acks", "all")
    producer = AIOKafkaProducer(
        bootstrap_servers=SERVERS,
        compression_type=None if codec == "none" else codec,
        acks=acks if acks == "all" else int(acks),
        enable_idempotence=request.get("idempotent", False),
        linger_ms=5 if "everyMs" in request else 100,
        max_batch_size=2000000,
        max_request_size=50000000,
    )
    await producer.start()
    sent = []
    try:
        for record in request["records"]:
            sent.append(await producer.send(**sent_fields(request, record)))
            if "everyMs" in request:
                await asyncio.sleep(request["everyMs"] / 1000)
        placed = [await asyncio.wait_for(future, 60) for future in sent]
    finally:
        await producer.stop()
    # With acks=0 there is nothing to tell.
    return {"placed": [[one.partition, one.offset] for one in placed if one is not None]}


async def read(request):
    consumer = AIOKafkaConsumer(**consumer_settings(SERVERS))
    await consumer.start()
    consumer.assign([place(request)])
    if request["from"] == "earliest":
        await consumer.seek_to_beginning()
    elif request["from"] == "latest":
        await consumer.seek_to_end()
    else:
        consumer.seek(place(request), request["from"])
    records = []
    deadline = time.time() + request.get("timeoutMs", 15000) / 1000
    while len(records) < request["count"] and time.time() < deadline:
        for some in (await consumer.getmany(timeout_ms=100)).values():
            records += [as_json(record) for record in some]
    await consumer.stop()
    return {"records": records}


async def offsets_for(request):
    if request["at"] == "max-timestamp":
        raise Missing("the offset of the largest timestamp")
    consumer = AIOKafkaConsumer(**consumer_settings(SERVERS))
    await consumer.start()
    where = place(request)
    try:
        if request["at"] == "earliest":
            return {"offset": (await consumer.beginning_offsets([where]))[where]}
        if request["at"] == "latest":
            return {"offset": (await consumer.end_offsets([where]))[where]}
        found = (await consumer.offsets_for_times({where: int(request["at"])}))[where]
        return {"offset": -1 if found is None else found.offset}
    finally:
        await consumer.stop()


class Counting(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        state["rebalances"] += 1


async def join(request):
    options = {
        **consumer_settings(SERVERS),
        "group_id": request["group"],
        "session_timeout_ms": request.get("sessionTimeoutMs", 6000),
        "heartbeat_interval_ms": 300,
        "partition_assignment_strategy": [RangePartitionAssignor],
    }
    if "instanceId" in request:
        options["group_instance_id"] = request["instanceId"]
    state["rebalances"] = 0
    state["group"] = request["group"]
    state["member"] = AIOKafkaConsumer(**options)
    state["member"].subscribe(request["topics"], listener=Counting())
    # It waits for the first assignment, which may need the other members to poll.
    state["start"] = asyncio.ensure_future(state["member"].start())
    return {}


async def poll(request):
    member = state["member"]
    records = []
    deadline = time.time() + request["ms"] / 1000
    if not state["start"].done():
        await asyncio.wait([state["start"]], timeout=request["ms"] / 1000)
    while state["start"].done() and not records and time.time() < deadline:
        for some in (await member.getmany(timeout_ms=50)).values():
            records += [as_json(record) for record in some]
    held = sorted(member.assignment())
    return {
        "records": records,
        "assigned": [[one.topic, one.partition] for one in held],
        "rebalances": state["rebalances"],
    }


async def commit(request):
    offset = (request["offset"], request.get("metadata", ""))
    await state["member"].commit({place(request): offset})
    return {}


async def committed(request):
    found = await (await admin()).list_consumer_group_offsets(
        state["group"], partitions=[place(request)]
    )
    one = found[place(request)]
    return {"offset": one.offset, "metadata": one.metadata}


async def seek(request):
    state["member"].seek(place(request), request["offset"])
    return {}


async def pause(request):
    state["member"].pause(place(request))
    return {}


async def resume(request):
    state["member"].resume(place(request))
    return {}


async def leave(request):
    await state["member"].stop()
    return {}


async def groups(request):
    return {"names": [group[0] for group in await (await admin()).list_consumer_groups()]}


async def group(request):
    (answer,) = await (await admin()).describe_consumer_groups([request["group"]])
    (found,) = answer.groups
    check(found[0])
    return {"state": found[2], "members": len(found[5])}


async def group_offsets(request):
    found = await (await admin()).list_consumer_group_offsets(request["group"])
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


async def set_group_offset(request):
    # Without an admin call for it: a consumer that is assigned by hand commits for a group.
    consumer = AIOKafkaConsumer(**consumer_settings(SERVERS), group_id=request["group"])
    await consumer.start()
    consumer.assign([place(request)])
    offset = (request["offset"], request.get("metadata", ""))
    await consumer.commit({place(request): offset})
    await consumer.stop()
    return {}


async def delete_records(request):
    before = RecordsToDelete(before_offset=request["before"])
    found = await (await admin()).delete_records({place(request): before})
    return {"low": found[place(request)]}


asyncio.run(serve_async(globals()))
