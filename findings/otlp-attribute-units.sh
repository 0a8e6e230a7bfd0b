#!/usr/bin/env bash
# OpenTelemetry collector's pdata/pprofile v0.165.0: FromAttributeIndices makes a map of a sample's attributes, which has no place for their units. In
# profiles an attribute is a key, a value and a unit, so that a key may be there in two units (pprof's labels with number and unit are so):
#
#     size = 4096 bytes, size = 3 pages     becomes     size = 3
#
# The last one is kept, without a word, and whoever reads the map cannot know whether 3 are bytes or pages. The profile itself has both.
# Fails when the behaviour has changed. Needs Go and the module proxy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'MOD'
module units

go 1.25

require (
	go.opentelemetry.io/collector/pdata v1.71.0
	go.opentelemetry.io/collector/pdata/pprofile v0.165.0
)
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pprofile"
)

func main() {
	dictionary := pprofile.NewProfiles().Dictionary()
	for _, text := range []string{"", "size", "bytes", "pages"} {
		dictionary.StringTable().Append(text)
	}
	dictionary.AttributeTable().AppendEmpty()
	sample := pprofile.NewSample()
	for i, value := range []int64{4096, 3} {
		attribute := dictionary.AttributeTable().AppendEmpty()
		attribute.SetKeyStrindex(1)
		attribute.SetUnitStrindex(int32(2 + i))
		attribute.Value().SetInt(value)
		sample.AttributeIndices().Append(int32(1 + i))
	}
	attributes, err := pprofile.FromAttributeIndices(dictionary.AttributeTable(), sample, dictionary)
	fmt.Println(sample.AttributeIndices().Len(), attributes.AsRaw(), err)
}
GO
seen=$(GOFLAGS=-mod=mod go run .)
echo "attributes, map, error: $seen"
[ "$seen" = "2 map[size:3] <nil>" ]
