// Command spdx prints what release archives contain and need, as SPDX 2.3 in JSON: each archive with its files and their hashes, the works of
// others that are in it or linked, by THIRD_PARTY_LICENSES.
//
//	spdx VERSION THIRD_PARTY_LICENSES SOURCE.tar.gz PROGRAMS.tar.gz...
//
// Times are that of SOURCE_DATE_EPOCH, so that the output is the same bytes each time.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: spdx VERSION THIRD_PARTY_LICENSES SOURCE.tar.gz PROGRAMS.tar.gz...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "spdx:", err)
		os.Exit(1)
	}
}

func run(version, licences string, paths []string) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	list, err := os.ReadFile(licences)
	if err != nil {
		return err
	}
	works, err := parseWorks(string(list))
	if err != nil {
		return err
	}
	archives := make([]archive, len(paths))
	for i, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		archives[i], err = readArchive(filepath.Base(path), file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	return encoder.Encode(describe(version, time.Unix(seconds, 0).UTC(), archives[0], archives[1:], works))
}
