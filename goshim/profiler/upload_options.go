package profiler

import "fmt"

// WithSpool keeps batches in a directory until the server has accepted them. Unsent batches are sent when the server is back, by this process,
// the next one, or others that share the directory. The directory is created if its parent exists. One that other users can write to is
// refused. maxBytes limits the disk usage of all processes together; over it the oldest batch is deleted; 0 means 256 MiB. Default:
// DD_PROFILING_SPOOL_DIR, else the last five batches wait in memory only.
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
