// analysis_healthy_test.c: ten healthy services for six hours each: no finding is allowed. Memory follows the morning's load, caches fill,
// garbage lingers, batches run, one service is redeployed, one gets a host. HEALTHY_SEEDS=N in the environment: runs N times, each with
// other noise.

#include "../../../base/test/test.h"

#include "analysis_scene.h"

enum { HOURS = 6, SERVICES = 10 };

// From night to day: 0.6 to 1.4, with some noise per minute.
static double load_of(struct moment *moment) {
    double day = 1 - 0.4 * cos(3.14159265 * between(moment->minute / (HOURS * 60), 0, 1));
    return day * (1 + 0.08 * normal(moment->scene));
}
static double filling(const struct moment *moment, double size, double minutes) {
    return size * (1 - exp(-(moment->i + 1) * moment->minutes / minutes));
}
// Uncollected garbage at the moment of the profile.
static double garbage(struct moment *moment, double size) {
    return size * uniform(moment->scene);
}

static void web(struct moment *moment) {
    double load = load_of(moment);
    say_go(moment, "main.sessions", sampled(moment, 40 * MB + 30 * MB * load), 6e6 * load);
    say_go(moment, "main.render", garbage(moment, 25 * MB), 20e6 * load);
    say_c(moment, "main.compress", sampled(moment, 8 * MB * load));
    say_cpu(moment, "main.render", 0.8 * load);
    say_goroutines(moment, "main.handle", 120 * load);
    say_lock(moment, "main.handle", 0.02 * load);
}
static void cache(struct moment *moment) { // an LRU that fills within two hours, and C's page cache within half an hour
    double load = load_of(moment);
    say_go(moment, "main.lru", sampled(moment, filling(moment, 400 * MB, 45)), 3e6 * load);
    say_c(moment, "main.pages", sampled(moment, filling(moment, 200 * MB, 10)));
    say_cpu(moment, "main.get", 0.6 * load);
    say_goroutines(moment, "main.get", 60 * load);
}
static void hourly_batch(struct moment *moment) {
    double load = load_of(moment);
    bool runs = fmod(moment->minute + 7, 60) < 9;
    say_go(moment, "main.rows", runs ? 250 * MB + garbage(moment, 80 * MB) : 5 * MB, runs ? 60e6 : 1e6);
    say_c(moment, "main.sort", runs ? sampled(moment, 180 * MB) : 1 * MB);
    say_go(moment, "main.index", sampled(moment, 90 * MB), 2e6 * load);
    say_cpu(moment, "main.sort", runs ? 2 : 0.1);
    say_goroutines(moment, "main.sort", runs ? 64 : 8);
}
static void spiky(struct moment *moment) { // a large request now and then
    double load = load_of(moment), large = uniform(moment->scene) < 0.05 ? 300 * MB : 0;
    say_go(moment, "main.upload", sampled(moment, 30 * MB + large), 5e6 * load + large / 60);
    say_c(moment, "main.decode", sampled(moment, 10 * MB + large / 2));
    say_cpu(moment, "main.decode", 0.5 * load + (large > 0));
    say_goroutines(moment, "main.handle", 80 * load + 200 * (large > 0));
}
static void large_heap(struct moment *moment) {
    double load = load_of(moment);
    say_go(moment, "main.graph", sampled(moment, 4000 * MB) + garbage(moment, 400 * MB), 30e6 * load);
    say_c(moment, "main.tiles", sampled(moment, 900 * MB));
    say_cpu(moment, "main.walk", 4 * load);
    say_goroutines(moment, "main.walk", 500 * load);
}
static void emptied(struct moment *moment) { // a cache that is emptied every 50 minutes
    double load = load_of(moment);
    say_c(moment, "main.statements", sampled(moment, 3 * MB * fmod(moment->minute, 50)));
    say_go(moment, "main.results", 2 * MB * fmod(moment->minute + 20, 35), 2e6 * load);
    say_cpu(moment, "main.query", 0.7 * load);
    say_goroutines(moment, "main.query", 50 * load);
}
static void many_sites(struct moment *moment) {
    double load = load_of(moment);
    for (int k = 0; k < 40; k++) {
        char site[30];
        snprintf(site, sizeof site, "main.f%d", k);
        if (k % 2) {
            say_c(moment, site, sampled(moment, MB * (k + 1)));
        } else {
            say_go(moment, site, sampled(moment, MB * (k + 1) * (0.7 + 0.3 * load)), 2e5 * load);
        }
    }
    say_cpu(moment, "main.f1", load);
    say_goroutines(moment, "main.f2", 30 + 100 * load);
}
static void idle(struct moment *moment) {
    say_go(moment, "main.config", 2 * MB, 1000);
    say_cpu(moment, "main.tick", 0.001);
    say_goroutines(moment, "main.tick", 7);
}
static void pools(struct moment *moment) { // connections that come and go with the load, in C and in Go
    double load = load_of(moment), connections = floor(300 * load);
    say_c(moment, "main.connect", sampled(moment, 0.2 * MB * connections));
    say_go(moment, "main.connect", sampled(moment, 0.1 * MB * connections), 4e6 * load);
    say_cpu(moment, "main.proxy", 1.5 * load);
    say_goroutines(moment, "main.proxy", connections);
    say_lock(moment, "main.proxy", 0.1 * load);
}

static void name_service(char name[40], int seed, int i) { // the name seeds the noise
    snprintf(name, 40, seed > 0 ? "healthy-%d-%d" : "healthy-%d", i, seed);
}

static void expect_nothing(struct scene *scene, int seed, const char *service, const char *processes) {
    struct json json = analysis_of(scene, service);
    char *findings = json_at(&json, "$.findings");
    if (strcmp(findings, "[]") != 0) {
        fail_msg("seed %d, %s: %s", seed, service ? service : "all services", findings);
    }
    free(findings);
    expect_at(&json, "$.complete", "1");
    if (processes) {
        expect_at(&json, "$.processes", processes);
        expect_at(&json, "$.processes_looked_into", processes);
    }
    json_free(&json);
}

static void check_ten_services(struct scene *scene, int seed) {
    static fill_moment *const fills[SERVICES] = {web, cache, hourly_batch, spiky, large_heap, emptied, many_sites, idle, pools, web};
    for (int i = 0; i < SERVICES; i++) {
        char name[40];
        name_service(name, seed, i);
        bool deployed = i == 9; // redeployed after three and a half hours, by a process of its own
        run(scene, &(struct run){name, "h1", "1.0", 1, 0, deployed ? 210 : HOURS * 60, 3}, fills[i]);
        run(scene, &(struct run){name, "h1", "1.1", 2, deployed ? 210 : HOURS * 60, HOURS * 60, 3}, fills[i]);
        run(scene, &(struct run){name, "h2", "1.0", 1, i == 0 ? 240 : HOURS * 60, HOURS * 60, 3}, fills[i]);
    }
    for (int i = 0; i < SERVICES; i++) {
        char name[40];
        name_service(name, seed, i);
        expect_nothing(scene, seed, name, NULL);
    }
    expect_nothing(scene, seed, NULL, "12"); // all at once: fewer points of each
}

TEST(ten_services) {
    const char *seeds = getenv("HEALTHY_SEEDS");
    for (int seed = 0; seed < (seeds ? atoi(seeds) : 1); seed++) {
        void *scene;
        scene_setup(&scene);
        check_ten_services(scene, seed);
        scene_teardown(&scene);
    }
}

int main(void) {
    return tests_run();
}
