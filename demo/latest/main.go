// Latest saves a receiver's newest heap profile to a file, and prints the address of its flame graph on the receiver's page,
// then the address of the Analysis of all profiles of the service, then the findings of Analysis about C memory.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: latest RECEIVER_URL SERVICE FILE")
		os.Exit(2)
	}
	if err := report(strings.TrimSuffix(os.Args[1], "/"), os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "latest:", err)
		os.Exit(1)
	}
}

func report(receiver, service, file string) error {
	flameGraph, err := save(receiver, service, file)
	if err != nil {
		return err
	}
	finding, err := findLeak(receiver, service)
	if err != nil {
		return err
	}
	analysis := receiver + "/profile?" + url.Values{"service": {service}, "tab": {"analysis"}}.Encode()
	fmt.Println(flameGraph)
	fmt.Println(analysis)
	fmt.Println(finding)
	return nil
}

func save(receiver, service, file string) (link string, err error) {
	var list struct { // newest first
		Uploads []struct {
			ID          int64
			Attachments []struct{ Name string }
		}
	}
	if err := getJSON(receiver+"/api/uploads?"+url.Values{"limit": {"10"}, "service": {service}}.Encode(), &list); err != nil {
		return "", err
	}
	for _, upload := range list.Uploads {
		for _, attachment := range upload.Attachments {
			if strings.HasSuffix(attachment.Name, "heap.pprof") {
				id := strconv.FormatInt(upload.ID, 10)
				profile, err := get(receiver + "/api/uploads/" + id + "/attachments/" + url.PathEscape(attachment.Name))
				if err != nil {
					return "", err
				}
				shown := url.Values{"ids": {id}, "attachment": {attachment.Name}, "type": {"inuse_space"}, "memory": {"C"}}
				return receiver + "/profile?" + shown.Encode(), os.WriteFile(file, profile, 0o644)
			}
		}
	}
	return "", errors.New("the receiver has no heap profile")
}

// findLeak returns the worst likely leak of C memory, in one line.
func findLeak(receiver, service string) (string, error) {
	var analysis struct {
		Profiles int
		Findings []struct{ Kind, Severity, Title string }
	}
	if err := getJSON(receiver+"/api/analysis?"+url.Values{"service": {service}}.Encode(), &analysis); err != nil {
		return "", err
	}
	for _, finding := range analysis.Findings { // worst first
		if finding.Kind == "c_leak" {
			return fmt.Sprintf("likely C leak (%s): %s", finding.Severity, finding.Title), nil
		}
	}
	return "", fmt.Errorf("analysis finds no C leak in %d profiles", analysis.Profiles)
}

func getJSON(address string, into any) error {
	text, err := get(address)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}

func get(address string) ([]byte, error) {
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %.200s", address, response.Status, body)
	}
	return body, nil
}
