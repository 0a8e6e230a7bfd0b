// query_fixture.h: a struct json_query for each test.
#ifndef CMEMPROF_COMMAND_QUERY_FIXTURE_H
#define CMEMPROF_COMMAND_QUERY_FIXTURE_H

#include "../../../base/test/test.h"

#include "../json_query.h"

static struct json_query *query;

static int query_setup(void **state) {
    (void)state;
    query = json_query_open();
    return query ? 0 : -1;
}
static int query_teardown(void **state) {
    (void)state;
    json_query_close(query);
    return 0;
}

#endif
