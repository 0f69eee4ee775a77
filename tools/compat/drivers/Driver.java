import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.AppInfoParser;

/**
 * Does with Apache Kafka's Java client what each line of standard input asks for, and answers each with
 * one line: see tools/compat/protocol.ts. Compiles with kafka-clients 2.8 to 4.x.
 */
public class Driver {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Base64.Decoder FROM_64 = Base64.getDecoder();
  private static final Base64.Encoder TO_64 = Base64.getEncoder();
  private static String servers;
  private static Admin admin;
  private static KafkaConsumer<byte[], byte[]> member;
  private static int rebalances = 0;

  public static void main(String[] args) throws Exception {
    servers = args[0];
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode request = JSON.readTree(line);
      ObjectNode reply = JSON.createObjectNode();
      reply.set("id", request.get("id"));
      try {
        reply.set("ok", run(request.get("do").asText(), request));
      } catch (UnsupportedOperationException e) {
        reply.put("missing", String.valueOf(e.getMessage()));
      } catch (Throwable e) {
        Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
        reply.put("error", cause.getClass().getSimpleName() + ": " + cause.getMessage());
      }
      System.out.println(JSON.writeValueAsString(reply));
      System.out.flush();
    }
    System.exit(0);
  }

  private static ObjectNode run(String what, JsonNode in) throws Exception {
    ObjectNode out = JSON.createObjectNode();
    switch (what) {
      case "hello" -> out.put("version", AppInfoParser.getVersion());
      case "cluster" -> out.put("brokers", admin().describeCluster().nodes().get().size());
      case "createTopic" -> createTopic(in);
      case "topics" -> out.set("names", JSON.valueToTree(admin().listTopics().names().get()));
      case "partitions" -> out.put("count", partitions(topic(in)));
      case "addPartitions" ->
          admin()
              .createPartitions(
                  Map.of(topic(in), NewPartitions.increaseTo(in.get("count").asInt())))
              .all()
              .get();
      case "deleteTopic" -> admin().deleteTopics(List.of(topic(in))).all().get();
      case "topicConfigs" -> out.set("configs", topicConfigs(topic(in)));
      case "setTopicConfigs" -> setTopicConfigs(in);
      case "produce" -> produce(in, out);
      case "read" -> out.set("records", read(in));
      case "offsetsFor" -> out.put("offset", offsetsFor(in));
      case "join" -> join(in);
      case "poll" -> poll(in, out);
      case "commit" ->
          member.commitSync(
              Map.of(
                  partition(in),
                  new OffsetAndMetadata(
                      in.get("offset").asLong(), in.path("metadata").asText(""))));
      case "committed" -> committed(in, out);
      case "seek" -> member.seek(partition(in), in.get("offset").asLong());
      case "pause" -> member.pause(List.of(partition(in)));
      case "resume" -> member.resume(List.of(partition(in)));
      case "leave" -> {
        member.close(Duration.ofSeconds(10));
        member = null;
      }
      default -> groupsAndRecords(what, in, out);
    }
    return out;
  }

  private static void groupsAndRecords(String what, JsonNode in, ObjectNode out)
      throws Exception {
    String group = in.path("group").asText();
    switch (what) {
      case "groups" -> {
        ArrayNode names = out.putArray("names");
        admin().listConsumerGroups().all().get().forEach(one -> names.add(one.groupId()));
      }
      case "group" -> describeGroup(group, out);
      case "deleteGroup" -> admin().deleteConsumerGroups(List.of(group)).all().get();
      case "groupOffsets" -> {
        ArrayNode offsets = out.putArray("offsets");
        admin()
            .listConsumerGroupOffsets(group)
            .partitionsToOffsetAndMetadata()
            .get()
            .forEach((where, offset) -> putOffset(offsets.addObject(), where, offset));
      }
      case "setGroupOffset" ->
          admin()
              .alterConsumerGroupOffsets(
                  group,
                  Map.of(
                      partition(in),
                      new OffsetAndMetadata(
                          in.get("offset").asLong(), in.path("metadata").asText(""))))
              .all()
              .get();
      case "deleteGroupOffset" ->
          admin().deleteConsumerGroupOffsets(group, Set.of(partition(in))).all().get();
      case "deleteRecords" -> {
        RecordsToDelete before = RecordsToDelete.beforeOffset(in.get("before").asLong());
        DeleteRecordsResult result = admin().deleteRecords(Map.of(partition(in), before));
        out.put("low", result.lowWatermarks().get(partition(in)).get().lowWatermark());
      }
      case "logDirs" -> out.put("bytes", logBytes(topic(in)));
      default -> throw new UnsupportedOperationException(what);
    }
  }

  private static Admin admin() {
    if (admin == null) {
      admin =
          Admin.create(
              Map.of("bootstrap.servers", servers, "default.api.timeout.ms", 30_000));
    }
    return admin;
  }

  private static String topic(JsonNode in) {
    return in.get("topic").asText();
  }

  private static TopicPartition partition(JsonNode in) {
    return new TopicPartition(topic(in), in.get("partition").asInt());
  }

  private static void createTopic(JsonNode in) throws Exception {
    Map<String, String> configs = new HashMap<>();
    in.path("configs").fields().forEachRemaining(e -> configs.put(e.getKey(), e.getValue().asText()));
    int count = in.get("partitions").asInt();
    NewTopic topic = new NewTopic(topic(in), count, (short) in.path("replicas").asInt(1));
    admin().createTopics(List.of(topic.configs(configs))).all().get();
  }

  @SuppressWarnings("unchecked")
  private static int partitions(String topic) throws Exception {
    DescribeTopicsResult result = admin().describeTopics(List.of(topic));
    // topicNameValues() since 3.1; values() before, gone in 4.0.
    Map<String, org.apache.kafka.common.KafkaFuture<TopicDescription>> values;
    try {
      values =
          (Map<String, org.apache.kafka.common.KafkaFuture<TopicDescription>>)
              DescribeTopicsResult.class.getMethod("topicNameValues").invoke(result);
    } catch (NoSuchMethodException e) {
      values =
          (Map<String, org.apache.kafka.common.KafkaFuture<TopicDescription>>)
              DescribeTopicsResult.class.getMethod("values").invoke(result);
    }
    return values.get(topic).get().partitions().size();
  }

  private static ObjectNode topicConfigs(String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    ObjectNode configs = JSON.createObjectNode();
    admin()
        .describeConfigs(List.of(resource))
        .all()
        .get()
        .get(resource)
        .entries()
        .forEach(entry -> configs.put(entry.name(), entry.value()));
    return configs;
  }

  private static void setTopicConfigs(JsonNode in) throws Exception {
    List<AlterConfigOp> ops = new ArrayList<>();
    in.get("configs")
        .fields()
        .forEachRemaining(
            e ->
                ops.add(
                    new AlterConfigOp(
                        new ConfigEntry(e.getKey(), e.getValue().asText()),
                        AlterConfigOp.OpType.SET)));
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic(in));
    admin().incrementalAlterConfigs(Map.of(resource, ops)).all().get();
  }

  private static void produce(JsonNode in, ObjectNode out) throws Exception {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", servers);
    settings.put("compression.type", in.path("codec").asText("none"));
    settings.put("acks", in.path("acks").asText("all"));
    settings.put("enable.idempotence", in.path("idempotent").asBoolean(false));
    settings.put("linger.ms", in.has("everyMs") ? 5 : 100);
    settings.put("batch.size", 200_000);
    settings.put("max.request.size", 50_000_000);
    settings.put("buffer.memory", 100_000_000L);
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (JsonNode record : in.get("records")) {
        int to = record.path("partition").asInt(in.path("partition").asInt(-1));
        ProducerRecord<byte[], byte[]> message =
            new ProducerRecord<>(
                topic(in),
                to < 0 ? null : Integer.valueOf(to),
                record.hasNonNull("timestamp") ? record.get("timestamp").asLong() : null,
                bytes(record.get("key")),
                bytes(record.get("value")));
        for (JsonNode header : record.path("headers")) {
          message.headers().add(header.get(0).asText(), bytes(header.get(1)));
        }
        sent.add(producer.send(message));
        if (in.has("everyMs")) Thread.sleep(in.get("everyMs").asLong());
      }
    }
    ArrayNode placed = out.putArray("placed");
    for (Future<RecordMetadata> future : sent) {
      RecordMetadata where = future.get();
      placed.addArray().add(where.partition()).add(where.hasOffset() ? where.offset() : -1);
    }
  }

  private static Map<String, Object> consumerSettings() {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", servers);
    settings.put("enable.auto.commit", false);
    settings.put("auto.offset.reset", "earliest");
    settings.put("fetch.max.wait.ms", 100);
    return settings;
  }

  private static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static ArrayNode read(JsonNode in) {
    ArrayNode records = JSON.createArrayNode();
    int count = in.get("count").asInt();
    long deadline = System.currentTimeMillis() + in.path("timeoutMs").asLong(15_000);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(consumerSettings())) {
      consumer.assign(List.of(partition(in)));
      String from = in.get("from").asText();
      if (from.equals("earliest")) consumer.seekToBeginning(List.of(partition(in)));
      else if (from.equals("latest")) consumer.seekToEnd(List.of(partition(in)));
      else consumer.seek(partition(in), Long.parseLong(from));
      while (records.size() < count && System.currentTimeMillis() < deadline) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          putRecord(records.addObject(), record);
        }
      }
    }
    return records;
  }

  private static long offsetsFor(JsonNode in) throws Exception {
    String at = in.get("at").asText();
    OffsetSpec spec =
        switch (at) {
          case "earliest" -> OffsetSpec.earliest();
          case "latest" -> OffsetSpec.latest();
          case "max-timestamp" -> maxTimestamp();
          default -> OffsetSpec.forTimestamp(Long.parseLong(at));
        };
    return admin().listOffsets(Map.of(partition(in), spec)).all().get().get(partition(in)).offset();
  }

  /** Came with 3.0. */
  private static OffsetSpec maxTimestamp() throws Exception {
    try {
      return (OffsetSpec) OffsetSpec.class.getMethod("maxTimestamp").invoke(null);
    } catch (NoSuchMethodException e) {
      throw new UnsupportedOperationException("offset of the largest timestamp");
    }
  }

  private static void join(JsonNode in) {
    Map<String, Object> settings = consumerSettings();
    settings.put("group.id", in.get("group").asText());
    settings.put("session.timeout.ms", in.path("sessionTimeoutMs").asInt(6000));
    settings.put("heartbeat.interval.ms", 300);
    if (in.has("instanceId")) settings.put("group.instance.id", in.get("instanceId").asText());
    boolean cooperative = in.path("strategy").asText("range").equals("cooperative");
    settings.put(
        "partition.assignment.strategy",
        cooperative
            ? "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
            : "org.apache.kafka.clients.consumer.RangeAssignor");
    rebalances = 0;
    member = consumer(settings);
    List<String> topics = new ArrayList<>();
    in.get("topics").forEach(topic -> topics.add(topic.asText()));
    member.subscribe(
        topics,
        new ConsumerRebalanceListener() {
          @Override
          public void onPartitionsRevoked(Collection<TopicPartition> partitions) {}

          @Override
          public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            rebalances++;
          }
        });
  }

  private static void poll(JsonNode in, ObjectNode out) {
    ArrayNode records = out.putArray("records");
    long deadline = System.currentTimeMillis() + in.path("ms").asLong(200);
    do {
      try {
        for (ConsumerRecord<byte[], byte[]> record : member.poll(Duration.ofMillis(50))) {
          putRecord(records.addObject(), record);
        }
      } catch (WakeupException e) {
        break;
      }
    } while (records.isEmpty() && System.currentTimeMillis() < deadline);
    ArrayNode assigned = out.putArray("assigned");
    for (TopicPartition one : member.assignment()) {
      assigned.addArray().add(one.topic()).add(one.partition());
    }
    out.put("rebalances", rebalances);
  }

  private static void committed(JsonNode in, ObjectNode out) {
    OffsetAndMetadata found = member.committed(Set.of(partition(in))).get(partition(in));
    out.put("offset", found == null ? -1 : found.offset());
    out.put("metadata", found == null ? "" : found.metadata());
  }

  private static void describeGroup(String group, ObjectNode out) throws Exception {
    ConsumerGroupDescription found =
        admin().describeConsumerGroups(List.of(group)).all().get().get(group);
    // The constants of the state's enum, which moved between versions: "Stable", "STABLE".
    try {
      Object state = ConsumerGroupDescription.class.getMethod("groupState").invoke(found);
      out.put("state", state.toString());
    } catch (ReflectiveOperationException e) {
      try {
        Object state = ConsumerGroupDescription.class.getMethod("state").invoke(found);
        out.put("state", state.toString());
      } catch (ReflectiveOperationException again) {
        throw new IllegalStateException(again);
      }
    }
    out.put("members", found.members().size());
  }

  private static long logBytes(String topic) throws Exception {
    long bytes = -1;
    int node = admin().describeCluster().nodes().get().iterator().next().id();
    for (LogDirDescription dir :
        admin().describeLogDirs(List.of(node)).allDescriptions().get().get(node).values()) {
      for (var replica : dir.replicaInfos().entrySet()) {
        if (!replica.getKey().topic().equals(topic)) continue;
        bytes = Math.max(bytes, 0) + replica.getValue().size();
      }
    }
    return bytes;
  }

  private static void putOffset(ObjectNode out, TopicPartition where, OffsetAndMetadata offset) {
    out.put("topic", where.topic()).put("partition", where.partition());
    out.put("offset", offset.offset()).put("metadata", offset.metadata());
  }

  private static void putRecord(ObjectNode out, ConsumerRecord<byte[], byte[]> record) {
    out.put("topic", record.topic()).put("partition", record.partition());
    out.put("offset", record.offset());
    out.put("timestamp", record.timestampType() == TimestampType.NO_TIMESTAMP_TYPE ? -1 : record.timestamp());
    out.put("key", base64(record.key())).put("value", base64(record.value()));
    ArrayNode headers = out.putArray("headers");
    for (Header header : record.headers()) {
      headers.addArray().add(header.key()).add(base64(header.value()));
    }
  }

  private static byte[] bytes(JsonNode text) {
    return text == null || text.isNull() ? null : FROM_64.decode(text.asText());
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : TO_64.encodeToString(bytes);
  }
}
