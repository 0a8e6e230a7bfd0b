//go:build cgo

package upload

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	defaultTimeout = 10 * time.Second
	maxAnswerBytes = 64 << 10 // Agents answer with a few bytes; the rest of a longer answer is not read
	maxTextBytes   = 511
)

// Send sends one batch with a Client for this call only.
func Send(ctx context.Context, r Request) error {
	k := NewClient()
	defer k.Close()
	return k.Send(ctx, r)
}

// SendHTTP is [Client.Send] with the caller's client, whose transport, cookies and time-out apply. Redirects are never followed, so that an API
// key cannot leak. UnixSocket is ignored.
func SendHTTP(ctx context.Context, client *http.Client, r Request) error {
	if ctx.Err() != nil {
		return &Error{Code: Cancelled, Text: ctx.Err().Error()}
	}
	if err := check(r); err != nil {
		return err
	}
	f := newForm(r)
	defer f.detach()
	_, err := exchange(ctx, client, r.Timeout, nil, func(ctx context.Context) (*http.Request, error) { return f.request(ctx, r) })
	return err
}

// exchange sends the request that make makes and returns the start of the answer's body. say finds the reason in the body of a refusal, if it is
// not plain text.
func exchange(ctx context.Context, client *http.Client, timeout time.Duration, say func([]byte) string,
	make func(context.Context) (*http.Request, error)) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, &Error{Code: Cancelled, Text: ctx.Err().Error()}
	}
	if timeout == 0 {
		timeout = defaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := make(limited)
	if err != nil {
		return nil, err
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := own.Do(request)
	if err != nil {
		return nil, classify(ctx, err)
	}
	defer response.Body.Close()
	return conclude(ctx, response, say)
}

func conclude(ctx context.Context, response *http.Response, say func([]byte) string) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if response.StatusCode >= 300 {
		text := ""
		if say != nil {
			text = oneLine([]byte(say(answer)))
		}
		if text == "" {
			text = oneLine(answer)
		}
		if text == "" {
			_, text, _ = strings.Cut(response.Status, " ")
		}
		wait := retryAfter(response.Header.Get("Retry-After"), response.Header.Get("Date"))
		return nil, &Error{Code: Rejected, Status: response.StatusCode, RetryAfter: wait, Text: text}
	}
	if err != nil {
		return nil, classify(ctx, err)
	}
	return answer, nil
}

// oneLine returns the start of an answer as a log line, safe against log and terminal injection, as in client/answer.c.
func oneLine(answer []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(answer[:min(len(answer), maxTextBytes)]), "?")), " ")
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, text)
}

// classify maps an error of net/http to a code. ctx is the caller's, without the time-out.
func classify(ctx context.Context, err error) *Error {
	var (
		asURL       *url.Error
		asTimeout   net.Error
		asOp        *net.OpError
		asDNS       *net.DNSError
		certificate *tls.CertificateVerificationError
		alert       tls.AlertError
		record      tls.RecordHeaderError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	text := err
	if errors.As(err, &asURL) {
		text = asURL.Err // without the URL, which may contain a password
	}
	e := &Error{Code: Interrupted, Text: oneLine([]byte(text.Error()))}
	switch {
	case ctx.Err() != nil:
		e.Code = Cancelled
	case errors.As(err, &certificate), errors.As(err, &alert), errors.As(err, &record), errors.As(err, &authority), errors.As(err, &hostname):
		e.Code = TLS
	case errors.As(err, &asTimeout) && asTimeout.Timeout():
		e.Code = Timeout
	case errors.As(err, &asDNS), errors.As(err, &asOp) && (asOp.Op == "dial" || asOp.Op == "proxyconnect"):
		e.Code = Unreachable
	}
	return e
}

// form is a multipart/form-data body read from the caller's bytes.
type form struct {
	pieces      [][]byte
	size        int64
	contentType string
	mu          sync.Mutex
	gone        bool // guarded by mu: the bytes may no longer be read
}

// detach waits for a running Read and fails later ones. The transport may read after Do has returned, when the queue owns the bytes again.
func (f *form) detach() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
}

func newForm(r Request) *form {
	f := &form{}
	var heads bytes.Buffer
	w := multipart.NewWriter(&heads)
	add := func(piece []byte) {
		f.pieces = append(f.pieces, piece)
		f.size += int64(len(piece))
	}
	part := func(name, filename, contentType string, content []byte) {
		header := textproto.MIMEHeader{}
		header.Set("Content-Disposition", multipart.FileContentDisposition(name, filename))
		header.Set("Content-Type", contentType)
		_, _ = w.CreatePart(header) // writes to a bytes.Buffer do not fail
		add(bytes.Clone(heads.Bytes()))
		heads.Reset()
		add(content)
	}
	for _, a := range r.Attachments {
		part(a.Name, a.Name, "application/octet-stream", a.Bytes)
	}
	part("event", "event.json", "application/json", r.Event)
	_ = w.Close()
	add(heads.Bytes())
	f.contentType = w.FormDataContentType()
	return f
}

func (f *form) request(ctx context.Context, r Request) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, f.body())
	if err != nil {
		return nil, badURL(err)
	}
	if err := checkScheme(request); err != nil {
		return nil, err
	}
	request.ContentLength = f.size
	request.GetBody = func() (io.ReadCloser, error) { return f.body(), nil }
	request.Header.Set("Content-Type", f.contentType)
	for name, value := range r.Headers {
		request.Header.Set(name, value)
	}
	for _, header := range r.BatchHeaders {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(value))
	}
	return request, nil
}

func (f *form) body() io.ReadCloser { return &formBody{form: f} }

type formBody struct {
	form      *form
	index, at int
}

func (b *formBody) Read(p []byte) (int, error) {
	b.form.mu.Lock()
	defer b.form.mu.Unlock()
	if b.form.gone {
		return 0, io.ErrUnexpectedEOF
	}
	for b.index < len(b.form.pieces) {
		if n := copy(p, b.form.pieces[b.index][b.at:]); n > 0 || len(p) == 0 {
			b.at += n
			return n, nil
		}
		b.index, b.at = b.index+1, 0
	}
	return 0, io.EOF
}

func (b *formBody) Close() error { return nil }
