// zitadel/oidc as a relying party and as a resource server. Prints a line for each thing that is proven.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/client/tokenexchange"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

var issuer, secret = os.Getenv("INTEROP_ISSUER"), os.Getenv("INTEROP_SECRET")

func main() {
	log.SetFlags(log.Lshortfile)
	ctx := context.Background()

	party := func(id string, scopes ...string) rp.RelyingParty {
		found, err := rp.NewRelyingPartyOIDC(ctx, issuer, id, secret, "", scopes, rp.WithSigningAlgsFromDiscovery())
		must(err)
		return found
	}
	billing, web := party("billing", "orders.read"), party("web", "openid", "offline_access", "orders.read")
	fmt.Println("discovery")

	own, err := rp.ClientCredentials(ctx, billing, nil)
	must(err)
	check(own.Extra("scope") == "orders.read", "another scope")
	fmt.Println("client_credentials")

	// zitadel/oidc's own assertions are good for an hour, which is longer than mintmark accepts.
	var jwk jose.JSONWebKey
	must(json.Unmarshal([]byte(os.Getenv("INTEROP_JWK")), &jwk))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jwk}, nil)
	must(err)
	assertion := func() string {
		signed, err := client.SignedJWTProfileAssertion("signer", []string{issuer}, time.Minute, signer)
		must(err)
		return signed
	}
	inParams := rp.WithAuthStyle(oauth2.AuthStyleInParams)
	signing, err := rp.NewRelyingPartyOIDC(ctx, issuer, "signer", "", "", []string{"orders.read"}, inParams)
	must(err)
	signed, err := rp.ClientCredentials(ctx, signing, url.Values{
		"client_assertion_type": {oidc.ClientAssertionTypeJWTAssertion}, "client_assertion": {assertion()},
	})
	must(err)
	check(signed.Extra("scope") == "orders.read", "another scope")
	fmt.Println("private_key_jwt")

	minted, err := rp.ClientCredentials(ctx, web, url.Values{
		"grant_type": {"arbitrary_identity"}, "subject": {"alice"}, "arbitrary_claims": {"{}"},
	})
	must(err)
	raw, _ := minted.Extra("id_token").(string)
	claims, err := rp.VerifyTokens[*oidc.IDTokenClaims](ctx, minted.AccessToken, raw, web.IDTokenVerifier())
	must(err)
	check(claims.Subject == "alice", "another subject")
	fmt.Println("id_token")

	refreshed, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, web, minted.RefreshToken, "", "")
	must(err)
	check(refreshed.RefreshToken != minted.RefreshToken, "the refresh token did not rotate")
	fmt.Println("refresh")

	server, err := rs.NewResourceServerClientCredentials(ctx, issuer, "orders", secret)
	must(err)
	authorize := func() any { return client.ClientAssertionFormAuthorization(assertion()) }
	found, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, signingServer{server, authorize}, signed.AccessToken)
	must(err)
	check(found.Subject == "signer", "another token")
	introspect := func(token string) *oidc.IntrospectionResponse {
		answer, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, token)
		must(err)
		return answer
	}
	answer := introspect(refreshed.AccessToken)
	check(answer.Active && answer.Subject == "alice" && answer.ClientID == "web", "another token")
	fmt.Println("introspection")

	exchanger, err := tokenexchange.NewTokenExchangerClientCredentials(ctx, issuer, "gateway", secret)
	must(err)
	exchanged, err := tokenexchange.ExchangeToken(ctx, exchanger, refreshed.AccessToken, oidc.AccessTokenType,
		"", "", nil, []string{"shipping"}, []string{"orders.read"}, oidc.AccessTokenType)
	must(err)
	check(exchanged.IssuedTokenType == oidc.AccessTokenType && exchanged.Scopes.String() == "orders.read", "another token")
	shipping := rp.NewIDTokenVerifier(issuer, "shipping", rp.NewRemoteKeySet(web.HttpClient(), issuer+"/.well-known/jwks.json"))
	_, err = rp.VerifyIDToken[*oidc.TokenClaims](ctx, exchanged.AccessToken, shipping)
	must(err)
	fmt.Println("token exchange (RFC 8693)")

	must(rp.RevokeToken(ctx, web, refreshed.RefreshToken, "refresh_token"))
	check(!introspect(refreshed.AccessToken).Active, "the token is still active")
	fmt.Println("revocation")
}

// signingServer proves itself with an assertion that is good for a minute.
type signingServer struct {
	rs.ResourceServer
	authorize func() any
}

func (s signingServer) AuthFn() (any, error) { return s.authorize(), nil }

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
