//go:build !cgo

package main

func allocateInC(mib int) {
	if mib != 0 {
		panic("there is no C")
	}
}
