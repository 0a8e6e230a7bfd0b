// java_types.h: the types that stacks and threads are made of, as a JVM defines them, and constants of them.
#ifndef CMEMPROF_JFR_TEST_JAVA_TYPES_H
#define CMEMPROF_JFR_TEST_JAVA_TYPES_H

#include "maker.h"

static inline void java_types(struct maker *maker) {
    maker_basic_types(maker);
    maker_type(maker, "jdk.types.Symbol", "simple", "string:java.lang.String");
    maker_type(maker, "jdk.types.FrameType", "simple", "description:java.lang.String");
    maker_type(maker, "jdk.types.ThreadState", "simple", "name:java.lang.String");
    maker_type(maker, "java.lang.Class", "", "name:jdk.types.Symbol* modifiers:int");
    maker_type(maker, "jdk.types.Method", "",
               "type:java.lang.Class* name:jdk.types.Symbol* descriptor:jdk.types.Symbol* modifiers:int hidden:boolean");
    maker_type(maker, "jdk.types.StackFrame", "", "method:jdk.types.Method* lineNumber:int bytecodeIndex:int type:jdk.types.FrameType*");
    maker_type(maker, "jdk.types.StackTrace", "", "truncated:boolean frames:jdk.types.StackFrame[]");
    maker_type(maker, "java.lang.Thread", "", "osName:java.lang.String osThreadId:long javaName:java.lang.String javaThreadId:long");
}

static inline void java_setting_type(struct maker *maker) {
    maker_type(maker, "jdk.ActiveSetting", "event", "startTime:long@ticks id:long name:java.lang.String value:java.lang.String");
}

static inline void java_setting(struct maker *maker, const char *event, const char *name, const char *value) {
    maker_event(maker, "jdk.ActiveSetting");
    maker_number(maker, 1), maker_number(maker, maker_id(maker, event)), maker_text(maker, name), maker_text(maker, value);
    maker_end(maker);
}

// Symbols 1 to 7: "Lapp/Main;"-like class names are written with slashes, as JVMs do.
static inline void java_constants(struct maker *maker) {
    static const char *const symbols[] = {"app/Main", "main", "([Ljava/lang/String;)V", "work", "()V", "[B", "java/util/HashMap"};
    static const char *const kinds[] = {"Interpreted", "JIT compiled", "Inlined", "Native"};
    maker_constants(maker, "jdk.types.Symbol", 7);
    for (int i = 0; i < 7; i++) {
        maker_number(maker, i + 1), maker_text(maker, symbols[i]);
    }
    maker_end(maker);
    maker_constants(maker, "jdk.types.FrameType", 4);
    for (int i = 0; i < 4; i++) {
        maker_number(maker, i + 1), maker_text(maker, kinds[i]);
    }
    maker_end(maker);
    maker_constants(maker, "jdk.types.ThreadState", 2);
    maker_number(maker, 1), maker_text(maker, "STATE_RUNNABLE");
    maker_number(maker, 2), maker_text(maker, "STATE_SLEEPING");
    maker_end(maker);
    maker_constants(maker, "java.lang.Class", 3); // app.Main, byte[], java.util.HashMap
    maker_number(maker, 1), maker_number(maker, 1), maker_int(maker, 1);
    maker_number(maker, 2), maker_number(maker, 6), maker_int(maker, 1);
    maker_number(maker, 3), maker_number(maker, 7), maker_int(maker, 1);
    maker_end(maker);
    maker_constants(maker, "jdk.types.Method", 3); // 1: app.Main.main, 2: app.Main.work, 2^40: java.util.HashMap.work
    maker_number(maker, 1), maker_number(maker, 1), maker_number(maker, 2), maker_number(maker, 3), maker_int(maker, 9),
        maker_byte(maker, 0);
    maker_number(maker, 2), maker_number(maker, 1), maker_number(maker, 4), maker_number(maker, 5), maker_int(maker, 9),
        maker_byte(maker, 0);
    maker_number(maker, (int64_t)1 << 40), maker_number(maker, 3), maker_number(maker, 4), maker_number(maker, 5), maker_int(maker, 9);
    maker_byte(maker, 0);
    maker_end(maker);
    maker_constants(maker, "java.lang.Thread", 2);
    maker_number(maker, 1), maker_text(maker, "os-main"), maker_number(maker, 4001), maker_text(maker, "main"), maker_number(maker, 1);
    maker_number(maker, 2), maker_text(maker, "os-worker"), maker_number(maker, 4002), maker_byte(maker, 0), maker_number(maker, 0);
    maker_end(maker);
}

static inline void java_frame(struct maker *maker, int64_t method, int line, int kind) {
    maker_number(maker, method), maker_int(maker, line), maker_int(maker, 3), maker_number(maker, kind);
}

// Stacks: 1: work:12 (JIT) <- main:5 (interpreted); 2: HashMap.work:7 (inlined) <- work:13 (JIT) <- main:5; 3: cut off, work:14 (JIT).
static inline void java_stacks(struct maker *maker) {
    maker_constants(maker, "jdk.types.StackTrace", 3);
    maker_number(maker, 1), maker_byte(maker, 0), maker_int(maker, 2);
    java_frame(maker, 2, 12, 2), java_frame(maker, 1, 5, 1);
    maker_number(maker, 2), maker_byte(maker, 0), maker_int(maker, 3);
    java_frame(maker, (int64_t)1 << 40, 7, 3), java_frame(maker, 2, 13, 2), java_frame(maker, 1, 5, 1);
    maker_number(maker, 3), maker_byte(maker, 1), maker_int(maker, 1);
    java_frame(maker, 2, 14, 2);
    maker_end(maker);
}

#endif
