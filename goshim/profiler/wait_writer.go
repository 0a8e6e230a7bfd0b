//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"encoding/binary"
	"strconv"
	"time"
)

// Fields of profile.proto and of its messages.
const (
	tagProfileSampleType  = 1
	tagProfileSample      = 2
	tagProfileMapping     = 3
	tagProfileLocation    = 4
	tagProfileFunction    = 5
	tagProfileStringTable = 6
	tagProfileTimeNanos   = 9
	tagProfileComment     = 13

	tagValueTypeType = 1
	tagValueTypeUnit = 2

	tagSampleLocationID = 1
	tagSampleValue      = 2
	tagSampleLabel      = 3
	tagLabelKey         = 1
	tagLabelStr         = 2
	tagLabelNum         = 3
	tagLabelNumUnit     = 4

	tagMappingID           = 1
	tagMappingHasFunctions = 7

	tagLocationID        = 1
	tagLocationMappingID = 2
	tagLocationLine      = 4
	tagLineFunctionID    = 1
	tagLineLine          = 2

	tagFunctionID       = 1
	tagFunctionName     = 2
	tagFunctionFilename = 4
)

// message is an encoded message of protocol buffers.
type message []byte

func (m *message) number(tag int, value int64) {
	*m = binary.AppendUvarint(*m, uint64(tag)<<3)
	*m = binary.AppendUvarint(*m, uint64(value))
}

func (m *message) bytes(tag int, value []byte) {
	*m = binary.AppendUvarint(*m, uint64(tag)<<3|2)
	*m = binary.AppendUvarint(*m, uint64(len(value)))
	*m = append(*m, value...)
}

// waitWriter writes a profile of waiting times.
type waitWriter struct {
	profile   message
	strings   map[string]int64
	table     []string
	locations map[goroutineFrame]int64
}

const waitMapping = 1

func newWaitWriter(now time.Time) *waitWriter {
	w := &waitWriter{strings: map[string]int64{}, locations: map[goroutineFrame]int64{}}
	w.text("")
	var valueType, mapping message
	valueType.number(tagValueTypeType, w.text("waitduration"))
	valueType.number(tagValueTypeUnit, w.text("nanoseconds"))
	w.profile.bytes(tagProfileSampleType, valueType)
	mapping.number(tagMappingID, waitMapping)
	mapping.number(tagMappingHasFunctions, 1)
	w.profile.bytes(tagProfileMapping, mapping)
	w.profile.number(tagProfileTimeNanos, now.UnixNano())
	return w
}

// text returns the index of a string.
func (w *waitWriter) text(s string) int64 {
	index, known := w.strings[s]
	if !known {
		index = int64(len(w.table))
		w.strings[s] = index
		w.table = append(w.table, s)
	}
	return index
}

func (w *waitWriter) add(g *goroutine) {
	var sample message
	for _, f := range g.frames {
		sample.number(tagSampleLocationID, w.location(f))
	}
	sample.number(tagSampleValue, int64(g.wait))
	w.label(&sample, "state", func(label *message) { label.number(tagLabelStr, w.text(g.state)) })
	w.label(&sample, "lockedm", func(label *message) { label.number(tagLabelStr, w.text(strconv.FormatBool(g.onThread))) })
	w.label(&sample, "goid", func(label *message) {
		label.number(tagLabelNum, g.id)
		label.number(tagLabelNumUnit, w.text("id"))
	})
	w.profile.bytes(tagProfileSample, sample)
}

func (w *waitWriter) label(sample *message, key string, value func(*message)) {
	var label message
	label.number(tagLabelKey, w.text(key))
	value(&label)
	sample.bytes(tagSampleLabel, label)
}

// location returns the number of a frame, which is that of its function, too.
func (w *waitWriter) location(f goroutineFrame) int64 {
	if id := w.locations[f]; id != 0 {
		return id
	}
	id := int64(len(w.locations) + 1)
	w.locations[f] = id
	var function, location, line message
	function.number(tagFunctionID, id)
	function.number(tagFunctionName, w.text(f.function))
	function.number(tagFunctionFilename, w.text(f.file))
	w.profile.bytes(tagProfileFunction, function)
	line.number(tagLineFunctionID, id)
	line.number(tagLineLine, f.line)
	location.number(tagLocationID, id)
	location.number(tagLocationMappingID, waitMapping)
	location.bytes(tagLocationLine, line)
	w.profile.bytes(tagProfileLocation, location)
	return id
}

func (w *waitWriter) comment(text string) { w.profile.number(tagProfileComment, w.text(text)) }

func (w *waitWriter) finish() []byte {
	for _, s := range w.table {
		w.profile.bytes(tagProfileStringTable, []byte(s))
	}
	return w.profile
}
