import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * Writes the golden record batches of libs/kafka-protocol with Apache Kafka's own classes. Like
 * GoldenMessages, run by hand:
 *
 *   java -cp '<folder of kafka-clients 4.3.1>/*' tools/golden/GoldenRecordBatches.java libs/kafka-protocol/src/records/golden
 *
 * A line is a name and the batch in hex.
 */
public class GoldenRecordBatches {
    private static final SimpleRecord[] RECORDS = {
        new SimpleRecord(1_700_000_000_000L, "key".getBytes(UTF_8), "value ü".getBytes(UTF_8), new Header[] {
            new RecordHeader("trace-ü", new byte[] {1, 2, 3}), new RecordHeader("none", (byte[]) null)}),
        new SimpleRecord(1_700_000_000_500L, null, new byte[300]),
        new SimpleRecord(1_699_999_999_000L, "tombstone".getBytes(UTF_8), null),
        new SimpleRecord(1_700_000_000_001L, new byte[0], new byte[0]),
    };

    public static void main(String[] args) throws Exception {
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[0], "record-batches.txt")))) {
            out.println("# written by tools/golden/GoldenRecordBatches.java");
            write(out, "plain", batch(Compression.NONE, TimestampType.CREATE_TIME, -1L, (short) -1, -1, false));
            write(out, "gzip", batch(Compression.gzip().build(), TimestampType.CREATE_TIME, -1L, (short) -1, -1, false));
            write(out, "transactional", batch(Compression.NONE, TimestampType.CREATE_TIME, 4000L, (short) 3, 17, true));
            write(out, "append-time", batch(Compression.NONE, TimestampType.LOG_APPEND_TIME, -1L, (short) -1, -1, false));
            write(out, "commit-marker", MemoryRecords.withEndTransactionMarker(5_000_000_000L, 1_700_000_000_000L, 7, 4000L,
                (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 9)));
        }
    }

    private static MemoryRecords batch(Compression compression, TimestampType type, long producerId, short producerEpoch,
            int baseSequence, boolean transactional) {
        return MemoryRecords.withRecords((byte) 2, 5_000_000_000L, compression, type, producerId, producerEpoch,
            baseSequence, 7, transactional, RECORDS);
    }

    private static void write(PrintWriter out, String name, MemoryRecords records) {
        ByteBuffer buffer = records.buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        out.println(name + " " + HexFormat.of().formatHex(bytes));
    }
}
