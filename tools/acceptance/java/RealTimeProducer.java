import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The producer of every introduction to Kafka: defaults, string serializers, 100 keyed messages. */
public class RealTimeProducer {
  public static void main(String[] args) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    properties.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    properties.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
      for (int i = 0; i < 100; i++) {
        producer.send(new ProducerRecord<>("real-time-topic", "key-" + i % 10, "message-" + i));
      }
    }
  }
}
