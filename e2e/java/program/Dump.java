import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedClass;
import jdk.jfr.consumer.RecordedClassLoader;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedObject;
import jdk.jfr.consumer.RecordedThreadGroup;
import jdk.jfr.consumer.RecordingFile;

/**
 * Prints what the JDK's reader finds in recordings: a line of JSON for each event, in the order of the file. Classes, packages, modules, loaders and
 * thread groups are their names; instants and durations are nanoseconds. `Dump FILE...`: single chunks, since the JDK takes the types of the first
 * one for those of all.
 */
class Dump {
    static final StringBuilder line = new StringBuilder();

    static void text(String value) {
        line.append('"');
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') line.append('\\').append(c);
            else if (c < ' ' || c >= 127) line.append(String.format("\\u%04x", (int) c));
            else line.append(c);
        }
        line.append('"');
    }

    /** Instants and durations that stand for none, or for no end, are the least and the greatest number. */
    static void nanoseconds(long seconds, int nanoseconds) {
        try {
            line.append(Math.addExact(Math.multiplyExact(seconds, 1_000_000_000L), nanoseconds));
        } catch (ArithmeticException none) {
            line.append(seconds < 0 ? Long.MIN_VALUE : Long.MAX_VALUE);
        }
    }

    static String nameOf(RecordedObject object) {
        return object == null ? null : object.getString("name");
    }

    static void value(Object value) {
        if (value == null) line.append("null");
        else if (value instanceof Instant) nanoseconds(((Instant) value).getEpochSecond(), ((Instant) value).getNano());
        else if (value instanceof Duration) nanoseconds(((Duration) value).getSeconds(), ((Duration) value).getNano());
        else if (value instanceof String) text((String) value);
        else if (value instanceof Character) line.append((int) (Character) value);
        else if (value instanceof Object[] || value instanceof List) {
            Object[] all = value instanceof List ? ((List<?>) value).toArray() : (Object[]) value;
            line.append('[');
            for (int i = 0; i < all.length; i++) {
                if (i > 0) line.append(',');
                value(all[i]);
            }
            line.append(']');
        } else if (value instanceof RecordedClass || value instanceof RecordedClassLoader || value instanceof RecordedThreadGroup) {
            value(nameOf((RecordedObject) value));
        } else if (value instanceof RecordedObject) {
            object((RecordedObject) value);
        } else if (value instanceof Float && !Float.isFinite((Float) value) || value instanceof Double && !Double.isFinite((Double) value)) {
            line.append("null");
        } else line.append(value);
    }

    static Object field(RecordedObject object, ValueDescriptor field) {
        String name = field.getName();
        if (field.getTypeName().equals("jdk.types.Package") || field.getTypeName().equals("jdk.types.Module")) return nameOf(object.getValue(name));
        if (!field.isArray() && field.getAnnotation(jdk.jfr.Timespan.class) != null) return object.getDuration(name);
        if (!field.isArray() && field.getAnnotation(jdk.jfr.Timestamp.class) != null) return object.getInstant(name);
        Object value = object.getValue(name);
        return value instanceof Long && field.getAnnotation(jdk.jfr.Unsigned.class) != null ? new BigInteger(Long.toUnsignedString((Long) value)) : value;
    }

    static void object(RecordedObject object) {
        line.append('{');
        for (ValueDescriptor field : object.getFields()) {
            if (line.charAt(line.length() - 1) != '{') line.append(',');
            text(field.getName());
            line.append(':');
            value(field(object, field));
        }
        line.append('}');
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, "UTF-8");
        for (String file : arguments) {
            try (RecordingFile recording = new RecordingFile(Path.of(file))) {
                while (recording.hasMoreEvents()) {
                    RecordedEvent event = recording.readEvent();
                    line.setLength(0);
                    line.append("{\"type\":");
                    text(event.getEventType().getName());
                    line.append(",\"fields\":");
                    object(event);
                    out.println(line.append('}'));
                }
            }
        }
        out.flush();
    }
}
