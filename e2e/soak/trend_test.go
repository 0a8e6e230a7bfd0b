package main

import (
	"math/rand"
	"testing"
)

// heap makes a series like RSS: growth, steps that last a while, and occasional peaks.
func heap(seed int64, n int, growth float64) (xs, ys []float64) {
	random := rand.New(rand.NewSource(seed))
	level := 0.0
	for i := range n {
		level = 0.9*level + random.NormFloat64()*3
		y := 300 + growth*float64(i)*5 + level
		if random.Intn(20) == 0 {
			y += 100
		}
		xs, ys = append(xs, float64(i)*5), append(ys, y)
	}
	return xs, ys
}

func TestSlope(t *testing.T) {
	for _, growth := range []float64{0, 0.02, 0.3, -0.1} {
		outside := 0
		for seed := range int64(20) {
			trend, ok := slope(heap(seed, 700, growth))
			if !ok || trend.low > trend.middle || trend.middle > trend.high {
				t.Fatalf("growth %g: %v %v", growth, trend, ok)
			}
			if trend.low > growth || trend.high < growth {
				outside++
			}
			if width := trend.high - trend.low; width > 0.02 {
				t.Errorf("growth %g: the interval is %g wide", growth, width)
			}
		}
		if outside > 6 { // 1 is expected of 20 where neighbours are independent
			t.Errorf("growth %g is outside of %d intervals of 20", growth, outside)
		}
	}
}

func TestTooFewPoints(t *testing.T) {
	if _, ok := slope(heap(1, fewPoints-1, 1)); ok {
		t.Error("says something")
	}
	if _, ok := slope(heap(1, fewPoints, 1)); !ok {
		t.Error("says nothing")
	}
}

// A constant series has no growth, with certainty.
func TestConstant(t *testing.T) {
	xs, ys := heap(1, 200, 0)
	for i := range ys {
		ys[i] = 17
	}
	if trend, ok := slope(xs, ys); !ok || trend != (interval{}) {
		t.Error(trend, ok)
	}
}
