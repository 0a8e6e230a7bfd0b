package profiler

import (
	"fmt"
	"time"
)

// TooEarlyError says that batches are asked for too often: each costs what a period's costs.
type TooEarlyError struct{ Wait time.Duration } // until the next one may be asked for

func (e TooEarlyError) Error() string {
	return fmt.Sprintf("cmemprof: a batch was taken on request a moment ago; the next one may be asked for in %.1f s", e.Wait.Seconds())
}
