import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Configuration;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;

/**
 * `Recorded FILE default|profile|all|small SECONDS WORK...`: Load in a recording of the JDK's own. all: every type of event, however short. small: as
 * default, without what is of the machine or the same in every recording. Prints the CPU time that the process has used meanwhile.
 */
class Recorded {
    static final List<String> OF_THE_MACHINE =
            List.of("jdk.SystemProcess", "jdk.InitialEnvironmentVariable", "jdk.NativeLibrary", "jdk.ModuleExport", "jdk.ModuleRequire",
                    "jdk.InitialSecurityProperty", "jdk.NetworkUtilization", "jdk.GCPhaseParallel", "jdk.BooleanFlag", "jdk.LongFlag");

    public static void main(String[] arguments) throws Exception {
        var system = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        long started = system.getProcessCpuTime();
        try (Recording recording = new Recording()) {
            if (arguments[1].equals("all")) {
                for (EventType type : FlightRecorder.getFlightRecorder().getEventTypes()) {
                    // These two stop the JVM for seconds each time.
                    if (type.getName().equals("jdk.ObjectCount") || type.getName().equals("jdk.HeapDump")) continue;
                    recording.enable(type.getName()).with("threshold", "0 ns").with("stackTrace", "true");
                    if (type.getName().endsWith("MethodSample") || type.getName().equals("jdk.ExecutionSample"))
                        recording.enable(type.getName()).with("period", "20 ms");
                    if (type.getName().equals("jdk.CPUTimeSample")) recording.enable(type.getName()).with("throttle", "10 ms");
                }
            } else {
                boolean small = arguments[1].equals("small");
                recording.setSettings(Configuration.getConfiguration(small ? "default" : arguments[1]).getSettings());
                if (small) OF_THE_MACHINE.forEach(recording::disable);
            }
            recording.start();
            Load.main(java.util.Arrays.copyOfRange(arguments, 2, arguments.length));
            System.out.println("CPU time of the recording, ns: " + (system.getProcessCpuTime() - started));
            recording.stop();
            recording.dump(Path.of(arguments[0]));
        }
    }
}
