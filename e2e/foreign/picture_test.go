package foreign

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/cmemprof/cmemprof/e2e/built"
)

// hsl is a colour as CSS defines it: degrees, and parts of 1.
func hsl(h, s, l float64) color.RGBA {
	c := (1 - math.Abs(2*l-1)) * s
	x := c * (1 - math.Abs(math.Mod(h/60, 2)-1))
	var r, g, b float64
	switch { // the colours of flame graphs are warm
	case h < 60:
		r, g = c, x
	default:
		r, g = x, c
	}
	m := l - c/2
	byteOf := func(v float64) uint8 { return uint8(math.Round((v + m) * 255)) }
	return color.RGBA{byteOf(r), byteOf(g), byteOf(b), 255}
}

func near(a color.Color, b color.RGBA) bool {
	r, g, bl, _ := a.RGBA()
	for _, d := range []int{int(r>>8) - int(b.R), int(g>>8) - int(b.G), int(bl>>8) - int(b.B)} {
		if d < -2 || d > 2 {
			return false
		}
	}
	return true
}

// Values below 0 have no box: the picture says so once, and no box is wider than its caller. Names may have any characters.
func TestPicturesOfWhatCannotBeDrawn(t *testing.T) {
	folder := t.TempDir()
	stacks := write(t, "a.folded", []byte("main;f 9000\nmain;g -8000\nmain;\uffff\ufdd0\U0001fffe 500\n"))
	for _, format := range []string{"svg", "png"} {
		file := filepath.Join(folder, "a."+format)
		command := exec.Command(built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "--to", format, "-o", file, stacks)
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", format, err, said)
		}
		if notes := bytes.Count(said, []byte("1 samples have values below 0")); notes != 1 {
			t.Errorf("%s: %d notes in %s", format, notes, said)
		}
		if format == "svg" {
			for _, width := range regexp.MustCompile(`<rect x="[\d.]+" y="\d+" width="([\d.]+)"`).FindAllSubmatch(read(t, file), -1) {
				if pixels, err := strconv.ParseFloat(string(width[1]), 64); err != nil || pixels > 1180 {
					t.Errorf("a box is %s wide", width[1])
				}
			}
		}
	}
}

// A PNG has the SVG's size, and its boxes' colours.
func TestPictures(t *testing.T) {
	folder := t.TempDir()
	stacks := write(t, "a.folded", []byte("main;f;h 30\nmain;g 20\nmain 10\nother 40\n"))
	make := func(format string) []byte {
		file := filepath.Join(folder, "a."+format)
		run(t, nil, built.Program(t, "CMEMPROF_COMMAND", "cmemprof"), "convert", "--to", format, "-o", file, stacks)
		return read(t, file)
	}
	svg := string(make("svg"))
	picture, err := png.Decode(bytes.NewReader(make("png")))
	if err != nil {
		t.Fatal(err)
	}
	size := regexp.MustCompile(`<svg [^>]*width="(\d+)" height="(\d+)"`).FindStringSubmatch(svg)
	if size == nil || strconv.Itoa(picture.Bounds().Dx()) != size[1] || strconv.Itoa(picture.Bounds().Dy()) != size[2] {
		t.Errorf("%v, and the SVG has %v", picture.Bounds(), size)
	}
	boxes := regexp.MustCompile(`<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)" height="(\d+)" fill="hsl\((\d+),(\d+)%,(\d+)%\)"`).FindAllStringSubmatch(svg, -1)
	if len(boxes) != 6 {
		t.Fatalf("%d boxes", len(boxes))
	}
	for _, box := range boxes {
		n := [7]float64{}
		for i := range n {
			if n[i], err = strconv.ParseFloat(box[i+1], 64); err != nil {
				t.Fatal(err)
			}
		}
		right, top, bottom := int(n[0]+n[2])-3, int(n[1]), int(n[1]+n[3])-1 // no text is there
		for _, y := range []int{top, bottom} {
			if got, want := picture.At(right, y), hsl(n[4], n[5]/100, n[6]/100); !near(got, want) {
				t.Errorf("%v at %d, %d, and the SVG has %v", got, right, y, want)
			}
		}
		if got := picture.At(right, bottom+1); !near(got, color.RGBA{255, 255, 255, 255}) { // between two rows
			t.Errorf("%v below %s", got, box[0])
		}
	}
	// The title has letters.
	dark := 0
	for x := range 600 {
		for y := range 40 {
			if r, _, _, _ := picture.At(x, y).RGBA(); r < 0x4000 {
				dark++
			}
		}
	}
	if dark < 50 {
		t.Errorf("%d dark pixels where the title is", dark)
	}
}
