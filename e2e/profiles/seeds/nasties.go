package main

import (
	"encoding/binary"
	"math"
	"strings"
)

// message builds protobuf by hand, so that it can be wrong or odd in ways that no encoder produces.
type message []byte

func (m message) number(field int, value uint64) message {
	m = binary.AppendUvarint(m, uint64(field)<<3)
	return binary.AppendUvarint(m, value)
}

func (m message) bytes(field int, data []byte) message {
	m = binary.AppendUvarint(m, uint64(field)<<3|2)
	m = binary.AppendUvarint(m, uint64(len(data)))
	return append(m, data...)
}

func (m message) texts(texts ...string) message {
	m = m.bytes(6, nil)
	for _, text := range texts {
		m = m.bytes(6, []byte(text))
	}
	return m
}

func packed(values ...uint64) (run []byte) {
	for _, value := range values {
		run = binary.AppendUvarint(run, value)
	}
	return run
}

func times(n int, value uint64) []uint64 {
	values := make([]uint64, n)
	for i := range values {
		values[i] = value
	}
	return values
}

// start: one type, one mapping, two functions, two locations, the second with both functions inlined at address 0.
func start() message {
	var m message
	m = m.bytes(1, message{}.number(1, 1).number(2, 2))
	m = m.bytes(3, message{}.number(1, 1).number(2, 0x400000).number(3, 0x500000).number(5, 3))
	m = m.bytes(5, message{}.number(1, 1).number(2, 4).number(4, 5))
	m = m.bytes(5, message{}.number(1, 1<<63).number(2, 6).number(5, 9))
	m = m.bytes(4, message{}.number(1, 1).number(2, 1).number(3, 0x400010))
	line := message{}.number(1, 1).number(2, 10).number(3, 2)
	m = m.bytes(4, message{}.number(1, 2).bytes(4, line).bytes(4, message{}.number(1, 1<<63).number(2, 20)))
	return m.texts("alloc_space", "bytes", "/bin/a", "main", "a.c", "inner", "memory", "C")
}

func nasties() [][]byte {
	sample := message{}.bytes(1, packed(1, 2)).bytes(2, packed(5))
	negative := message{}.bytes(1, packed(2, 1)).bytes(2, packed(math.MaxUint64))
	most := message{}.bytes(1, packed(1)).bytes(2, packed(math.MaxInt64))
	label := message{}.number(1, 7).number(2, 8)
	number := message{}.number(1, 7).number(3, math.MaxUint64).number(4, 2)
	text := []byte(strings.Repeat("long ", 500))
	line := message{}.number(1, 1).number(2, 3)
	var lines message
	for range 300 {
		lines = lines.bytes(4, line)
	}
	return [][]byte{
		start(),
		start().bytes(2, sample).bytes(2, sample).bytes(2, negative).number(9, 1e18).number(10, 1e9).number(12, 512),
		start().bytes(2, most).bytes(2, most).bytes(2, negative),                                                 // saturation
		start().bytes(2, message{}.number(1, 1).number(1, 2).bytes(1, packed(1, 1)).number(2, 7)),                // packed and not
		start().bytes(2, sample.bytes(3, label).bytes(3, number).bytes(3, label)),                                // repeated labels
		start().bytes(2, sample.bytes(3, number).bytes(3, label).bytes(3, label)),                                // in another order
		start().bytes(2, message{}.bytes(1, packed(times(400, 2)...)).bytes(2, packed(1))),                       // deep
		start().bytes(4, lines.number(1, 3)).bytes(2, message{}.bytes(1, packed(times(9, 3)...)).number(2, 1)),   // deep inlining
		start().bytes(4, message{}.number(1, 1)),                                                                 // an id twice
		start().bytes(4, message{}.number(3, 1)),                                                                 // no id
		start().bytes(2, message{}.bytes(1, packed(99)).number(2, 1)),                                            // no such location
		start().bytes(2, message{}.bytes(1, packed(1)).bytes(2, packed(1, 2))),                                   // too many values
		start().number(1<<29-1, 5).bytes(1<<28, []byte("unknown")).bytes(2, sample),                              // huge field numbers
		append(append(start(), 0x85, 1, 1, 2, 3, 4), 0x81, 1, 1, 2, 3, 4, 5, 6, 7, 8),                            // fixed32, fixed64
		append(start(), 0x83, 1, 0x84, 1),                                                                        // groups
		append(start(), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1),                           // a varint of 11 bytes
		start().bytes(6, text).bytes(13, packed(3, 3, 4)).number(13, 9).number(14, 1).number(7, 3).number(15, 4), // comments, header
		start().bytes(11, message{}.number(1, 1).number(2, 2)).bytes(11, nil),                                    // period type twice
		start().number(9, 1).number(9, 2),                                                                        // two profiles in a row
		aslr(0x10000000), aslr(0x20000000), aslr(0),
		types(3), types(17), types(65),
	}
}

// aslr: two parts of one file at a given address, and a mapping without a name.
func aslr(base uint64) []byte {
	var m message
	m = m.bytes(1, message{}.number(1, 1).number(2, 2))
	m = m.bytes(3, message{}.number(1, 7).number(2, base).number(3, base+0x3000).number(5, 3).number(6, 4).number(7, 1))
	m = m.bytes(3, message{}.number(1, 8).number(2, base+0x3000).number(3, base+0x5000).number(4, 0x3000).number(5, 3).number(6, 4))
	m = m.bytes(3, message{}.number(1, 9).number(2, 0x7000).number(3, 0x8000))
	for i := range uint64(3) {
		m = m.bytes(4, message{}.number(1, 7+i).number(2, 7+i).number(3, base+0x10+0x3000*i).number(5, i&1))
		m = m.bytes(4, message{}.number(1, 17+i).number(2, 7+i))
		m = m.bytes(2, message{}.bytes(1, packed(7+i, 17+i)).bytes(2, packed(1+i)))
	}
	return m.texts("alloc_space", "bytes", "/lib/x.so", "feedbeef")
}

func types(n int) []byte {
	var m message
	for range n {
		m = m.bytes(1, message{}.number(1, 1).number(2, 2))
	}
	m = m.bytes(1, message{}.number(1, 2).number(2, 1))
	values := append(times(n, 3), 4)
	return m.bytes(2, message{}.bytes(2, packed(values...))).texts("alloc_space", "bytes")
}
