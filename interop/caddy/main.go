// Caddy as the proxy that terminates TLS, and passes on certificates in Client-Cert (RFC 9440). Prints a line for each thing
// that is proven.
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	_ "github.com/caddyserver/caddy/v2/modules/caddytls"
)

type object = map[string]any

func main() {
	address := freeAddress()
	must(caddy.Load(configFor(address), true))
	_, port, err := net.SplitHostPort(address)
	must(err)
	// The name is the one that Caddy knows by SNI: where clients have certificates, it refuses any other.
	proxy := "https://localhost:" + port + "/connect/token"

	certificate, err := tls.LoadX509KeyPair(file("client-cert"), file("client-key"))
	must(err)
	sum := sha256.Sum256(certificate.Certificate[0])
	token := ask(proxy, &certificate, "")
	if confirmation(token) != base64.RawURLEncoding.EncodeToString(sum[:]) {
		log.Fatal("the token is not bound to the certificate")
	}
	fmt.Println("tokens bound to the certificate that Caddy passes on (RFC 9440)")

	made := ":" + base64.StdEncoding.EncodeToString(certificate.Certificate[0]) + ":"
	for _, header := range []string{"", made} {
		if ask(proxy, nil, header) != "" {
			log.Fatal("a client without a certificate got a token")
		}
	}
	fmt.Println("a Client-Cert that the client made up is worth nothing")
	must(caddy.Stop())
}

// Certificates are checked if there are any, and the header is the proxy's alone.
func configFor(address string) []byte {
	upstream, err := url.Parse(os.Getenv("INTEROP_ISSUER"))
	must(err)
	authority, _ := pem.Decode(read("client-ca"))
	forward := object{
		"handler":   "reverse_proxy",
		"upstreams": []object{{"dial": upstream.Host}},
		"headers": object{"request": object{
			"set": object{"Client-Cert": []string{":{http.request.tls.client.certificate_der_base64}:"}},
		}},
	}
	authentication := object{
		"mode":             "verify_if_given",
		"trusted_ca_certs": []string{base64.StdEncoding.EncodeToString(authority.Bytes)},
	}
	server := object{
		"listen":                  []string{address},
		"protocols":               []string{"h1", "h2"},
		"automatic_https":         object{"disable": true},
		"routes":                  []object{{"handle": []object{forward}}},
		"tls_connection_policies": []object{{"client_authentication": authentication}},
	}
	text, err := json.Marshal(object{
		"admin":   object{"disabled": true, "config": object{"persist": false}},
		"logging": object{"logs": object{"default": object{"level": "ERROR"}}},
		"apps": object{
			"http": object{"servers": object{"proxy": server}},
			"tls": object{"certificates": object{
				"load_files": []object{{"certificate": file("cert"), "key": file("key")}},
			}},
		},
	})
	must(err)
	return text
}

// The access token that `ledger` gets with a certificate, or none if it is refused.
func ask(proxy string, certificate *tls.Certificate, clientCert string) string {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read("cert"))
	config := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	if certificate != nil {
		config.Certificates = []tls.Certificate{*certificate}
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"ledger"}}
	request, err := http.NewRequest("POST", proxy, strings.NewReader(form.Encode()))
	must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if clientCert != "" {
		request.Header.Set("Client-Cert", clientCert)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	response, err := client.Do(request)
	must(err)
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatalf("%s: %v %v", response.Status, err, response.Header)
	}
	if answer.AccessToken == "" && answer.Error != "invalid_client" {
		log.Fatalf("it was refused as %s", answer.Error)
	}
	return answer.AccessToken
}

func confirmation(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		log.Fatal("there is no token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(err)
	var claims struct {
		Confirmation map[string]string `json:"cnf"`
	}
	must(json.Unmarshal(payload, &claims))
	return claims.Confirmation["x5t#S256"]
}

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer listener.Close()
	return listener.Addr().String()
}

func file(name string) string {
	return filepath.Join(os.Getenv("INTEROP_TLS"), name+".pem")
}

func read(name string) []byte {
	text, err := os.ReadFile(file(name))
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
