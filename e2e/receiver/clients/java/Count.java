import java.nio.file.Path;
import java.util.TreeMap;
import jdk.jfr.consumer.RecordingFile;

/** Prints each type of events in a recording, and how many. `jfr summary` names a later chunk's events by the first one's types. */
class Count {
    public static void main(String[] arguments) throws Exception {
        var counts = new TreeMap<String, Integer>();
        try (var recording = new RecordingFile(Path.of(arguments[0]))) {
            while (recording.hasMoreEvents()) counts.merge(recording.readEvent().getEventType().getName(), 1, Integer::sum);
        }
        counts.forEach((name, count) -> System.out.println(name + " " + count));
    }
}
