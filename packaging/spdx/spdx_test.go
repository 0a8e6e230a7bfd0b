package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

const list = `Works of others.

Linked into services:

  example.org/a/b v1.2.3   BSD-3-Clause AND MIT

Loaded by the command:

  libc.so.6                LGPL-2.1-or-later    also by another

--------
example.org/a/b
`

func TestParseWorks(t *testing.T) {
	works, err := parseWorks(list)
	if err != nil {
		t.Fatal(err)
	}
	want := []work{{"example.org/a/b", "v1.2.3", "BSD-3-Clause AND MIT", linked}, {"libc.so.6", "", "LGPL-2.1-or-later", loaded}}
	if fmt.Sprint(works) != fmt.Sprint(want) {
		t.Errorf("%v", works)
	}
	for _, bad := range []string{"", "Linked:\n\n  a 1  MIT\n", "Lost:\n\n  a 1  MIT\n---\n", "Linked:\n---\n"} {
		if works, err := parseWorks(bad); err == nil {
			t.Errorf("%q: %v", bad, works)
		}
	}
}

func packed(t *testing.T, files map[string]string, order ...string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	for _, name := range order {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, files[name])
	}
	if err := w.WriteHeader(&tar.Header{Name: "link", Linkname: "b", Typeflag: tar.TypeSymlink}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	zip.Close()
	return &b
}

// TestArchive: the verification code is that of SPDX 2.3, section 7.9.
func TestArchive(t *testing.T) {
	files := map[string]string{"b": "two", "a": "one"}
	a, err := readArchive("x.tar.gz", packed(t, files, "b", "a"))
	if err != nil || len(a.files) != 2 {
		t.Fatalf("%v %+v", err, a)
	}
	one, two := fmt.Sprintf("%x", sha1.Sum([]byte("one"))), fmt.Sprintf("%x", sha1.Sum([]byte("two")))
	if two < one {
		one, two = two, one
	}
	if want := fmt.Sprintf("%x", sha1.Sum([]byte(one+two))); a.verificationCode() != want {
		t.Errorf("%s, want %s", a.verificationCode(), want)
	}
	if _, err := readArchive("x.tar.gz", packed(t, nil)); err == nil {
		t.Error("an archive without files is taken")
	}
	if _, err := readArchive("x.tar.gz", strings.NewReader("text")); err == nil {
		t.Error("text is taken")
	}
}

// TestDocument: every element has one ID of the form that SPDX asks for, and relationships are between elements that are there.
func TestDocument(t *testing.T) {
	works, _ := parseWorks(list)
	source, _ := readArchive("s.tar.gz", packed(t, map[string]string{"a b": "1"}, "a b"))
	programs, _ := readArchive("p-amd64.tar.gz", packed(t, map[string]string{"bin/p": "2", "bin-p": "3"}, "bin/p", "bin-p"))
	others, _ := readArchive("p-arm64.tar.gz", packed(t, map[string]string{"bin/p": "4"}, "bin/p"))
	text, err := json.Marshal(describe("1.2.3", time.Unix(0, 0).UTC(), source, []archive{programs, others}, works))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Packages, Files []struct{ SPDXID string }
		CreationInfo    struct{ Created string }
		Relationships   []struct{ SpdxElementID, RelationshipType, RelatedSpdxElement string }
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.CreationInfo.Created != "1970-01-01T00:00:00Z" || len(d.Packages) != 5 || len(d.Files) != 4 {
		t.Errorf("%s", text)
	}
	form := regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`)
	ids := map[string]bool{root: true}
	for _, element := range append(d.Packages, d.Files...) {
		if ids[element.SPDXID] || !form.MatchString(element.SPDXID) {
			t.Errorf("%q is there twice, or no ID", element.SPDXID)
		}
		ids[element.SPDXID] = true
	}
	kinds := map[string]int{}
	for _, r := range d.Relationships {
		kinds[r.RelationshipType]++
		if !ids[r.SpdxElementID] || !ids[r.RelatedSpdxElement] {
			t.Errorf("%+v", r)
		}
	}
	if fmt.Sprint(kinds) != "map[CONTAINS:4 DEPENDS_ON:1 DESCRIBES:3 DYNAMIC_LINK:2 GENERATED_FROM:2]" {
		t.Errorf("%v", kinds)
	}
}
