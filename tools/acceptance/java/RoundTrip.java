import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Produces with each codec and reads everything back in a consumer group.
 *
 * Arguments: bootstrap servers, topic, records per codec, codecs. Prints one line per record read:
 * partition, offset, key, value and the header "codec", separated by tabs.
 */
public class RoundTrip {
  public static void main(String[] args) throws Exception {
    String servers = args[0];
    String topic = args[1];
    int count = Integer.parseInt(args[2]);
    int expected = 0;
    for (int i = 3; i < args.length; i++) {
      produce(servers, topic, count, args[i]);
      expected += count;
    }
    consume(servers, topic, Integer.parseInt(System.getProperty("expected", "" + expected)));
  }

  private static void produce(String servers, String topic, int count, String codec)
      throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", servers);
    properties.put("compression.type", codec);
    properties.put("linger.ms", "20");
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < count; i++) {
        ProducerRecord<String, String> record =
            new ProducerRecord<>(topic, "key-" + i % 7, "java-" + codec + "-" + i);
        record.headers().add("codec", codec.getBytes(StandardCharsets.UTF_8));
        sent.add(producer.send(record));
      }
    }
    for (Future<RecordMetadata> future : sent) future.get();
  }

  private static void consume(String servers, String topic, int expected) {
    Map<String, Object> properties =
        Map.of(
            "bootstrap.servers", servers,
            "group.id", "java-" + topic,
            "auto.offset.reset", "earliest");
    long deadline = System.currentTimeMillis() + 30_000;
    int read = 0;
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (read < expected && System.currentTimeMillis() < deadline) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          var header = record.headers().lastHeader("codec");
          String codec = header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
          System.out.println(
              String.join(
                  "\t",
                  "" + record.partition(),
                  "" + record.offset(),
                  record.key(),
                  record.value(),
                  codec));
          read++;
        }
      }
      consumer.commitSync();
    }
    if (read < expected) {
      System.err.println("read " + read + " of " + expected);
      System.exit(1);
    }
  }
}
