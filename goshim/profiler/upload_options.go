package profiler

import "fmt"

// WithSpool keeps batches in a directory until the server has taken them. Those that cannot be sent are sent when it is back, also by the next
// process or by others that share the directory. It is made if only its last part is missing; one that other users can write into is refused.
// maxBytes bounds what it takes of the disk, all processes together; over it the oldest batch is deleted; 0: 256 MiB. Without this option or
// DD_PROFILING_SPOOL_DIR the last five wait in memory.
func WithSpool(directory string, maxBytes int64) Option {
	return func(c *config) {
		if directory == "" || maxBytes < 0 {
			c.refuse("invalid spool: WithSpool got directory %q and %d bytes", directory, maxBytes)
		}
		c.setSpool(directory, "WithSpool")
		c.spoolBytes = maxBytes
	}
}

func (c *config) setSpool(directory, from string) { c.spoolDirectory, c.spoolFrom = directory, from }

func setSpoolBytes(c *config, value string) error {
	var bytes int
	if err := setCount(&bytes, value); err != nil {
		return err
	}
	if bytes == 0 {
		return fmt.Errorf("must be > 0: %s", value)
	}
	c.spoolBytes = int64(bytes)
	return nil
}
