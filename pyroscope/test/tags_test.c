// tags_test.c: labels made of tags.

#include "../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../pyroscope.h"

static void expect(const char *tags, const char *labels, size_t left_out) {
    struct pyroscope_labels *made = calloc(1, sizeof *made);
    char text[1000] = "";
    assert_true(pyroscope_labels_of_tags(tags, made));
    for (size_t i = 0; i < made->count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%s;", made->list[i].name, made->list[i].value);
    }
    assert_string_equal(text, labels);
    assert_int_equal(made->left_out, left_out);
    pyroscope_labels_free(made);
    free(made);
}

TEST(labels) {
    expect("", "", 0);
    expect("team:a,service:shop", "service_name=shop;team=a;", 0);
    expect("a:,:b,c,,k8s.pod:p,k8s_pod:q", "k8s_pod=p;", 0);
    expect("service.name:x,service:shop", "service_name=shop;", 0);
    expect("__name__:x,__delta__:y,1st:z", "_st=z;", 0);
    expect("profile_seq:1,_dd.a:b,process_id:3,runtime:go,url:http://a:1", "url=http://a:1;", 0);
    expect("language:go,host:h", "hostname=h;pyroscope_spy=gospy;", 0);
    expect("language:java,relay:ab.cd", "pyroscope_spy=java;relay=ab.cd;", 0);
    expect("runtime-id:1", "__session_id__=af63ac4c86019afc;", 0); // FNV-1a
}

TEST(limit) {
    expect("a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1,j:1,k:1,l:1,m:1,n:1,o:1,p:1,q:1,env:e",
           "env=e;a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1;n=1;o=1;", 2);
}

int main(void) {
    return tests_run();
}
