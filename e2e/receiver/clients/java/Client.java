/** A program that works until its standard input ends; profiler and tracer come with -javaagent. */
class Client {
    static int fill(int count) {
        var kept = new java.util.ArrayList<String>();
        for (int number = 0; number < count; number++) kept.add(String.valueOf(number).repeat(3));
        return kept.size();
    }

    public static void main(String[] arguments) throws Exception {
        var worker = new Thread(() -> {
            while (fill(20000) > 0 && !Thread.interrupted()) Thread.onSpinWait();
        });
        worker.start();
        System.in.readAllBytes();
        worker.interrupt();
        worker.join();
    }
}
