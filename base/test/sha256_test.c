// sha256_test.c: the standard's examples, and sizes around those of a block.

#include "test.h"

#include "../sha256.h"

static void expect(const void *bytes, size_t size, const char *wanted) {
    uint8_t digest[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, bytes, size / 3); // in pieces, of which one ends in a block
    sha256_add(&hash, (const uint8_t *)bytes + size / 3, size - size / 3);
    sha256_end(&hash, digest);
    for (unsigned i = 0; i < SHA256_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(text, wanted);
}

TEST(examples) {
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);
    expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect(million, sizeof million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sizes) {
    static const char *const digests[] = {"45f316e10b2c99abf374b22bda893cf3300d77263f1e272349ed414680522952",
                                          "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072",
                                          "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e",
                                          "ae14a2563ccf969d99aca69ce6bb74981f734bbf9f655f73b8f06db68cab5217",
                                          "5ef8b2e5e7a040f31df9cf316b81c92326c8db51ac29bb80d914ec9590d83e99"};
    uint8_t bytes[130];
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        expect(bytes, 54 + i, digests[i]);
    }
}

int main(void) {
    return tests_run();
}
