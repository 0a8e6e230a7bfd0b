package main

import (
	"math/rand"
	"sort"
)

// interval is an estimate with its 90 % confidence interval, as checked by trend_test.go.
type interval struct{ low, middle, high float64 }

func (i interval) times(factor float64) interval {
	return interval{i.low * factor, i.middle * factor, i.high * factor}
}

const (
	maxPoints = 60 // slopes of all pairs of points are 1,770 then
	fewPoints = 16 // with less nothing is said
	resamples = 200
)

// slope is the trend of ys over xs: the median of the slopes of all pairs of points (Theil and Sen), which a fifth of outliers does not move
// far. Neighbouring records are correlated, since a heap that has grown stays large for a while, so the interval comes from a circular block
// bootstrap: series of the line plus blocks of residuals, drawn repeatedly.
func slope(xs, ys []float64) (trend interval, ok bool) {
	xs, ys = thinned(xs), thinned(ys)
	n := len(xs)
	if n < fewPoints {
		return interval{}, false
	}
	middle := theilSen(xs, ys)
	deviations := make([]float64, n)
	for i := range ys {
		deviations[i] = ys[i] - middle*xs[i]
	}
	length := max(4, n/8)
	random, slopes, drawn := rand.New(rand.NewSource(1)), make([]float64, resamples), make([]float64, n)
	for k := range slopes {
		for i := 0; i < n; {
			from := random.Intn(n)
			for j := 0; j < length && i < n; i, j = i+1, j+1 {
				drawn[i] = middle*xs[i] + deviations[(from+j)%n]
			}
		}
		slopes[k] = theilSen(xs, drawn)
	}
	sort.Float64s(slopes)
	return interval{min(middle, slopes[resamples*5/1000]), middle, max(middle, slopes[resamples*995/1000-1])}, true
}

func theilSen(xs, ys []float64) float64 {
	slopes := make([]float64, 0, len(xs)*(len(xs)-1)/2)
	for i := range xs {
		for j := range i {
			slopes = append(slopes, (ys[i]-ys[j])/(xs[i]-xs[j]))
		}
	}
	return median(slopes)
}

// median sorts its argument.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sort.Float64s(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// thinned returns at most maxPoints values, each the median of a block of neighbours.
func thinned(values []float64) []float64 {
	each := (len(values) + maxPoints - 1) / maxPoints
	if each <= 1 {
		return values
	}
	var few []float64
	for ; len(values) >= each; values = values[each:] {
		few = append(few, median(append([]float64(nil), values[:each]...)))
	}
	return few
}
