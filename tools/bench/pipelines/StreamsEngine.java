// The topologies of this benchmark in Kafka Streams, at its defaults.
// Usage: java -cp 'jars/*' StreamsEngine.java SERVERS TOPOLOGY STATE_FOLDER
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

public class StreamsEngine {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] words) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "streams-" + words[1]);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, words[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, words[2]);
    settings.put("auto.offset.reset", "earliest");
    Serde<ObjectNode> json = Serdes.serdeFrom((topic, value) -> write(value), (topic, bytes) -> read(bytes));
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, ObjectNode> payments = builder.stream("payments", Consumed.with(Serdes.String(), json));
    topology(words[1], builder, payments, json)
        .to("streams-" + words[1], Produced.with(Serdes.String(), json));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
    streams.start();
  }

  private static KStream<String, ObjectNode> topology(
      String name, StreamsBuilder builder, KStream<String, ObjectNode> payments, Serde<ObjectNode> json) {
    if (name.equals("stateless")) {
      return payments
          .filter((key, payment) -> payment.get("amount").asInt() >= 50)
          .mapValues(payment -> payment.deepCopy().put("large", true));
    }
    if (name.equals("windowed")) {
      return payments
          .groupByKey(Grouped.with(Serdes.String(), json))
          .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
          .emitStrategy(EmitStrategy.onWindowClose())
          .aggregate(() -> 0L, (key, payment, count) -> count + 1, Materialized.with(Serdes.String(), Serdes.Long()))
          .toStream((window, count) -> window.key())
          .mapValues(count -> JSON.createObjectNode().put("count", count));
    }
    return payments.leftJoin(
        builder.table("users", Consumed.with(Serdes.String(), json)),
        (payment, user) -> payment.deepCopy().set("user", user));
  }

  private static byte[] write(ObjectNode value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static ObjectNode read(byte[] bytes) {
    try {
      return (ObjectNode) JSON.readTree(bytes);
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }
}
