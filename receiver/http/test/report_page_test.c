// report_page_test.c: a report is one HTML file with the page's own parts, whose data is never markup.

#include "../../../base/test/test.h"

#include "../../test/report_data.h"

#include "../assets.h"
#include "../report_page.h"

static struct json page_of(const char *title) {
    struct report report = {0};
    struct json html = {0};
    assert_int_equal(report_page_write(&report, "/", title, &html), RECEIVER_OK);
    report_free(&report);
    return html;
}

static size_t count(const struct json *html, const char *text) {
    size_t found = 0;
    const char *at = html->bytes, *end = html->bytes + html->size;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
        found++;
        at++;
    }
    return found;
}

TEST(it_is_the_page) {
    const struct asset *const parts[] = {asset_find("/page.css"), asset_script_of_reports()};
    struct json html = page_of("leak");
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(memmem(html.bytes, html.size, parts[i]->bytes, (size_t)(parts[i]->end - parts[i]->bytes)));
    }
    static const char *const marks[] = {"<!--style-->", "<!--script-->", "<!--data-->", "<!--first-->", "POLICY"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        assert_int_equal(count(&html, marks[i]), 0);
    }
    assert_int_equal(count(&html, "Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-"), 1);
    assert_memory_equal(html.bytes + html.size - 8, "</html>\n", 8);
    // The data come last, so that of a file that is cut short the rest can say so.
    const char *data = memmem(html.bytes, html.size, "id=\"report\">", 12);
    assert_non_null(data);
    assert_null(memmem(data, (size_t)(html.bytes + html.size - data), "<script", 7));
    json_free(&html);
}

// Only its size depends on what is in it: three scripts, of which one is data.
TEST(foreign_text_is_no_markup) {
    struct json html = page_of("</script><script>alert(1)</script>");
    assert_int_equal(count(&html, "</script>"), 3);
    assert_int_equal(count(&html, "alert(1)"), 0);
    json_free(&html);
}

TEST(its_data_can_be_read) {
    struct json html = page_of("a title"), data = report_data(html.bytes, html.size);
    assert_memory_equal(data.bytes, "{\"address\":\"/\",\"title\":\"a title\",", 33);
    json_free(&data);
    json_free(&html);
}

int main(void) {
    return tests_run();
}
