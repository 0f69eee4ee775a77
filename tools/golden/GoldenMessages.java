import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Writes the golden messages of libs/kafka-protocol with Apache Kafka's own serializers. Not part of
 * the build or the tests; run it with the class path of Kafka's clients when an API or a version is
 * added:
 *
 *   java -cp '<folder of kafka-clients 4.3.1>/*' tools/golden/GoldenMessages.java libs/kafka-protocol/src/messages/golden
 *
 * One file per API. An entry is three lines: "request|response VERSION full|bare", the field values
 * as JSON (bytes as {"hex": ...}), and the message in hex, its header included, without the length
 * prefix. "full" gives every field a value, tagged ones too, and every array two elements, the second
 * of them bare; "bare" has null where null is allowed, empty arrays, and no tagged fields.
 */
public class GoldenMessages {
    /** Key, first and last version, as libs/kafka-protocol offers them. */
    private static final int[][] OFFERED = {
        {0, 3, 11}, {1, 4, 17}, {2, 1, 9}, {3, 0, 13}, {8, 2, 9}, {9, 1, 9}, {10, 0, 5}, {11, 0, 9},
        {12, 0, 4}, {13, 0, 5}, {14, 0, 5}, {15, 0, 6}, {16, 0, 5}, {17, 0, 1}, {18, 0, 4},
        {19, 2, 7}, {20, 1, 6}, {21, 0, 2}, {22, 0, 4}, {23, 2, 4}, {29, 1, 3}, {30, 1, 3},
        {31, 1, 3}, {32, 1, 4}, {33, 0, 2}, {35, 1, 4}, {36, 0, 2}, {37, 0, 3}, {42, 0, 2},
        {43, 0, 2}, {44, 0, 1}, {45, 0, 1}, {46, 0, 0}, {47, 0, 0}, {60, 0, 2}, {74, 0, 1},
    };

    private static int counter;

