//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/upload"
)

// ownLabels are text labels that the profiler itself sets, in profiles in which no goroutine's labels have these names.
var ownLabels = map[ProfileType][]string{
	HeapProfile:   {"memory", "owner", "part", "age", "thread", "threads"},
	peakProfile:   {"memory", "owner", "part", "age", "thread", "threads"},
	memoryProfile: {"memory", "owner", "part", "age", "thread", "threads"},
	waitProfile:   {"state", "lockedm"},
}

// keysComment begins the comments of C profiles that name label keys.
const keysComment = "cmemprof: labels: left out, "

// attachment is how every profile gets into a batch: without what shall not be sent.
func (c *config) attachment(t ProfileType, profile []byte) (upload.Attachment, error) {
	profile, err := c.redacted(t, profile)
	return upload.Attachment{Name: c.attachmentName(t), Bytes: profile}, err
}

// redacted leaves out of a profile what shall not be sent. A profile of which that fails is not sent at all.
func (c *config) redacted(t ProfileType, profile []byte) ([]byte, error) {
	if !c.labels.on() && !c.leftOut[ReportSourcePaths] || !strings.HasSuffix(t.Filename(), ".pprof") {
		return profile, nil
	}
	options := merge.MergerOptions{CutPaths: c.leftOut[ReportSourcePaths], Limits: ofOwnProfiles}
	for _, p := range c.pathPrefixes {
		options.PathPrefixes = append(options.PathPrefixes, merge.PathPrefix{Prefix: p.prefix, Instead: p.instead})
	}
	if c.labels.on() {
		options.DropComments = keysComment
		own := ownLabels[t]
		if c.labels.allow {
			options.KeepTexts = append(append([]string{}, c.labels.keys...), own...) // never nil
		} else {
			options.DropLabels = slices.DeleteFunc(slices.Clone(c.labels.keys), func(key string) bool { return slices.Contains(own, key) })
		}
	}
	output := c.compression.ofDelta()
	if !bytes.HasPrefix(profile, []byte("\x1f\x8b")) { // as C's profiles are
		output.Compression = merge.Raw
	}
	m := merge.NewMerger(options)
	defer m.Close()
	if err := m.Add(profile); err != nil {
		return nil, fmt.Errorf("what shall not be sent cannot be left out: %w", err)
	}
	return m.Result(output)
}
