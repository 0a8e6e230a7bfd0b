// hmac_test.c: the test cases of RFC 4231, and messages around the ends of blocks.

#include "../../base/test/test.h"

#include "../hmac.h"

static void expect(const char *key, size_t key_size, const char *message, size_t size, const char *wanted) {
    char hex[HMAC_HEX_BYTES];
    hmac_sha256_hex(key, key_size, message, size, hex);
    assert_string_equal(hex, wanted);
}

TEST(rfc_4231) {
    char key[131], message[152];
    memset(key, 0x0b, 20);
    expect(key, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    expect("Jefe", 4, "what do ya want for nothing?", 28, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(message, 0xdd, 50);
    expect(key, 20, message, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    expect(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    expect(
        key, 131,
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used "
        "by the HMAC algorithm.",
        152, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

// By Python's hmac.
TEST(ends_of_blocks) {
    char x[200];
    memset(x, 'x', sizeof x);
    expect("", 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    expect(x, 64, x, 55, "d792a74167fe9604d89f7c3ab033e80992101270e1d34b3a51a8e2381174cbfb");
    expect(x, 64, x, 56, "419c63438d953fd6717243cd77aa69a394813cd99b3f8bfd1b56a2e21a873b03");
    expect(x, 64, x, 63, "9b983a7fe0a6eb274d347c8e0c8ea7b273dacbd38c897d3e32e63aa90bb8c8e7");
    expect(x, 64, x, 64, "dc876e989da633069b8c685d15a2d1ba6898944defad8a5a94954dda6e7d7e6a");
    expect(x, 64, x, 65, "48f35cbc7186475fb429736e39f52162fb564dc58f4546c61a0fd4faf148ba60");
    expect(x, 64, x, 119, "7fa8e7b757740445e3defc6bec8af33a2051299716386ba4bcea6895e9b4c420");
    expect(x, 64, x, 120, "0cb07cb3b31b2314458913902bf3671bf37f11feb7e53430a669dfc6745e935e");
    expect(x, 64, x, 128, "0a8c64746f80d0f262a0f8c6a87976ed303e5b368c901583cb33b2383a52f3e6");
    expect(x, 65, x, 1, "ccecc2931b84b9260d9e2385cc47730debae174541c58adbf28acb7f450f4537");
}

int main(void) {
    return tests_run();
}