    public static void main(String[] args) throws Exception {
        for (int[] row : OFFERED) {
            ApiMessageType type = ApiMessageType.fromApiKey((short) row[0]);
            Path file = Path.of(args[0], String.format("%02d-%s.txt", row[0], kebab(type.name)));
            try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
                out.println("# " + type.name + ", written by tools/golden/GoldenMessages.java");
                for (short version = (short) row[1]; version <= row[2]; version++) {
                    for (boolean full : new boolean[] {true, false}) {
                        request(type, version, full, out);
                        response(type, version, full, out);
                    }
                }
            }
        }
    }

    private static void request(ApiMessageType type, short version, boolean full, PrintWriter out)
            throws Exception {
        counter = 0;
        ApiMessage body = type.newRequest();
        StringBuilder json = new StringBuilder();
        fill(type.requestSchemas()[version], body, full, json);
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(type.apiKey())
            .setRequestApiVersion(version).setCorrelationId(4711).setClientId("golden");
        write(out, "request", version, full, json, hex(header, type.requestHeaderVersion(version), body, version));
    }

    private static void response(ApiMessageType type, short version, boolean full, PrintWriter out)
            throws Exception {
        counter = 0;
        ApiMessage body = type.newResponse();
        StringBuilder json = new StringBuilder();
        fill(type.responseSchemas()[version], body, full, json);
        ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(4711);
        write(out, "response", version, full, json, hex(header, type.responseHeaderVersion(version), body, version));
    }

    private static void write(PrintWriter out, String side, short version, boolean full,
            StringBuilder json, String hex) {
        out.println(side + " " + version + " " + (full ? "full" : "bare"));
        out.println(json);
        out.println(hex);
    }

    private static String hex(ApiMessage header, short headerVersion, ApiMessage body, short version) {
        ObjectSerializationCache headerCache = new ObjectSerializationCache();
        ObjectSerializationCache bodyCache = new ObjectSerializationCache();
        int size = header.size(headerCache, headerVersion) + body.size(bodyCache, version);
        ByteBuffer buffer = ByteBuffer.allocate(size);
        header.write(new ByteBufferAccessor(buffer), headerCache, headerVersion);
        body.write(new ByteBufferAccessor(buffer), bodyCache, version);
        if (buffer.hasRemaining()) throw new IllegalStateException("size does not match");
        return HexFormat.of().formatHex(buffer.array());
    }

    /** Sets every field that `schema` has in `target`, and appends the values as a JSON object. */
    private static void fill(Schema schema, Object target, boolean full, StringBuilder json)
            throws Exception {
        json.append('{');
        int before = json.length();
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                if (!full) continue;
                for (var field : tagged.fields().values()) set(field, target, true, json, before);
            } else {
                set(bound.def, target, full, json, before);
            }
        }
        json.append('}');
    }

    private static void set(org.apache.kafka.common.protocol.types.Field definition, Object target,
            boolean full, StringBuilder json, int before) throws Exception {
        Field field = javaField(target.getClass(), definition.name);
        field.setAccessible(true);
        if (json.length() > before) json.append(',');
        json.append('"').append(field.getName()).append("\":");
        field.set(target, value(definition.type, field, full, json));
    }

    private static Object value(Type type, Field field, boolean full, StringBuilder json)
            throws Exception {
        if (!full && type.isNullable()) {
            json.append("null");
            return null;
        }
        if (type instanceof Schema schema) {
            Object struct = field.getType().getDeclaredConstructor().newInstance();
            fill(schema, struct, full, json);
            return struct;
        }
        if (type.isArray()) return array(type, field, full, json);
        return scalar(field.getType(), field.getName(), full, json);
    }

    @SuppressWarnings("unchecked")
    private static Object array(Type type, Field field, boolean full, StringBuilder json)
            throws Exception {
        Collection<Object> values = Collection.class.equals(field.getType()) || field.getType().isInterface()
            ? new ArrayList<>()
            : (Collection<Object>) field.getType().getDeclaredConstructor().newInstance();
        Type element = type.arrayElementType().get();
        json.append('[');
        if (full) {
            for (int index = 0; index < 2; index++) {
                if (index > 0) json.append(',');
                if (element instanceof Schema schema) {
                    Object struct = elementClass(field).getDeclaredConstructor().newInstance();
                    fill(schema, struct, index == 0, json);
                    values.add(struct);
                } else {
                    values.add(scalar(elementClass(field), field.getName(), true, json));
                }
            }
        }
        json.append(']');
        return values;
    }

    private static Object scalar(Class<?> type, String name, boolean full, StringBuilder json) {
        int n = full ? ++counter : 0;
        if (type == boolean.class) {
            json.append(full);
            return full;
        }
        if (type == String.class) {
            // Text beyond ASCII, so that lengths are counted in bytes.
            String text = full ? name + "-ü" + n : "";
            json.append('"').append(text).append('"');
            return text;
        }
        if (type == Uuid.class) {
            java.util.UUID uuid = full
                ? new java.util.UUID(0x0123456789abcdefL + n, 0xfedcba9876543210L - n)
                : new java.util.UUID(0, 0);
            json.append('"').append(uuid).append('"');
            return new Uuid(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
        }
        if (type == byte.class || type == Byte.class) return number((byte) (full ? n : -1), json);
        if (type == short.class || type == Short.class) return number((short) (full ? 300 + n : -1), json);
        if (type == int.class || type == Integer.class) return number(full ? 70_000 + n : -1, json);
        if (type == long.class || type == Long.class) return number(full ? 5_000_000_000L + n : -1L, json);
        byte[] bytes = full ? new byte[] {(byte) n, 0, (byte) 0xff} : new byte[0];
        json.append("{\"hex\":\"").append(HexFormat.of().formatHex(bytes)).append("\"}");
        if (type == byte[].class) return bytes;
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return type == ByteBuffer.class ? buffer : MemoryRecords.readableRecords(buffer);
    }

    private static <N extends Number> N number(N number, StringBuilder json) {
        json.append(number);
        return number;
    }

    private static Class<?> elementClass(Field field) {
        var generic = field.getGenericType() instanceof ParameterizedType own
            ? own
            : (ParameterizedType) field.getType().getGenericSuperclass();
        return (Class<?>) generic.getActualTypeArguments()[0];
    }

    /** Schemas name fields in snake case, classes in camel case. */
    private static Field javaField(Class<?> type, String name) {
        String wanted = name.replace("_", "");
        for (Field field : type.getDeclaredFields()) {
            if (field.getName().toLowerCase(Locale.ROOT).equals(wanted)) return field;
        }
        throw new IllegalStateException(type + " has no field " + name);
    }

    private static String kebab(String name) {
        return name.replaceAll("(?<!^)([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }
}
