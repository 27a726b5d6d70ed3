// A workload with go-spiffe, and its trust domain: the bundle as SPIRE's endpoint serves it, and JWT-SVIDs as SPIRE signs
// them. Prints a line for each thing that is proven.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var (
	issuer   = os.Getenv("INTEROP_ISSUER")
	domain   = spiffeid.RequireTrustDomainFromString("mesh.example.com")
	invoices = spiffeid.RequireFromPath(domain, "/billing/invoices")
)

func main() {
	log.SetFlags(log.Lshortfile)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	bundle := spiffebundle.New(domain)
	must(bundle.AddJWTAuthority("ec", ecKey.Public()))
	must(bundle.AddJWTAuthority("rsa", rsaKey.Public()))
	bundle.AddX509Authority(certificate(ecKey))
	serve(bundle)

	token := ask("", svid(bundle, invoices, "ec", jose.ES256, ecKey))
	check(token == "invoices", "another client")
	fmt.Println("JWT-SVID with ES256")

	check(ask("invoices", svid(bundle, invoices, "rsa", jose.RS256, rsaKey)) == "invoices", "another client")
	check(ask(invoices.String(), svid(bundle, invoices, "rsa", jose.PS256, rsaKey)) == "invoices", "another client")
	fmt.Println("JWT-SVID with RS256 and PS256")

	again := svid(bundle, invoices, "ec", jose.ES256, ecKey)
	check(ask("", again) == ask("", again), "another client")
	fmt.Println("JWT-SVID used again")

	other := spiffeid.RequireFromPath(domain, "/billing/reports")
	check(ask("invoices", svid(bundle, other, "ec", jose.ES256, ecKey)) == "invalid_client", "another workload was accepted")
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	check(ask("", sign(invoices, "ec", jose.ES256, stranger)) == "invalid_client", "a forged SVID was accepted")
	fmt.Println("refusals")
}

// svid is a JWT-SVID that go-spiffe itself accepts.
func svid(bundle *spiffebundle.Bundle, id spiffeid.ID, kid string, algorithm jose.SignatureAlgorithm, key crypto.Signer) string {
	token := sign(id, kid, algorithm, key)
	parsed, err := jwtsvid.ParseAndValidate(token, bundle, []string{issuer})
	must(err)
	return parsed.Marshal()
}

// sign signs as SPIRE does.
func sign(id spiffeid.ID, kid string, algorithm jose.SignatureAlgorithm, key crypto.Signer) string {
	options := new(jose.SignerOptions).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options)
	must(err)
	now := time.Now()
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Subject:  id.String(),
		Audience: jwt.Audience{issuer},
		Expiry:   jwt.NewNumericDate(now.Add(5 * time.Minute)),
		IssuedAt: jwt.NewNumericDate(now),
	}).Serialize()
	must(err)
	return token
}

// ask asks for a token with an SVID, and returns the token's client, or the code of the refusal.
func ask(clientID, svid string) string {
	config := clientcredentials.Config{
		ClientID: clientID, TokenURL: issuer + "/connect/token", AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"}, "client_assertion": {svid},
		},
	}
	token, err := config.Token(context.Background())
	if refusal, ok := err.(*oauth2.RetrieveError); ok {
		return refusal.ErrorCode
	}
	must(err)
	parsed, err := jwt.ParseSigned(token.AccessToken, []jose.SignatureAlgorithm{jose.RS256})
	must(err)
	var claims struct {
		ClientID string `json:"client_id"`
	}
	must(parsed.UnsafeClaimsWithoutVerification(&claims))
	return claims.ClientID
}

// serve serves the bundle where mintmark's configuration says.
func serve(bundle *spiffebundle.Bundle) {
	document, err := bundle.Marshal()
	must(err)
	check(bytes.Contains(document, []byte("x509-svid")) && json.Valid(document), "no bundle")
	listener, err := net.Listen("tcp", os.Getenv("INTEROP_BUNDLE_ADDRESS"))
	must(err)
	go func() {
		must(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-type", "application/json")
			_, _ = w.Write(document)
		})))
	}()
}

func certificate(key *ecdsa.PrivateKey) *x509.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	parsed, err := x509.ParseCertificate(der)
	must(err)
	return parsed
}

func must(err error) {
	if err != nil {
		_ = log.Output(2, err.Error())
		os.Exit(1)
	}
}

func check(holds bool, otherwise string) {
	if !holds {
		_ = log.Output(2, otherwise)
		os.Exit(1)
	}
}
