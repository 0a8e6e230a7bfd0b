//go:build cgo

package upload

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Message is a body in another protocol than the Agent's, and its target.
type Message struct {
	URL         string
	ContentType string
	Encoding    string // of the body, such as "gzip"; "": none
	Headers     map[string]string
	Timeout     time.Duration // 0: 10 s
	Body        []byte
}

// Post sends a message with the caller's client, as [SendHTTP] sends a batch, and returns the start of the answer's body. With a status that is
// not 2xx the error is an *[Error]; its Text is what text makes of the body, if text is not nil and makes something of it.
func Post(ctx context.Context, client *http.Client, m Message, text func(body []byte) string) ([]byte, error) {
	if err := check(Request{URL: m.URL, Headers: m.Headers, Timeout: m.Timeout, Event: []byte{}}); err != nil {
		return nil, err
	}
	return exchange(ctx, client, m.Timeout, text, func(ctx context.Context) (*http.Request, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
		if err != nil {
			return nil, badURL(err)
		}
		if err := checkScheme(request); err != nil {
			return nil, err
		}
		request.Header.Set("Content-Type", m.ContentType)
		if m.Encoding != "" {
			request.Header.Set("Content-Encoding", m.Encoding)
		}
		for name, value := range m.Headers {
			request.Header.Set(name, value)
		}
		return request, nil
	})
}

// NewHTTPClient returns a client for [Post], which keeps its connection for the next message. roots are the certificates that it trusts; nil:
// the system's.
func NewHTTPClient(roots *x509.CertPool) *http.Client {
	client := newHTTPClient("")
	if roots != nil {
		client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return client
}

func badURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return &Error{Code: BadURL, Text: oneLine([]byte(err.Error()))}
}

func checkScheme(request *http.Request) error {
	if scheme := request.URL.Scheme; scheme != "http" && scheme != "https" || request.URL.Host == "" {
		return &Error{Code: BadURL, Text: "not an http or https URL but " + oneLine([]byte(scheme))}
	}
	return nil
}
