package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// arrivals counts the arrivals of each batch by number. The profiler numbers batches from 0 (profile_seq). A batch may arrive twice if the
// receiver was killed between storing it and answering.
type arrivals map[uint64]int

func (a arrivals) add(tags []string) error {
	for _, tag := range tags {
		if text, ok := strings.CutPrefix(tag, "profile_seq:"); ok {
			number, err := strconv.ParseUint(text, 10, 64)
			a[number]++
			return err
		}
	}
	return fmt.Errorf("an upload has no profile_seq: %v", tags)
}

// beyond counts arrivals with a number that is not below the number of batches.
func (a arrivals) beyond(made uint64) (n int) {
	for number := range a {
		if number >= made {
			n++
		}
	}
	return n
}

func (a arrivals) twice() (n int) {
	for _, times := range a {
		n += times - 1
	}
	return n
}

func (r *receiver) arrived() (arrivals, error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", r.socket)
	}}}
	found := arrivals{}
	for after, more := "", true; more; more = after != "" {
		var page struct {
			Next    *string
			Uploads []struct{ Tags []string }
		}
		response, err := client.Get("http://localhost/api/uploads?sort=received&order=asc&limit=1000" + after)
		if err != nil {
			return nil, err
		}
		err = json.NewDecoder(response.Body).Decode(&page)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the receiver's list: %s %w", response.Status, err)
		}
		for _, upload := range page.Uploads {
			if err := found.add(upload.Tags); err != nil {
				return nil, err
			}
		}
		after = ""
		if page.Next != nil {
			after = "&after=" + url.QueryEscape(*page.Next)
		}
	}
	return found, nil
}
