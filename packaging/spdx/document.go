package main

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"time"
)

type document struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Files         []spdxFile     `json:"files"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type verification struct {
	Value string `json:"packageVerificationCodeValue"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxPackage struct {
	ID           string        `json:"SPDXID"`
	Name         string        `json:"name"`
	Version      string        `json:"versionInfo,omitempty"`
	FileName     string        `json:"packageFileName,omitempty"`
	Download     string        `json:"downloadLocation"`
	Analyzed     bool          `json:"filesAnalyzed"`
	Verification *verification `json:"packageVerificationCode,omitempty"`
	Checksums    []checksum    `json:"checksums,omitempty"`
	Concluded    string        `json:"licenseConcluded"`
	FromFiles    []string      `json:"licenseInfoFromFiles,omitempty"`
	Declared     string        `json:"licenseDeclared"`
	Copyright    string        `json:"copyrightText"`
	References   []reference   `json:"externalRefs,omitempty"`
	Comment      string        `json:"comment,omitempty"`
}

type spdxFile struct {
	ID        string     `json:"SPDXID"`
	Name      string     `json:"fileName"`
	Checksums []checksum `json:"checksums"`
	Concluded string     `json:"licenseConcluded"`
	InFile    []string   `json:"licenseInfoInFiles"`
	Copyright string     `json:"copyrightText"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

const (
	unknown = "NOASSERTION"
	root    = "SPDXRef-DOCUMENT"
)

var notInID = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func id(kind, name string) string {
	return "SPDXRef-" + kind + "-" + notInID.ReplaceAllString(name, "-")
}

func describe(version string, created time.Time, source archive, programs []archive, works []work) document {
	archives := append([]archive{source}, programs...)
	sums := ""
	for _, a := range archives {
		sums += a.sha256
	}
	all := sha256.Sum256([]byte(sums))
	d := document{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: root, Name: "cmemprof-" + version,
		Namespace: fmt.Sprintf("https://github.com/cmemprof/cmemprof/spdx/cmemprof-%s-%x", version, all[:8]),
		Creation:  creation{created.Format("2006-01-02T15:04:05Z"), []string{"Tool: cmemprof-packaging-spdx-" + version}},
	}
	relate := func(from, kind, to string) { d.Relationships = append(d.Relationships, relationship{from, kind, to}) }
	var ids []string
	for _, a := range archives {
		this := id("Archive", a.name)
		ids = append(ids, this)
		d.Packages = append(d.Packages, spdxPackage{
			ID: this, Name: "cmemprof", Version: version, FileName: a.name, Download: unknown, Analyzed: true,
			Verification: &verification{a.verificationCode()}, Checksums: []checksum{{"SHA256", a.sha256}},
			Concluded: unknown, FromFiles: []string{unknown}, Declared: "Apache-2.0", Copyright: unknown,
		})
		relate(root, "DESCRIBES", this)
		for i, f := range a.files {
			file := fmt.Sprintf("%s-%d", id("File", a.name), i)
			d.Files = append(d.Files, spdxFile{file, "./" + f.name, []checksum{{"SHA1", f.sha1}, {"SHA256", f.sha256}}, unknown, []string{unknown}, unknown})
			relate(this, "CONTAINS", file)
		}
	}
	for _, built := range ids[1:] {
		relate(built, "GENERATED_FROM", ids[0])
	}
	for _, w := range works {
		p := spdxPackage{ID: id("Work", w.name), Name: w.name, Version: w.version, Download: unknown, Concluded: unknown, Declared: w.licence, Copyright: unknown}
		if purl := w.purl(); purl != "" {
			p.References = []reference{{"PACKAGE-MANAGER", "purl", purl}}
		}
		switch w.use {
		case linked:
			p.Comment = "Not in the archives: a Go service that imports cmemprof links it."
			relate(ids[0], "DEPENDS_ON", p.ID)
		case loaded:
			p.Comment = "Not in the archives: a library of the system."
			for _, built := range ids[1:] {
				relate(built, "DYNAMIC_LINK", p.ID)
			}
		}
		d.Packages = append(d.Packages, p)
	}
	return d
}
