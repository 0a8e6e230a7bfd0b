package receiver

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// authority issues certificates for 127.0.0.1.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour * 24 * 900),
		NotAfter: time.Now().Add(time.Hour * 24 * 900), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func (a *authority) file(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authority.pem")
	replaceFile(t, path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}))
	return path
}

// replaceFile puts a whole file in the place of another, as those who renew certificates do.
func replaceFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// issue writes a certificate with a serial number, and its key.
func (a *authority) issue(t testing.TB, serial int64, until time.Time, certificate, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour * 24 * 800),
		NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &own.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	replaceFile(t, certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	replaceFile(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

const year = 365 * 24 * time.Hour

// startTLS runs a receiver with a certificate of the authority in folder.
func startTLS(t testing.TB, folder string, options ...string) *receiver {
	t.Helper()
	r := startWith(t, t.TempDir(), append([]string{"--tls-certificate", filepath.Join(folder, "tls.crt"), "--tls-key", filepath.Join(folder, "tls.key")}, options...), plain(t))
	r.url = strings.Replace(r.url, "http://", "https://", 1)
	return r
}

func (a *authority) client(change func(*tls.Config)) *http.Client {
	config := &tls.Config{RootCAs: a.pool()}
	if change != nil {
		change(config)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: patience}
}

// fetch returns the status, the body and the serial number of the certificate.
func fetch(t testing.TB, client *http.Client, url string) (response *http.Response, body string, serial int64) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	bytes, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(bytes), response.TLS.PeerCertificates[0].SerialNumber.Int64()
}

func TestTLSWithClients(t *testing.T) {
	folder, a := t.TempDir(), newAuthority(t)
	a.issue(t, 7, time.Now().Add(year), filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
	token := filepath.Join(folder, "token")
	replaceFile(t, token, []byte("sixteen--letters\n"))
	r := startTLS(t, folder, "--token-file", token)
	defer r.stop(t)

	// Go: one connection for many requests, of which one is a large upload.
	client, connections := a.client(nil), 0
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if !info.Reused {
			connections++
		}
	}}
	do := func(method, path, contentType string, body []byte) (int, string) {
		t.Helper()
		request, _ := http.NewRequest(method, r.url+path, bytes.NewReader(body))
		request.Header.Set("Authorization", "Bearer sixteen--letters")
		request.Header.Set("Content-Type", contentType)
		response, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.TLS.Version != tls.VersionTLS13 {
			t.Fatal(err, response.TLS.Version)
		}
		return response.StatusCode, string(text)
	}
	big := make([]byte, 20<<20)
	_, _ = rand.Read(big)
	contentType, upload := form("service:shop", attachment{"big.bin", big})
	if status, text := do("POST", "/profiling/v1/input", contentType, upload); status != 200 {
		t.Fatal(status, text)
	}
	for i := 0; i < 50; i++ {
		if status, text := do("GET", "/api/uploads", "", nil); status != 200 || !strings.Contains(text, `"service":"shop"`) {
			t.Fatal(status, text)
		}
	}
	if status, text := do("GET", "/api/uploads/1/attachments/big.bin/raw", "", nil); status != 200 || text != string(big) {
		t.Errorf("%d, %d bytes, other than the %d that were sent", status, len(text), len(big))
	}
	if connections != 1 {
		t.Errorf("52 requests took %d connections", connections)
	}

	// A browser's cookie does not go over plain HTTP.
	login := a.client(nil)
	login.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, _, _ := fetch(t, login, r.url+"/?token=sixteen--letters")
	if cookies := response.Cookies(); response.StatusCode != 303 || len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}

	// Versions: 1.2 is let in, 1.1 is not.
	old := a.client(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	if response, _, _ := fetch(t, old, r.url+"/healthz"); response.TLS.Version != tls.VersionTLS12 {
		t.Error(response.TLS.Version)
	}
	older := a.client(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	if _, err := older.Get(r.url + "/healthz"); err == nil {
		t.Error("TLS 1.1 is let in")
	}
	if _, err := http.Get(strings.Replace(r.url, "https://", "http://", 1) + "/healthz"); err == nil {
		t.Error("it answers HTTP without TLS")
	}

	// curl and the commands that ask a receiver, which all have their authorities from the environment.
	curl := exec.Command("curl", "-sS", "-w", "%{http_version} %{num_connects}\n", "-o", os.DevNull, "-o", os.DevNull, r.url+"/healthz", r.url+"/healthz")
	curl.Env = append(os.Environ(), "CURL_CA_BUNDLE="+a.file(t))
	if text, err := curl.CombinedOutput(); err != nil || string(text) != "1.1 1\n1.1 0\n" {
		t.Errorf("curl: %v %s", err, text)
	}
	suspects := exec.Command(plain(t), "suspects", r.url+"/t/sixteen--letters")
	suspects.Env = append(os.Environ(), "SSL_CERT_FILE="+a.file(t))
	if text, err := suspects.CombinedOutput(); err != nil {
		t.Errorf("suspects: %v %s", err, text)
	}
	if text, err := exec.Command(plain(t), "suspects", r.url+"/t/sixteen--letters").CombinedOutput(); err == nil || !strings.Contains(string(text), "certificate") {
		t.Errorf("suspects without the authority: %v %s", err, text)
	}
	if status, text := do("GET", "/metrics", "", nil); status != 200 || !strings.Contains(text, "cmemprof_receiver_certificate_expiry_timestamp_seconds 1") {
		t.Errorf("%d %s", status, text)
	}
	r.says(t, "cmemprof receiver: "+r.url+"/ (uploads in ")
}

// New connections get what was put in the place of the files; those that are open go on.
func TestTLSCertificateIsRenewed(t *testing.T) {
	folder, a := t.TempDir(), newAuthority(t)
	certificate, key := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	a.issue(t, 1, time.Now().Add(year), certificate, key)
	r := startTLS(t, folder)
	defer r.stop(t)
	kept := a.client(nil)
	fetch(t, kept, r.url+"/healthz")
	stream, err := a.client(nil).Get(r.url + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	serialBy := func(wanted int64) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			_, _, serial := fetch(t, a.client(func(c *tls.Config) {}), r.url+"/healthz")
			if serial == wanted {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("certificate %d, not %d: %s", serial, wanted, r.output.String())
			}
		}
	}
	a.issue(t, 2, time.Now().Add(year), certificate, key)
	serialBy(2)
	if _, _, serial := fetch(t, kept, r.url+"/healthz"); serial != 1 {
		t.Errorf("the connection that was open has certificate %d", serial)
	}
	contentType, upload := form("service:shop", attachment{"a.bin", []byte("content")})
	if status, text, err := r.post(a.client(nil), contentType, upload); err != nil || status != 200 {
		t.Fatal(status, text, err)
	}
	for lines := bufio.NewScanner(stream.Body); ; { // the stream is the one of before
		if !lines.Scan() {
			t.Fatal("the stream has ended: ", lines.Err())
		}
		if strings.Contains(lines.Text(), `{"id": 1}`) || strings.Contains(lines.Text(), `{"id":1}`) {
			break
		}
	}

	// What is torn is not taken; SIGHUP says so, and takes what is mended. It reads also what has not changed.
	replaceFile(t, key, []byte("torn"))
	_ = r.command.Process.Signal(syscall.SIGHUP)
	r.says(t, "tls.key: holds no private key in PEM form")
	serialBy(2)
	a.issue(t, 3, time.Now().Add(year), certificate, key)
	_ = r.command.Process.Signal(syscall.SIGHUP)
	serialBy(3)
	count := func() int { return strings.Count(r.output.String(), "tls.crt: read again") }
	before := count()
	_ = r.command.Process.Signal(syscall.SIGHUP)
	eventually(t, "SIGHUP has it read", func() bool { return count() > before })
}

