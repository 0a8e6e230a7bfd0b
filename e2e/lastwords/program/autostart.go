//go:build autostart

package main

import _ "github.com/cmemprof/cmemprof/goshim/autostart"
