package receiver

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// The difference of any two uploads of a client as a pprof file is what google/pprof makes of the two (as go tool pprof -diff_base does).
func TestDifferenceIsThatOfPprof(t *testing.T) {
	r := start(t, t.TempDir(), plain(t))
	defer r.stop(t)
	for _, c := range captures(t) {
		if status, text, err := r.post(http.DefaultClient, c.contentType, c.body); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %s %v", c.name, status, text, err)
		}
	}
	read := func(path string) *profile.Profile {
		t.Helper()
		status, body := r.get(t, path)
		p, err := profile.ParseData(body)
		if status != http.StatusOK || err != nil {
			t.Fatalf("%s: %d %v", path, status, err)
		}
		return p
	}
	compared := 0
	before := map[string]int64{}
	for _, upload := range r.list(t, "") {
		for _, attachment := range upload.Attachments {
			if !strings.HasSuffix(attachment.Name, ".pprof") || attachment.SizeBytes == 0 || attachment.Name == "events.pprof" {
				continue
			}
			of := text(upload.Language) + " " + attachment.Name
			base, known := before[of]
			before[of] = upload.ID
			if !known {
				continue
			}
			name := "attachment=" + url.QueryEscape(attachment.Name)
			now, then := read(fmt.Sprintf("/api/profile?ids=%d&%s", upload.ID, name)), read(fmt.Sprintf("/api/profile?ids=%d&%s", base, name))
			difference := fmt.Sprintf("/api/diff?ids=%d&base.ids=%d&%s&mode=total&format=pprof", upload.ID, base, name)
			if status, body := r.get(t, difference); status == http.StatusUnprocessableEntity && strings.Contains(string(body), "different period types") {
				if _, err := profile.Merge([]*profile.Profile{now, then}); err == nil {
					t.Errorf("%s: google/pprof merges what is refused: %s", difference, body)
				}
				continue
			}
			got := read(difference)
			now.Scale(-1)
			rest, err := profile.Merge([]*profile.Profile{got, now, then})
			if err != nil {
				t.Logf("%s of %d and %d: %v", attachment.Name, upload.ID, base, err) // other sample types: google/pprof does not merge them
				continue
			}
			if len(rest.Sample) != 0 {
				t.Errorf("%s of %d and %d: %d samples differ, the first by %v", attachment.Name, upload.ID, base, len(rest.Sample), rest.Sample[0].Value)
			}
			compared++
		}
	}
	if compared < 5 {
		t.Errorf("only %d differences were compared", compared)
	}
}