// Kubernetes and certbot put links where the files are named, and replace what they lead to.
func TestTLSCertificateBehindLinks(t *testing.T) {
	folder, a := t.TempDir(), newAuthority(t)
	make := func(name string, serial int64) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		a.issue(t, serial, time.Now().Add(year), filepath.Join(folder, name, "tls.crt"), filepath.Join(folder, name, "tls.key"))
		_ = os.Symlink(name, filepath.Join(folder, "..data.new"))
		if err := os.Rename(filepath.Join(folder, "..data.new"), filepath.Join(folder, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	make("..1", 1)
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := startTLS(t, folder)
	defer r.stop(t)
	make("..2", 2)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if _, _, serial := fetch(t, a.client(nil), r.url+"/healthz"); serial == 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatal(r.output.String())
		}
	}
}

func TestTLSFilesThatCannotBeUsed(t *testing.T) {
	folder, a := t.TempDir(), newAuthority(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	a.issue(t, 1, time.Now().Add(year), at("tls.crt"), at("tls.key"))
	a.issue(t, 2, time.Now().Add(year), at("other.crt"), at("other.key"))
	for _, c := range []struct {
		options []string
		status  int
		message string
	}{
		{[]string{"--tls-certificate", at("tls.crt")}, 2, "--tls-certificate and --tls-key belong together"},
		{[]string{"--tls-key", at("tls.key")}, 2, "--tls-certificate and --tls-key belong together"},
		{[]string{"--tls-certificate", at("tls.crt"), "--tls-key", at("other.key")}, 1, "other.key: the key is not that of the certificate in "},
		{[]string{"--tls-certificate", at("none"), "--tls-key", at("tls.key")}, 1, "none: No such file or directory"},
		{[]string{"--tls-certificate", at("tls.key"), "--tls-key", at("tls.key")}, 1, "tls.key: holds no certificate in PEM form"},
		{[]string{"--listen", "unix:" + at("socket"), "--tls-certificate", at("tls.crt"), "--tls-key", at("tls.key")}, 1, "there is no TLS on a Unix socket"},
	} {
		command := exec.Command(plain(t), append([]string{"receiver", "--listen", "127.0.0.1:0", "--data", at("data")}, c.options...)...)
		text, _ := command.CombinedOutput()
		if command.ProcessState.ExitCode() != c.status || !strings.Contains(string(text), c.message) {
			t.Errorf("%q: %d %s", c.options, command.ProcessState.ExitCode(), text)
		}
	}
	// One that has expired is served and told about: only a client that does not look at the date takes it.
	expired := time.Now().Add(-48 * time.Hour)
	a.issue(t, 3, expired, at("tls.crt"), at("tls.key"))
	r := startTLS(t, folder)
	defer r.stop(t)
	if _, err := a.client(nil).Get(r.url + "/healthz"); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Error(err)
	}
	before := func(c *tls.Config) { c.Time = func() time.Time { return expired.Add(-24 * time.Hour) } }
	earlier := a.client(before)
	if response, body, _ := fetch(t, earlier, r.url+"/healthz"); response.StatusCode != 200 || body != "ok\n" {
		t.Error(response.StatusCode, body)
	}
	if _, err := newAuthority(t).client(before).Get(r.url + "/healthz"); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Error(err)
	}
	r.says(t, "tls.crt: the certificate expired on "+expired.UTC().Format(time.DateOnly)+": clients will refuse it")
}
