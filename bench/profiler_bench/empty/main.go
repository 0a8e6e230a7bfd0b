// Command empty ends at once: what importing the profiler costs a program that does not start it. Built without it, and with -tags ours.
package main

import "C"
import _ "net/http"

func main() {}
