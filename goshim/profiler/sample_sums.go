package profiler

import "encoding/binary"

// Fields of profile.proto.
const (
	fieldSample      = 2 // of Profile: repeated Sample
	fieldSampleValue = 2 // of Sample: repeated int64, packed or not

	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// sumSamples sums the values of all samples of an uncompressed profile, one sum per sample type. Decoding stacks and names as well would take
// far more memory. ok is false if profile is malformed.
func sumSamples(profile []byte) (sums []int64, ok bool) {
	for len(profile) > 0 {
		field, wire, _, bytes, rest := nextField(profile)
		if rest == nil {
			return nil, false
		}
		profile = rest
		if field == fieldSample && wire == wireBytes && !addSample(&sums, bytes) {
			return nil, false
		}
	}
	return sums, true
}

func addSample(sums *[]int64, sample []byte) (ok bool) {
	index := 0
	add := func(value uint64) {
		if index == len(*sums) {
			*sums = append(*sums, 0)
		}
		(*sums)[index] += int64(value)
		index++
	}
	for len(sample) > 0 {
		field, wire, varint, bytes, rest := nextField(sample)
		if rest == nil {
			return false
		}
		sample = rest
		if field != fieldSampleValue {
			continue
		}
		if wire == wireVarint {
			add(varint)
		}
		for wire == wireBytes && len(bytes) > 0 {
			value, size := binary.Uvarint(bytes)
			if size <= 0 {
				return false
			}
			add(value)
			bytes = bytes[size:]
		}
	}
	return true
}

// nextField splits off the first field. rest is nil, as opposed to empty, if message is malformed.
func nextField(message []byte) (field, wire int, varint uint64, bytes, rest []byte) {
	tag, size := binary.Uvarint(message)
	if size <= 0 {
		return 0, 0, 0, nil, nil
	}
	message = message[size:]
	field, wire = int(tag>>3), int(tag&7)
	length := uint64(0)
	switch wire {
	case wireVarint, wireBytes:
		if varint, size = binary.Uvarint(message); size <= 0 {
			return 0, 0, 0, nil, nil
		}
		message = message[size:]
		if wire == wireBytes {
			length = varint
		}
	case wireFixed64:
		length = 8
	case wireFixed32:
		length = 4
	default:
		return 0, 0, 0, nil, nil
	}
	if length > uint64(len(message)) {
		return 0, 0, 0, nil, nil
	}
	return field, wire, varint, message[:length], message[length:]
}
