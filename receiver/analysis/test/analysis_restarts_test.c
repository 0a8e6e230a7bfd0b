// analysis_restarts_test.c: a process that grows and is restarted is a finding; periodic jobs and deployments are none.

#include "../../../base/test/test.h"

#include "analysis_scene.h"

static void killed(struct moment *moment) { // a life of four uploads
    say_go(moment, "main.cache", 60 * MB, 1e6);
    say_c(moment, "main.report", 20 * MB + 60 * MB * moment->i);
}

static void grows_a_little(struct moment *moment) {
    say_c(moment, "main.cache", 20 * MB + 3 * MB * moment->i);
}

// A pod that leaks and is killed every four minutes, six times: no life is long enough to show growth.
TEST_IN(scene, restarts) {
    struct scene *scene = *state;
    for (int life = 0; life < 6; life++) {
        run(scene, &(struct run){"pods", "pod-1", "1", life, 4 * life, 4 * life + 4, 1}, killed);
    }
    // A periodic job that grows the same way.
    for (int life = 0; life < 6; life++) {
        run(scene, &(struct run){"cron", "job-1", "1", life, 10 * life, 10 * life + 4, 1}, killed);
    }
    // Three versions, each with a warm-up, and one with too little growth to matter.
    for (int life = 0; life < 4; life++) {
        char version[2] = {(char)('1' + life), 0};
        run(scene, &(struct run){"deployed", "vm-1", version, life, 4 * life, 4 * life + 4, 1}, killed);
        run(scene, &(struct run){"little", "vm-1", "1", life, 4 * life, 4 * life + 4, 1}, grows_a_little);
    }
    struct json json = analysis_of(scene, NULL);
    expect_at(&json, "$.findings[0].kind", "restarts");
    expect_at(&json, "$.findings[0].service", "pods");
    expect_at(&json, "$.findings[0].title",
              "pods on pod-1 was started 6 times in 24 minutes, and C memory grew by some 180 MB each time, most of it in main.report");
    expect_at(&json, "$.findings[1]", "(none)");
    json_free(&json);
}

int main(void) {
    return tests_run();
}
