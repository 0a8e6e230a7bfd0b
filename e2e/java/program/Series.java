import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;

/** `Series FOLDER COUNT SECONDS WORK...`: 0.jfr, 1.jfr, ...: recordings one after the other, as an agent makes them, while Load works. */
class Series {
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[1]);
        long each_ms = (long) (Double.parseDouble(arguments[2]) * 1000);
        List<Thread> threads = Load.startAll(Arrays.copyOfRange(arguments, 3, arguments.length));
        for (int i = 0; i < count; i++) {
            try (Recording recording = new Recording(Configuration.getConfiguration("profile"))) {
                recording.enable("jdk.JavaExceptionThrow").withStackTrace();
                recording.start();
                Thread.sleep(each_ms);
                System.gc(); // what is in use is known then
                recording.stop();
                recording.dump(Path.of(arguments[0], i + ".jfr"));
            }
        }
        Load.endAll(threads);
    }
}
