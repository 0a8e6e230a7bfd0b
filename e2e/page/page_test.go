// Package page tests the receiver's page in a real Chromium with mouse and keyboard, against a real receiver.
//
// CMEMPROF_COMMAND is the program under test (default ../../build/cmemprof), CHROMIUM the browser (default /usr/bin/chromium).
// Screenshots of the main views are written to build/screenshots.
package page

import (
	"encoding/json"
	"testing"
	"time"
)

const hostile = `<img src=x onerror="document.title='pwned'">`

func TestScreenshots(t *testing.T) {
	t.Parallel()
	receiver := startReceiver(t)
	for _, client := range []string{"go-v1", "node-default", "python-auto", "go-v2-all"} {
		receiver.uploadCapture(t, client)
	}
	receiver.uploadProfile(t, "shop", heapProfile())
	for name, address := range map[string]string{
		"c-and-go": "profile?ids=5", "find": "profile?ids=5&find=sqlite3_&focus=main&focus=cgocall", "go": "profile?ids=4", "python": "profile?ids=3",
		"table": "profile?ids=4&view=table", "both": "profile?ids=4&view=both", "sandwich": "profile?ids=4&view=sandwich",
		"flame": "profile?ids=4&shape=flame&colour=package", "bottom-up": "profile?ids=5&tree=inverted&tree=chains",
	} {
		chromium.shoot(t, receiver, name, address, `document.querySelector("#frame").textContent.startsWith("all ·") && document.querySelector(".rail-type")`)
	}
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

const patience = 90 * time.Second
