import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A service with planted work. `Load SECONDS WORK...`: each work is a thread of its name, in a method of its name.
 *
 * <p>WORK is cpu, alloc, sleep, park, classes, exceptions, files, lock, socket, leak or healthy; NAME=N does N times as much. 0 seconds: until standard
 * input ends. Every wait is 30 ms, longer than the 20 ms from which on a recording with default settings has it.
 */
class Load {
    static final int WAIT_MS = 30;
    static volatile boolean ended;
    static volatile long sink;
    static volatile Object held;
    static final byte[] SMALL = new byte[16];
    static final List<byte[]> leaked = new ArrayList<>();
    static final Object monitor = new Object();

    interface Work {
        void run(int factor) throws Exception;
    }

    // ---- Works ----

    static void plantedCpu(int factor) {
        long value = 1;
        for (int i = 0; i < 2_000_000; i++) value = value * 6364136223846793005L + 1442695040888963407L;
        sink = value;
    }

    static void plantedAllocation(int factor) throws InterruptedException {
        for (int i = 0; i < 64 * factor; i++) held = new byte[16 << 10];
        Thread.sleep(4);
    }

    static void plantedSleep(int factor) throws InterruptedException {
        Thread.sleep(WAIT_MS);
    }

    static void plantedPark(int factor) {
        java.util.concurrent.locks.LockSupport.parkNanos(monitor, WAIT_MS * 1_000_000L);
    }

    /** Each time by a loader of its own, so it is another class each time. */
    static void plantedClasses(int factor) throws Exception {
        byte[] code;
        try (InputStream in = Load.class.getResourceAsStream("Load$Leaf.class")) {
            code = in.readAllBytes();
        }
        Class<?> loaded = new ClassLoader(null) {
            @Override
            protected Class<?> findClass(String name) {
                return defineClass(name, code, 0, code.length);
            }
        }.loadClass("Load$Leaf");
        held = loaded.getDeclaredConstructor().newInstance();
        Thread.sleep(WAIT_MS);
    }

    public static class Leaf {
        public Leaf() {}
    }

    static void plantedExceptions(int factor) throws InterruptedException {
        for (int i = 0; i < 20 * factor; i++) {
            try {
                throw new IllegalStateException("planted");
            } catch (IllegalStateException expected) {
                held = expected;
            }
        }
        Thread.sleep(5);
    }

    /** A named pipe: the reader waits for the writer, which has nothing for WAIT_MS. */
    static void plantedFiles(int factor) throws Exception {
        Path pipe = Files.createTempDirectory("load").resolve("pipe");
        try {
            if (new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start().waitFor() != 0) throw new IOException("mkfifo");
            Thread writer = new Thread(() -> {
                try (FileOutputStream out = new FileOutputStream(pipe.toFile())) {
                    while (!ended) {
                        Thread.sleep(WAIT_MS);
                        out.write(new byte[100]);
                    }
                } catch (IOException | InterruptedException gone) {
                    return;
                }
            }, "work-files-writer");
            writer.start();
            try (FileInputStream in = new FileInputStream(pipe.toFile())) {
                byte[] buffer = new byte[100];
                while (in.read(buffer) > 0) sink++;
            }
            writer.join();
        } finally {
            Files.deleteIfExists(pipe);
            Files.deleteIfExists(pipe.getParent());
        }
    }

    static void plantedLock(int factor) throws InterruptedException {
        synchronized (monitor) {
            Thread.sleep(WAIT_MS);
        }
    }

    static void plantedSocket(int factor) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
            Socket accepted = server.accept()) {
            Thread writer = new Thread(() -> {
                try {
                    while (!ended) {
                        Thread.sleep(WAIT_MS);
                        accepted.getOutputStream().write(new byte[100]);
                    }
                    accepted.shutdownOutput();
                } catch (IOException | InterruptedException gone) {
                    return;
                }
            }, "work-socket-writer");
            writer.start();
            byte[] buffer = new byte[100];
            while (client.getInputStream().read(buffer) > 0) sink++;
            writer.join();
        }
    }

    /** Allocated by the JDK: the place to name is the caller. */
    static void plantedLeak(int factor) throws InterruptedException {
        for (int i = 0; i < 8 * factor; i++) leaked.add(Arrays.copyOf(SMALL, 32 << 10));
        Thread.sleep(20);
    }

    /** Some of everything that a service does, all of it freed. */
    static void healthyRequest(int factor) throws InterruptedException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 500; i++) rows.add("row " + i);
        held = rows;
        Thread.sleep(5);
    }

    // ---- Threads ----

    static Work work(String name) {
        switch (name) {
            case "cpu": return Load::plantedCpu;
            case "alloc": return Load::plantedAllocation;
            case "sleep": return Load::plantedSleep;
            case "park": return Load::plantedPark;
            case "classes": return Load::plantedClasses;
            case "exceptions": return Load::plantedExceptions;
            case "files": return Load::plantedFiles;
            case "lock": return Load::plantedLock;
            case "socket": return Load::plantedSocket;
            case "leak": return Load::plantedLeak;
            case "healthy": return Load::healthyRequest;
            default: throw new IllegalArgumentException(name);
        }
    }

    static Thread start(String name, Work work, int factor) {
        Thread thread = new Thread(() -> {
            try {
                while (!ended) work.run(factor);
            } catch (Exception fault) {
                fault.printStackTrace();
                System.exit(1);
            }
        }, name);
        thread.start();
        return thread;
    }

    static List<Thread> startAll(String[] works) {
        List<Thread> threads = new ArrayList<>();
        for (String text : works) {
            String[] parts = text.split("=");
            int factor = parts.length > 1 ? Integer.parseInt(parts[1]) : 1;
            threads.add(start("work-" + parts[0], work(parts[0]), factor));
            if (parts[0].equals("lock")) threads.add(start("work-lock-other", work("lock"), factor));
        }
        return threads;
    }

    static void endAll(List<Thread> threads) throws InterruptedException {
        ended = true;
        for (Thread thread : threads) thread.join();
    }

    public static void main(String[] arguments) throws Exception {
        double seconds = Double.parseDouble(arguments[0]);
        List<Thread> threads = startAll(Arrays.copyOfRange(arguments, 1, arguments.length));
        if (seconds > 0) Thread.sleep((long) (seconds * 1000));
        else System.in.readAllBytes();
        endAll(threads);
    }
}
