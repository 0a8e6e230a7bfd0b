// mcp_post_test.c: the body of a message is kept up to its limit. e2e/command sends messages, by the protocol's reference client too.

#include "../../../base/test/test.h"

#include "../mcp_post.h"

TEST(paths) {
    assert_true(mcp_post_is_path("/mcp"));
    assert_false(mcp_post_is_path("/mcp/"));
    assert_false(mcp_post_is_path("/api/mcp"));
}

TEST(a_body_in_pieces) {
    struct mcp_post post = {0};
    assert_true(mcp_post_data(&post, "{\"a\":", 5));
    assert_true(mcp_post_data(&post, "1}", 2));
    assert_string_equal(post.body, "{\"a\":1}");
    assert_int_equal(post.size, 7);
    assert_int_equal(post.received, 7);
    mcp_post_free(&post);
    assert_null(post.body);
}

// Beyond the limit it is counted, so that who sends a little too much sees the answer, and ended where there is no end.
TEST(too_much) {
    static char piece[MCP_POST_BYTES / 4];
    struct mcp_post post = {0};
    memset(piece, ' ', sizeof piece);
    for (int i = 1; i <= 9; i++) {
        assert_int_equal(mcp_post_data(&post, piece, sizeof piece), i <= 8);
        assert_int_equal(post.size, (size_t)(i < 4 ? i : 4) * sizeof piece);
    }
    assert_int_equal(post.received, (size_t)9 * sizeof piece);
    mcp_post_free(&post);
}

int main(void) {
    return tests_run();
}
