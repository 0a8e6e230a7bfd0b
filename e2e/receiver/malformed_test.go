package receiver

import (
	"bytes"
	"fmt"
	"math/rand"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// mutate changes a body in one of many ways: bytes, pieces removed, doubled or moved from another body, numbers and delimiters.
func mutate(random *rand.Rand, body, other []byte) []byte {
	out := bytes.Clone(body)
	cut := func(b []byte) (int, int) {
		from := random.Intn(len(b))
		return from, from + random.Intn(min(len(b)-from, 1+random.Intn(2000))+1)
	}
	tokens := []string{"--", "\r\n", "\r\n\r\n", "\"", "\x00", "{", "}", "[[[[", "name=", "filename=\"../../x\"", "filename=\"\"", "event", "Content-Disposition: form-data", "\\u0000", "-1", "9999999999999999999", "\xff\xfe"}
	for changes := 1 + random.Intn(4); changes > 0 && len(out) > 0; changes-- {
		from, to := cut(out)
		if random.Intn(2) == 0 { // near the start or the end, where the structure is
			from = random.Intn(min(len(out), 600))
			to = min(from+random.Intn(50), len(out))
			if random.Intn(2) == 0 {
				from, to = len(out)-to, len(out)-from
			}
		}
		switch random.Intn(7) {
		case 0:
			for i := from; i < to && i < from+1+random.Intn(8); i++ {
				out[i] ^= byte(1 << random.Intn(8))
			}
		case 1:
			out = append(out[:from:from], out[to:]...)
		case 2:
			out = append(out[:to:to], out[from:]...)
		case 3:
			out = out[:from]
		case 4:
			token := tokens[random.Intn(len(tokens))]
			out = append(out[:from:from], append([]byte(token), out[from:]...)...)
		case 5:
			a, b := cut(other)
			out = append(out[:from:from], append(bytes.Clone(other[a:b]), out[to:]...)...)
		case 6:
			for i := from; i < to; i++ {
				out[i] = byte(random.Intn(256))
			}
		}
	}
	return out
}

// 10,000 mutated bodies of real clients, to a receiver with sanitizers: each is accepted or refused with a reason, and the receiver survives.
func TestMalformedBodies(t *testing.T) {
	r := start(t, t.TempDir(), sanitized(t))
	all := captures(t)
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	var clients sync.WaitGroup
	var lock sync.Mutex
	statuses := map[int]int{}
	for worker := 0; worker < 4; worker++ {
		clients.Add(1)
		go func() {
			defer clients.Done()
			random := rand.New(rand.NewSource(int64(worker)))
			for i := 0; i < 2500; i++ {
				c := all[random.Intn(len(all))]
				contentType := c.contentType
				if random.Intn(20) == 0 {
					contentType = string(mutate(random, []byte(contentType), []byte(contentType)))
					contentType = strings.Map(func(c rune) rune {
						if c < ' ' || c > '~' {
							return 'x'
						}
						return c
					}, contentType)
				}
				status, text, err := r.post(client, contentType, mutate(random, c.body, all[random.Intn(len(all))].body))
				if err != nil || (status != 200 && (status < 400 || status > 499 || strings.TrimSpace(text) == "")) {
					t.Errorf("worker %d, body %d: %d %q %v", worker, i, status, text, err)
					return
				}
				lock.Lock()
				statuses[status]++
				lock.Unlock()
			}
		}()
	}
	clients.Wait()
	// Accepted uploads can be viewed, whatever they contain.
	for i, row := range r.list(t, "") {
		if i >= 200 {
			break
		}
		for _, a := range row.Attachments {
			if strings.HasSuffix(a.Name, ".pprof") && !strings.ContainsAny(a.Name, "%?#") {
				_, _ = r.get(t, fmt.Sprintf("/api/uploads/%d/attachments/%s/types", row.ID, strings.ReplaceAll(a.Name, " ", "%20")))
			}
		}
	}
	end := time.Now()
	r.stop(t)
	t.Logf("%v; stopped in %v", statuses, time.Since(end).Round(time.Millisecond))
	if statuses[200] == 0 || statuses[400] == 0 {
		t.Errorf("only one kind of answer: %v", statuses)
	}
}
