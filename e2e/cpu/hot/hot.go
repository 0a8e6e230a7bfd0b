// Package hot has a call that the compiler inlines if a profile says so.
package hot

// Run uses CPU time.
func Run() (sum uint64) {
	for i := range uint64(20) {
		sum += work(i)
	}
	return sum
}

// work is too large to be inlined, unless a profile says that the call is hot.
func work(x uint64) uint64 {
	for i := range uint64(500) {
		x = x*6364136223846793005 + i
		if x%7 == 3 {
			x ^= x >> 5
		}
		if x%11 == 5 {
			x ^= x >> 9
		}
		if x%13 == 6 {
			x ^= x << 3
		}
		if x%17 == 9 {
			x += x >> 11
		}
		if x%23 == 7 {
			x ^= x<<1 + x>>3
		}
		if x%29 == 9 {
			x ^= x<<2 + x>>4
		}
		if x%31 == 10 {
			x ^= x<<3 + x>>5
		}
		if x%37 == 12 {
			x ^= x<<4 + x>>6
		}
		if x%41 == 13 {
			x ^= x<<5 + x>>7
		}
		if x%43 == 14 {
			x ^= x<<6 + x>>8
		}
		if x%47 == 15 {
			x ^= x<<7 + x>>9
		}
		if x%53 == 17 {
			x ^= x<<1 + x>>10
		}
		if x%59 == 19 {
			x ^= x<<2 + x>>11
		}
		if x%61 == 20 {
			x ^= x<<3 + x>>3
		}
		if x%19 == 9 {
			x -= x >> 13
		}
	}
	return x
}
