// A Go program with the given MiB of objects, goroutine stacks, and C memory. Prints "ready", and runs until its input ends.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
)

func number(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return n
}

var objects [][]byte

//go:noinline
func deep(kib int, ready chan<- bool, hold <-chan bool) byte {
	var frame [1024]byte
	frame[kib%1024] = 1
	if kib > 0 {
		return frame[(kib+1)%1024] + deep(kib-1, ready, hold)
	}
	ready <- true
	<-hold
	return frame[kib]
}

func main() {
	for range number(1) {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		objects = append(objects, block)
	}
	ready, hold := make(chan bool), make(chan bool)
	for range number(2) {
		go deep(900, ready, hold) // which takes a stack of 1 MiB
		<-ready
	}
	allocateInC(number(3))
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	close(hold)
}
