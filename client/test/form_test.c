// form_test.c: the parts of a form are read from the caller's bytes. client_test.c checks what arrives over the wire.

#include "../../base/test/test.h"

#include "../form.h"

TEST(a_form_of_many_parts) {
    enum { PARTS = 100 };
    struct upload_attachment attachments[PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        attachments[i] = (struct upload_attachment){"heap.pprof", "bytes", 5};
    }
    struct upload_request request = {.attachments = attachments, .attachment_count = PARTS, .event = "{}", .event_size = 2};
    CURL *easy = curl_easy_init();
    struct upload_form *form = upload_form_new(easy, &request);
    assert_non_null(form);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_MIMEPOST, upload_form_mime(form)), CURLE_OK);
    upload_form_free(form);
    curl_easy_cleanup(easy);
    upload_form_free(NULL);
}

int main(void) {
    return tests_run();
}
